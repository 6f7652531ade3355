"""A bug, and how it gets into the running code and out again."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass


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


@contextmanager
def applied(bug: Bug) -> Generator[None]:
    """The real code with this bug, for the duration of a block."""
    with ExitStack() as undo:
        for change in bug.changes:
            undo.callback(setattr, change.place, change.name, getattr(change.place, change.name))
            setattr(change.place, change.name, change.instead)
        yield
