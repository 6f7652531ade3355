"""The report as one self-contained HTML page: no script, nothing loaded from anywhere."""

from functools import lru_cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from collegium.delivery.markdown import visible
from collegium.delivery.report import NOTHING_FOUND, Report

_TEMPLATES: Final = Path(__file__).parent / "templates"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["visible"] = visible
    return environment


def render_html(report: Report) -> str:
    """The whole report; the same report gives the same page. All text is escaped by the template engine."""
    return _environment().get_template("report.html.j2").render(report=report, nothing_found=NOTHING_FOUND)
