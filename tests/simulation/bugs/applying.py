"""A bug, and how it gets into the running code and out again."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import ModuleType


@dataclass(frozen=True)
class Change:
    """A name of the real code, and what stands there instead."""

    place: object
    """A module or a class."""
    name: str
    instead: object


@dataclass(frozen=True)
class Bug:
    """One mistake that somebody could make."""

    name: str
    what: str
    """For the table: what the code does wrong."""
    changes: tuple[Change, ...]

    @property
    def simulated(self) -> bool:
        """Whether it changes the simulation's own log instead of the code that is simulated."""
        return any(_module(change.place).startswith("collegium.simulation") for change in self.changes)


def _module(place: object) -> str:
    """Where a module or a class is from."""
    return place.__name__ if isinstance(place, ModuleType) else str(getattr(place, "__module__", ""))


@contextmanager
def applied(bug: Bug) -> Generator[None]:
    """The real code with this bug, for the duration of a block."""
    with ExitStack() as undo:
        for change in bug.changes:
            undo.callback(setattr, change.place, change.name, getattr(change.place, change.name))
            setattr(change.place, change.name, change.instead)
        yield
