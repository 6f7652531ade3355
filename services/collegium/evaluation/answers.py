"""Answers on disk: one JSON object a line, written as soon as it is known, taken up again by the next run."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final, Protocol

from pydantic import Field, ValidationError

from collegium.evaluation.errors import DataInvalid
from collegium.evaluation.judging import Prediction
from collegium_schemas.base import Contract, Identifier, Sha256, Text

_MOST_ANSWERS: Final = 1_000_000
_MOST_LINE_BYTES: Final = 8 << 20


class Answer(Contract):
    """What one version of a subject said of one case.

    `key` is the digest of subject, version, corpus and case: an answer is taken up only where all are the same.
    """

    key: Sha256
    case_id: Identifier
    subject: Text
    version: Text
    prediction: Prediction
    ms: Annotated[float, Field(ge=0.0)]
    """Time of the judgement alone, on the clock of the wall."""


class Answers(Protocol):
    """Where answers are kept."""

    def known(self) -> dict[str, Answer]:
        """Those that were kept before, by key."""
        ...

    def keep(self, answer: Answer) -> None:
        """Keep one more."""
        ...


class AnswerFile:
    """Answers in a file, one line each. A line that was cut off by a kill is removed when the file is read again."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def known(self) -> dict[str, Answer]:
        """See `Answers`.

        Raises:
            DataInvalid: a whole line is no answer.
        """
        if not self._path.exists():
            return {}
        found: dict[str, Answer] = {}
        with self._path.open("r+b") as lines:
            whole = 0
            for number, line in enumerate(iter(lambda: lines.readline(_MOST_LINE_BYTES), b""), 1):
                if not line.endswith(b"\n") and len(line) < _MOST_LINE_BYTES:
                    lines.truncate(whole)
                    break
                whole += len(line)
                answer = self._answer(number, line)
                found[answer.key] = answer
        return found

    def _answer(self, number: int, line: bytes) -> Answer:
        if number <= _MOST_ANSWERS:
            try:
                return Answer.read(line)
            except ValidationError:
                pass
        raise DataInvalid(self._path, number, "this is no answer, or one too many: delete the file to begin anew")

    def keep(self, answer: Answer) -> None:
        """See `Answers`."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as lines:
            lines.write(answer.to_json() + b"\n")


class AnswersInMemory:
    """Answers that nobody asked to keep."""

    def __init__(self, before: Iterable[Answer] = ()) -> None:
        self._found = {answer.key: answer for answer in before}

    def known(self) -> dict[str, Answer]:
        """See `Answers`."""
        return dict(self._found)

    def keep(self, answer: Answer) -> None:
        """See `Answers`."""
        self._found[answer.key] = answer
