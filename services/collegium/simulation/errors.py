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


class Unsupported(SimulationError):
    """The event loop of this Python lacks what the simulation needs of it."""


class NotDeterministic(SimulationError):
    """Simulated code left the simulated world: threads and real input or output have no order that a seed decides."""
