"""Which timers a state calls for, field by field, and how long a retry waits."""

import pytest

from collegium.orchestrator.core.model import Rules, Timer
from collegium.orchestrator.core.reactions import backoff_ms
from collegium.orchestrator.core.timing import run_timer, subtask_timer, timers
from collegium_schemas.events import AttemptFailed
from collegium_schemas.objective import RunStatus
from collegium_schemas.plan import RetryPolicy
from collegium_schemas.state import SubtaskPart, SubtaskStatus
from collegium_schemas.tasks import FailureKind
from orchestrator_worlds import RUN, World, arrived, line

RULES = Rules({}, attempt_grace_ms=7, archive_after_ms=11)


def started() -> World:
    """A run of two steps, the first under way."""
    world = World({"line": line("one", "two")})
    world.take(arrived(playbook="line"))
    return world


def test_a_live_run_has_its_deadline() -> None:
    """Counted from its acceptance."""
    world = started()
    header = world.live().header
    assert run_timer(header, RULES) == Timer(header.accepted_at_ms + 600_000, RUN, "run_deadline")


def test_an_ended_run_has_its_archive_and_nothing_else() -> None:
    """So long after its end."""
    world = started()
    world.fire("run_deadline")
    header = world.live().header
    assert header.ended_at_ms is not None
    expected = Timer(header.ended_at_ms + 11, RUN, "archive")
    assert list(timers(header, [SubtaskPart(spec=line_spec(started()), status=SubtaskStatus.RUNNING)], RULES)) == [
        expected
    ]


def line_spec(world: World):  # noqa: ANN201 - the spec of the first step
    """A node of a plan."""
    return world.part("one").spec


def test_a_run_without_a_deadline_has_no_timer_of_its_own() -> None:
    """Contracts allow it."""
    header = started().live().header.model_copy(update={"deadline_at_ms": None})
    assert run_timer(header, RULES) is None
    assert [timer.kind for timer in timers(header, started().live().subtasks.values(), RULES)] == ["attempt_deadline"]


def test_an_attempts_deadline_has_a_grace() -> None:
    """The worker's own report of it comes first."""
    world = started()
    part = world.part("one")
    assert part.deadline_at_ms is not None
    expected = Timer(part.deadline_at_ms + 7, RUN, "attempt_deadline", "one", 1)
    assert subtask_timer(RUN, part, RULES) == expected
    assert list(timers(world.live().header, world.live().subtasks.values(), RULES))[1:] == [expected]


def test_a_subtask_that_backs_off_has_its_next_attempt() -> None:
    """At the time that the decision chose."""
    world = started()
    world.fail("one", FailureKind.RATE_LIMITED)
    part = world.part("one")
    assert part.retry_at_ms is not None
    assert subtask_timer(RUN, part, RULES) == Timer(part.retry_at_ms, RUN, "retry", "one", 2)


@pytest.mark.parametrize("status", [SubtaskStatus.PENDING, SubtaskStatus.SUCCEEDED, SubtaskStatus.FAILED])
def test_other_subtasks_have_none(status: SubtaskStatus) -> None:
    """Neither do running ones without a deadline, or waiting ones without a time."""
    part = started().part("one").model_copy(update={"status": status, "retry_at_ms": 5})
    assert subtask_timer(RUN, part, RULES) is None
    running = part.model_copy(update={"status": SubtaskStatus.RUNNING, "deadline_at_ms": None})
    assert subtask_timer(RUN, running, RULES) is None
    waiting = part.model_copy(update={"status": SubtaskStatus.BACKOFF, "retry_at_ms": None})
    assert subtask_timer(RUN, waiting, RULES) is None


@pytest.mark.parametrize(
    ("attempt", "entropy", "waits"),
    [(1, 0.0, 50), (1, 0.5, 75), (2, 0.0, 100), (3, 0.0, 200), (3, 0.5, 300), (4, 0.0, 350), (9, 0.0, 350)],
)
def test_back_off_doubles_up_to_its_bound_and_half_of_it_is_chance(attempt: int, entropy: float, waits: int) -> None:
    """100 ms first, 700 ms at most."""
    policy = RetryPolicy(base_delay_ms=100, max_delay_ms=700)
    assert backoff_ms(policy, attempt, entropy) == waits


def test_a_retry_waits_at_least_a_millisecond() -> None:
    """Also where its policy is the smallest one."""
    assert backoff_ms(RetryPolicy(base_delay_ms=1, max_delay_ms=1), 1, 0.0) == 1


def test_the_terminal_statuses_are_told_apart() -> None:
    """Four of them end a run."""
    assert [status for status in RunStatus if status.terminal] == ["completed", "failed", "halted", "cancelled"]


def test_a_silent_attempt_fails_as_worker_lost() -> None:
    """The reason is that nobody is heard, and not how long the attempt may take; it is tried again."""
    world = started()
    failed, retry = world.fire("silence", "one", 1)
    assert isinstance(failed, AttemptFailed)
    assert (failed.attempt, failed.failure.kind) == (1, FailureKind.WORKER_LOST)
    assert failed.failure.message.startswith("the worker is not heard of any more")
    assert retry.type == "retry_scheduled"
