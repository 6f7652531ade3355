"""How evaluations are shown, and how their errors end a command."""

from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from collegium.cli.errors import CliError, NotFound, UsageFault
from collegium.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Generator

    from rich.table import Table

    from collegium.evaluation.comparing import Comparison
    from collegium.evaluation.report import EvaluationReport, FigureValue
    from collegium.evaluation.running import Progress

_MOST_SHOWN: Final = 20
"""Regressions that a person is shown; `--json` has all."""


def judged(session: Session, make: Callable[[], "EvaluationReport"], floors: Path | None) -> None:
    """Make a report, show it, and hold it against agreed floors.

    Args:
        session: The command's surroundings.
        make: Evaluates.
        floors: A file of floors.

    Raises:
        CliError: the evaluation failed, or a floor is missed.
    """
    from collegium.evaluation.floors import missed, read_floors  # with NumPy slower to import than `--help` may take

    with faults():
        agreed = None if floors is None else read_floors(floors)
        report = make()
        below = () if agreed is None or floors is None else missed(agreed, report, floors)
    _answer(session, report)
    if below:
        raise CliError(f"{floors}: {'; '.join(below)}")


def _answer(session: Session, report: "EvaluationReport") -> None:
    if session.out.json:
        session.out.json_line(report.without_cases())
        return
    for warning in report.warnings[:_MOST_SHOWN]:
        session.out.aside(f"warning: {warning}")
    session.out.console.print(f"{report.subject} {report.version} on {report.data} ({report.suite})")
    session.out.console.print(_table(report))
    if report.comparison is not None:
        _show(session, report.comparison)


@contextmanager
def faults(written: str = "--out") -> "Generator[None]":
    """Turn an evaluation's errors into the command line's.

    Args:
        written: The option that says where the command writes.
    """
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
    except OSError as error:
        if error.filename is None:
            raise  # no file: a fault of the program, not of the place that the user chose
        raise CliError(
            f"{error.filename}: {error.strerror}: what is named must exist, and {written} must be a place to write to"
        ) from error


def progress(session: Session, done: "Progress") -> None:
    """One line on a terminal, written over and over."""
    stream = click.get_text_stream("stderr")
    if session.out.json or not stream.isatty():
        return
    stream.write(f"\r{done.answered} of {done.cases} cases ({done.taken_up} taken up) ")
    if done.answered == done.cases:
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
