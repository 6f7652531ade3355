"""A fault as it is written: `POINT:PASSING:ACTION`."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from collegium.faults.errors import BadFault
from collegium.faults.points import Point

_PARTS: Final = 3
_Word = TypeVar("_Word", bound=StrEnum)


class Action(StrEnum):
    """What happens to the process."""

    KILL = "kill"
    """SIGKILL, by itself."""
    STOP = "stop"
    """SIGSTOP, by itself; it goes on where it stood when somebody sends SIGCONT."""
    EXIT = "exit"
    """It ends at once with status 70: no handler runs, nothing is flushed, but sockets are closed."""


@dataclass(frozen=True, slots=True)
class Fault:
    """An action at the n-th passing of a point by this process, once."""

    point: Point
    passing: int
    """1 is the first."""
    action: Action

    @classmethod
    def parse(cls, text: str) -> "Fault":
        """Read `POINT:PASSING:ACTION`.

        Raises:
            BadFault: it is not written like this, or names something that does not exist.
        """
        parts = text.strip().split(":")
        if len(parts) != _PARTS:
            raise BadFault(text, f"it has {len(parts)} parts instead of {_PARTS}")
        point, passing, action = parts
        if not (passing.isascii() and passing.isdigit()) or int(passing) < 1:
            raise BadFault(text, f"{passing!r} is not a number from 1")
        return cls(_one_of(Point, point, text), int(passing), _one_of(Action, action, text))

    def __str__(self) -> str:
        return f"{self.point}:{self.passing}:{self.action}"


def _one_of(kind: type[_Word], word: str, text: str) -> _Word:
    try:
        return kind(word)
    except ValueError:
        known = ", ".join(member.value for member in kind)
        raise BadFault(text, f"there is no {kind.__name__.lower()} {word!r} (there are {known})") from None
