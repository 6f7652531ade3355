"""Answers on disk: one JSON object a line, written as soon as it is known, taken up again by the next run."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final, Generic, Protocol, TypeVar

from pydantic import Field, ValidationError

from collegium.evaluation.errors import DataInvalid
from collegium.evaluation.judging import Prediction
from collegium_schemas.base import Contract, Identifier, Sha256, Text

_MOST_ANSWERS: Final = 1_000_000
_MOST_LINE_BYTES: Final = 8 << 20


class Kept(Contract):
    """What one case gave. `key` is the digest of all that it depends on: it is taken up only where that is the same."""

    key: Sha256


KeptT = TypeVar("KeptT", bound=Kept)


class Answer(Kept):
    """What one version of a subject said of one case; its key is of subject, version, corpus and case."""

    case_id: Identifier
    subject: Text
    version: Text
    prediction: Prediction
    ms: Annotated[float, Field(ge=0.0)]
    """Time of the judgement alone, on the clock of the wall."""


class Answers(Protocol[KeptT]):
    """Where answers are kept."""

    def known(self) -> dict[str, KeptT]:
        """Those that were kept before, by key."""
        ...

    def keep(self, answer: KeptT) -> None:
        """Keep one more."""
        ...


class AnswerFile(Generic[KeptT]):
    """Answers in a file, one line each. A line that was cut off by a kill is removed when the file is read again."""

    def __init__(self, path: Path, kind: type[KeptT]) -> None:
        self._path = path
        self._kind = kind

    def known(self) -> dict[str, KeptT]:
        """See `Answers`.

        Raises:
            DataInvalid: a whole line is no answer.
        """
        if not self._path.exists():
            return {}
        found: dict[str, KeptT] = {}
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

    def _answer(self, number: int, line: bytes) -> KeptT:
        if number <= _MOST_ANSWERS:
            try:
                return self._kind.read(line)
            except ValidationError:
                pass
        raise DataInvalid(self._path, number, "this is no answer, or one too many: delete the file to begin anew")

    def keep(self, answer: KeptT) -> None:
        """See `Answers`."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as lines:
            lines.write(answer.to_json() + b"\n")


class AnswersInMemory(Generic[KeptT]):
    """Answers that nobody asked to keep."""

    def __init__(self, before: Iterable[KeptT] = ()) -> None:
        self._found = {answer.key: answer for answer in before}

    def known(self) -> dict[str, KeptT]:
        """See `Answers`."""
        return dict(self._found)

    def keep(self, answer: KeptT) -> None:
        """See `Answers`."""
        self._found[answer.key] = answer
