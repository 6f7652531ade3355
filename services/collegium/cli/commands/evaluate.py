"""Measure specialists, shipped or your own, on folders of judged data."""

from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypedDict, TypeVar, Unpack

import click

from collegium.cli.command import command, family
from collegium.cli.errors import CliError, NotFound, UsageFault
from collegium.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Generator

    from rich.table import Table

    from collegium.evaluation.cases import SuiteName
    from collegium.evaluation.comparing import Comparison
    from collegium.evaluation.report import EvaluationReport, FigureValue
    from collegium.evaluation.running import Progress

_MOST_SHOWN: Final = 20
"""Regressions that a person is shown; `--json` has all."""
_MOST_WORKERS: Final = 64

F = TypeVar("F", bound=Callable[..., object])


class _Chosen(TypedDict):
    """The options of every suite's command."""

    data: Path
    subject: str
    out: Path | None
    earlier: Path | None
    floors: Path | None
    workers: int
    most: int | None


def _options(function: F) -> F:
    """What every suite's command can be told."""
    for option in reversed(
        (
            click.option("--data", required=True, type=click.Path(path_type=Path), help="The folder of judged data."),
            click.option(
                "--subject",
                default="shipped",
                show_default=True,
                help="What is measured: a shipped subject's name, or a function of yours as module:attribute.",
            ),
            click.option(
                "--out",
                type=click.Path(path_type=Path, file_okay=False),
                help="Keep answers and report in this folder; a second run takes up the answers that are there.",
            ),
            click.option(
                "--compare",
                "earlier",
                type=click.Path(path_type=Path, file_okay=False),
                help="Compare with the report on the same data in this folder, and list what got worse.",
            ),
            click.option(
                "--floors",
                type=click.Path(path_type=Path, dir_okay=False),
                help="Fail when a figure does not reach what this JSON file asks for.",
            ),
            click.option(
                "--workers",
                default=1,
                show_default=True,
                type=click.IntRange(1, _MOST_WORKERS),
                help="Processes that judge cases.",
            ),
            click.option("--most", type=click.IntRange(min=1), help="Only so many cases, from the first."),
        )
    ):
        function = option(function)
    return function


@command(
    "collegium evaluate retrieval --data hotpotqa --json",
    "collegium evaluate retrieval --data hotpotqa --subject bm25 --out figures",
)
@_options
def retrieval(session: Session, **chosen: Unpack[_Chosen]) -> None:
    """Rank documents for questions. Subjects: shipped (with vectors where installed), bm25."""
    _evaluate(session, "retrieval", chosen)


@command(
    "collegium evaluate verification --data scifact --json",
    "collegium evaluate verification --data scifact --subject my_package.rules:open --out figures --compare before",
)
@_options
def verification(session: Session, **chosen: Unpack[_Chosen]) -> None:
    """Judge claims against the texts that they cite. Subject: shipped (the rules)."""
    _evaluate(session, "verification", chosen)


@command("collegium evaluate contradiction --data snli --floors floors.json")
@_options
def contradiction(session: Session, **chosen: Unpack[_Chosen]) -> None:
    """Tell how two sentences relate. Subject: shipped (analysis' comparison)."""
    _evaluate(session, "contradiction", chosen)


@command("collegium evaluate injection --data injection_strings --json")
@_options
def injection(session: Session, **chosen: Unpack[_Chosen]) -> None:
    """Read texts with instructions planted in them. Subject: shipped (what analysis takes for claims)."""
    _evaluate(session, "injection", chosen)


@command("collegium evaluate tampering --data tests/evaluation/data/tampering")
@_options
def tampering(session: Session, **chosen: Unpack[_Chosen]) -> None:
    """Tell true sentences from the same with one change. Subject: shipped (verification)."""
    _evaluate(session, "tampering", chosen)


