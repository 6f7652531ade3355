"""What can go wrong with a simulation, by what the reader can do.

SimulationError
├── Violation          an invariant does not hold: read the report and replay the seed
├── Stuck              nothing can ever happen again, or far too much happens: replay the seed
├── Unsupported        this Python's event loop is not as the simulation needs it
└── NotDeterministic   simulated code used threads or the real network
"""


class SimulationError(Exception):
    """Root of everything that a simulation raises."""


class Violation(SimulationError):
    """An invariant does not hold.

    Args:
        invariant: Its short name, such as `dispatched_once`.
        message: What was found, and where.
    """

    def __init__(self, invariant: str, message: str) -> None:
        super().__init__(f"{invariant}: {message}")
        self.invariant = invariant
        self.message = message

    def __reduce__(self) -> tuple[type["Violation"], tuple[str, str]]:
        """Violations travel between processes."""
        return (Violation, (self.invariant, self.message))


class Stuck(SimulationError):
    """Nothing is ready and no timer is set, or a bound on steps was met."""


def as_failure(error: BaseException, who: str) -> SimulationError:
    """What the report of a world says of an error: the simulation's own inside it, or else that nobody foresaw it.

    Args:
        error: Anything, a group of errors too.
        who: Whom it came from.
    """
    found = leaves(error)
    for leaf in found:
        if isinstance(leaf, SimulationError):
            return leaf
    told = Violation("no_crash", f"{who}: {found[0]!r}")
    told.__cause__ = found[0]
    return told


def leaves(error: BaseException | None) -> list[BaseException]:
    """The errors that a group consists of, however deep they are; a single error is its own leaf."""
    if error is None:
        return []
    if isinstance(error, BaseExceptionGroup):
        return [leaf for each in error.exceptions for leaf in leaves(each)]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return [error]


class Unsupported(SimulationError):
    """The event loop of this Python lacks what the simulation needs of it."""


class NotDeterministic(SimulationError):
    """Simulated code left the simulated world: threads and real input or output have no order that a seed decides."""
