"""JSON-lines files, read strictly and with bounds: an error names the file, the line and what to do."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from collegium.evaluation.errors import DataInvalid, DataMissing
from collegium_schemas.envelope import explain

MOST_LINE_BYTES: Final = 4 << 20


class Row(BaseModel):
    """A record of a data set; fields that no reader asks for are left unread, since public sets have many."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=False)


R = TypeVar("R", bound=Row)


def read_rows(path: Path, kind: type[R], most: int) -> Iterator[tuple[int, R]]:
    """The records of a file with their line numbers, from 1; empty lines are passed over.

    Raises:
        DataMissing: there is no such file.
        DataInvalid: a line is too long, is no such record, or there are more than `most`, or none.
    """
    if not path.is_file():
        raise DataMissing(path, "the layouts of data folders are in services/collegium/evaluation/README.md")
    count = 0
    with path.open("rb") as lines:
        for number, line in enumerate(iter(lambda: lines.readline(MOST_LINE_BYTES + 1), b""), 1):
            if len(line) > MOST_LINE_BYTES:
                raise DataInvalid(path, number, f"longer than {MOST_LINE_BYTES} bytes: cut the text into several")
            if not line.strip():
                continue
            count += 1
            if count > most:
                raise DataInvalid(path, number, f"more than {most} records: evaluate a part of them")
            yield number, _row(path, number, line, kind)
    if not count:
        raise DataInvalid(path, None, "it holds no record: one JSON object a line is expected")


def _row(path: Path, number: int, line: bytes, kind: type[R]) -> R:
    try:
        return kind.model_validate_json(line)
    except ValidationError as error:
        raise DataInvalid(path, number, f"{explain(error)}; mend or remove this line") from error


class Seen:
    """Tells of an id that a file gives twice."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: dict[str, int] = {}

    def add(self, identity: str, line: int) -> None:
        """Note an id.

        Raises:
            DataInvalid: an earlier line has it too.
        """
        first = self._lines.setdefault(identity, line)
        if first != line:
            raise DataInvalid(self._path, line, f"id {identity!r} stands in line {first} too: give each record its own")

    def __contains__(self, identity: str) -> bool:
        return identity in self._lines
