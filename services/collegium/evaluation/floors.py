"""Agreed floors: what figures must reach before a change is taken, for continuous integration."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator

from collegium.evaluation.cases import ReportName
from collegium.evaluation.errors import DataInvalid, DataMissing
from collegium.evaluation.report import EvaluationReport
from collegium_schemas.base import Contract, Identifier, Text
from collegium_schemas.envelope import explain


class Floor(Contract):
    """What one figure must reach, or must not exceed where lower is better."""

    suite: ReportName
    data: Text
    """The folder's name."""
    figure: Identifier
    part: Identifier = "reporting"
    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError("give `at_least`, `at_most` or both")
        return self


class Floors(Contract):
    """A file of floors, for any number of suites."""

    floors: Annotated[tuple[Floor, ...], Field(min_length=1, max_length=1_000)]


def read_floors(path: Path) -> Floors:
    """A JSON file of floors; a misspelt field is an error.

    Raises:
        DataMissing: it is not there.
        DataInvalid: it is no such file.
    """
    try:
        return Floors.read_strict(path.read_bytes())
    except FileNotFoundError as error:
        raise DataMissing(path, "name a JSON file of floors") from error
    except ValidationError as error:
        raise DataInvalid(path, None, explain(error)) from error


def missed(floors: Floors, report: EvaluationReport, source: Path) -> tuple[str, ...]:
    """The floors that a report does not reach, each in a few words; a figure that is not there misses its floor.

    Raises:
        DataInvalid: the file has no floor for this suite and data, so that it would hold whatever happens.
    """
    own = [floor for floor in floors.floors if (floor.suite, floor.data) == (report.suite, report.data)]
    if not own:
        raise DataInvalid(source, None, f"it has no floor for {report.suite} on {report.data}: add one")
    found = {(part.part, figure.name): figure.value for part in report.parts for figure in part.figures}
    found |= {(part.part, "ms_p50"): part.ms_p50 for part in report.parts}
    found |= {(part.part, "ms_p95"): part.ms_p95 for part in report.parts}
    told = (_told(floor, found.get((floor.part, floor.figure))) for floor in own)
    return tuple(fault for fault in told if fault is not None)


def _told(floor: Floor, value: float | None) -> str | None:
    name = f"{floor.figure} ({floor.part})"
    if value is None:
        return f"{name} is not in the report"
    if floor.at_least is not None and value < floor.at_least:
        return f"{name} is {value:.4f}, below {floor.at_least:g}"
    if floor.at_most is not None and value > floor.at_most:
        return f"{name} is {value:.4f}, above {floor.at_most:g}"
    return None
