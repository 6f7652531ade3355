"""The report as one self-contained HTML page: no script, nothing loaded from anywhere."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from collegium.delivery.markdown import visible
from collegium.delivery.report import NOTHING_FOUND, Report

_TEMPLATES: Final = Path(__file__).parent / "templates"


@lru_cache(maxsize=4)
def environment(templates: Path, visible: Callable[[str], str]) -> Environment:
    """Where the templates of a folder are rendered: all text is escaped, and `visible` is a filter of theirs."""
    made = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["visible"] = visible
    return made


def render_html(report: Report) -> str:
    """The whole report; the same report gives the same page. All text is escaped by the template engine."""
    return (
        environment(_TEMPLATES, visible)
        .get_template("report.html.j2")
        .render(report=report, nothing_found=NOTHING_FOUND)
    )