def _evaluate(session: Session, suite: "SuiteName", chosen: _Chosen) -> None:
    from collegium.evaluation.comparing import compare  # with NumPy slower to import than `--help` may take
    from collegium.evaluation.evaluating import Plan, evaluate, report_path
    from collegium.evaluation.floors import missed, read_floors
    from collegium.evaluation.report import read_report

    data, earlier, agreed = chosen["data"], chosen["earlier"], chosen["floors"]
    plan = Plan(suite, data, chosen["subject"], chosen["out"], chosen["workers"], chosen["most"])
    with _faults():
        floors = None if agreed is None else read_floors(agreed)
        source = None if earlier is None else report_path(earlier, suite, data)
        before = None if source is None else read_report(source)  # before `--out` may replace it
        report = evaluate(plan, partial(_progress, session))
        if before is not None and source is not None:
            report = report.model_copy(update={"comparison": compare(before, report, source)})
        below = () if floors is None or agreed is None else missed(floors, report, agreed)
    _answer(session, report)
    if below:
        raise CliError(f"{agreed}: {'; '.join(below)}")


def _answer(session: Session, report: "EvaluationReport") -> None:
    if session.out.json:
        session.out.json_line(report.without_cases())
        return
    session.out.console.print(f"{report.subject} {report.version} on {report.data} ({report.suite})")
    session.out.console.print(_table(report))
    if report.comparison is not None:
        _show(session, report.comparison)


@contextmanager
def _faults() -> "Generator[None]":
    """Turn an evaluation's errors into the command line's."""
    from collegium.evaluation.errors import (
        DataInvalid,
        DataMissing,
        EvaluationError,
        ReportUnusable,
        SubjectInvalid,
    )

    try:
        yield
    except (DataMissing, ReportUnusable) as error:
        raise NotFound(str(error)) from error
    except (DataInvalid, SubjectInvalid) as error:
        raise UsageFault(str(error)) from error
    except EvaluationError as error:
        raise CliError(str(error)) from error


def _progress(session: Session, progress: "Progress") -> None:
    """One line on a terminal, written over and over."""
    stream = click.get_text_stream("stderr")
    if session.out.json or not stream.isatty():
        return
    stream.write(f"\r{progress.answered} of {progress.cases} cases ({progress.taken_up} taken up) ")
    if progress.answered == progress.cases:
        stream.write("\n")
    stream.flush()


def _table(report: "EvaluationReport") -> "Table":
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("FIGURE")
    for part in report.parts:
        table.add_column(part.part.upper(), justify="right")
    table.add_row("cases", *(str(part.cases) for part in report.parts))
    for name in dict.fromkeys(figure.name for part in report.parts for figure in part.figures):
        figures = ({figure.name: figure for figure in part.figures}.get(name) for part in report.parts)
        table.add_row(name, *(_cell(figure) for figure in figures))
    table.add_row("ms a case, p50", *(f"{part.ms_p50:.1f}" for part in report.parts))
    table.add_row("ms a case, p95", *(f"{part.ms_p95:.1f}" for part in report.parts))
    return table


def _cell(figure: "FigureValue | None") -> str:
    if figure is None:
        return "-"
    bounds = "" if figure.low is None or figure.high is None else f" [{figure.low:.3f}, {figure.high:.3f}]"
    return f"{figure.value:.3f}{bounds}"


def _show(session: Session, compared: "Comparison") -> None:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("PART", "FIGURE", "BEFORE", "AFTER", "DIFFERENCE, 95 %", ""):
        table.add_column(heading)
    for one in compared.changes:
        bounds = f"[{one.low:+.3f}, {one.high:+.3f}]"
        table.add_row(one.part, one.figure, f"{one.before:.3f}", f"{one.after:.3f}", bounds, one.verdict)
    session.out.console.print(f"\nagainst {compared.against}, {compared.cases} cases in common")
    session.out.console.print(table)
    session.out.console.print(f"{len(compared.regressions)} cases got worse")
    for regression in compared.regressions[:_MOST_SHOWN]:
        labels = f"{regression.label_before} -> {regression.label_after}"
        session.out.console.print(
            f"  {regression.case_id}  {regression.before:.3f} -> {regression.after:.3f}  {labels}"
        )
    if len(compared.regressions) > _MOST_SHOWN:
        session.out.console.print(f"  and {len(compared.regressions) - _MOST_SHOWN} more (--json lists them)")


@family(
    retrieval=retrieval,
    verification=verification,
    contradiction=contradiction,
    injection=injection,
    tampering=tampering,
)
def evaluate() -> None:
    """Measure specialists, shipped or your own, on folders of judged data."""
