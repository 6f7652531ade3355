"""A report as one self-contained HTML page with every case to look into: no script, nothing loaded from anywhere."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final, cast

from collegium.delivery.page import environment
from collegium.evaluation.cases import CaseT
from collegium.evaluation.report import PRIMARY, CaseResult, EvaluationReport
from collegium.telemetry.visible import visible

MOST_SHOWN: Final = 2_000
_MOST_CHARS: Final = 4_000
_TEMPLATES: Final = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Shown:
    """A case with what it gave to the subject, field by field."""

    result: CaseResult
    given: tuple[tuple[str, str], ...]


def given_of(case: CaseT) -> tuple[tuple[str, str], ...]:
    """The fields of a case as texts, each cut to what a reader may want to see."""
    return tuple((one.name, _text(getattr(case, one.name))[:_MOST_CHARS]) for one in fields(case))


def render(report: EvaluationReport, given: Mapping[str, tuple[tuple[str, str], ...]]) -> str:
    """The whole page: figures, then the cases, the worst first; the same report gives the same page."""
    ordered = sorted(report.cases, key=lambda case: (case.measures.get(PRIMARY[report.suite], 0.0), case.case_id))
    shown = [Shown(case, given.get(case.case_id, ())) for case in ordered[:MOST_SHOWN]]
    names = dict.fromkeys(figure.name for part in report.parts for figure in part.figures)
    figures = {(part.part, figure.name): figure for part in report.parts for figure in part.figures}
    template = environment(_TEMPLATES, visible).get_template("evaluation.html.j2")
    numbers = {case.case_id: f"case-{number}" for number, case in enumerate(ordered)}
    return template.render(
        report=report,
        names=list(names),
        figures=figures,
        shown=shown,
        primary=PRIMARY[report.suite],
        numbers=numbers,
    )


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return "\n\n".join(map(_text, cast("tuple[object, ...]", value)))
    return str(value)
