"""What a cell of the matrix is: a fault, at a place, on a system under load, and how that may end.

A cell is declared as data and one coroutine, `strike`, which does the fault to a `Trial` and returns when the fault is
over (the pause has ended, the network is whole again, the services run). Everything else is the runner's: it starts
the brokers and services, keeps objectives arriving before, during and after the fault, waits until all acknowledged
ones have ended, stops the services, has the checker read the topics, and writes the row.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic

from chaos.brokers import B, BrokerPlan
from chaos.fleet import ServicePlan
from chaos.load import LoadPlan
from chaos.outside import Outside, effects_once
from chaos.trial import Trial


def completes(run_id: str) -> str | None:
    """No run is to fail by its id."""
    return None


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must be true after the fault, beyond the invariants."""

    failures: Mapping[str, str] = field(default_factory=dict[str, str])
    """Submitted runs that must fail, with the kind of their failure; every other one must complete."""
    failure_of: Callable[[str], str | None] = completes
    """The kind of failure that must end a run of this id, where its id decides; None when it must complete."""
    letters: Mapping[str, int] = field(default_factory=dict[str, int])
    """How many records of each topic end in dead-letters."""
    refused: int = 0
    """How many runs there are that nobody submitted: refusals of what is no objective get a history, too."""
    outside: Callable[[Outside], Iterable[str]] = effects_once
    """Looks at what was changed outside the topics; what is wrong, in words."""
    end_s: float = 60.0
    """How soon after the last submission every acknowledged objective must have ended."""


@dataclass(frozen=True, slots=True)
class Cell(Generic[B]):
    """One cell of the matrix."""

    row: str
    """The protocol step or service that is struck, such as `owner.6.sent`."""
    column: str
    """The fault, such as `kill -9`."""
    brokers: BrokerPlan[B]
    services: Sequence[ServicePlan]
    strike: Callable[[Trial[B]], Awaitable[None]]
    """Do the fault; call `trial.struck(...)` when it happens, which starts the clock of the recovery."""
    quick: bool = False
    """Whether it is part of `make chaos-quick`, which CI runs: it then takes at most 20 s."""
    fresh: bool = False
    """True when the fault leaves brokers behind that no other cell should use."""
    load: LoadPlan = field(default_factory=LoadPlan)
    expects: Expectation = Expectation()
    bound_s: float = 90.0
    """How long `strike` may take."""

    @property
    def name(self) -> str:
        """How the command line calls it."""
        return f"{self.row}/{self.column}".replace(" ", "-")


AnyCell = Cell[Any]
"""A cell on whatever brokers: the runner opens what the plan says and hands it to the cell's own `strike`."""
