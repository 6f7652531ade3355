"""The armed timers of a partition that is given away before all that were due are decided on."""

from collegium.orchestrator.core.model import Timer
from collegium.orchestrator.shell.timers import Timers
from orchestrator_worlds import RUN

DEADLINE = Timer(5, RUN, "attempt_deadline", "one", 1)
RETRY = Timer(900, RUN, "retry", "one", 2)
OTHER = Timer(6, RUN, "attempt_deadline", "two", 1)


def test_what_was_taken_out_is_put_back() -> None:
    """It is due again."""
    timers = Timers()
    timers.arm(DEADLINE)
    timers.arm(OTHER)
    taken = timers.due(10, 10)
    assert timers.next_at_ms() is None
    timers.put_back(taken)
    assert timers.due(10, 10) == [DEADLINE, OTHER]


def test_what_was_replaced_meanwhile_is_not_put_back() -> None:
    """The attempt ended before its deadline was decided on: the retry counts, and would never come otherwise."""
    timers = Timers()
    timers.arm(DEADLINE)
    taken = timers.due(10, 10)
    timers.arm(RETRY)
    timers.put_back([*taken, OTHER])
    assert timers.due(10, 10) == [OTHER]
    assert timers.due(1_000, 10) == [RETRY]
