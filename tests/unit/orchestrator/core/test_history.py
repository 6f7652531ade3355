"""What a run becomes by its history: what each event leaves in the state, and which histories are none."""

import pytest

from collegium.orchestrator.core.compensating import to_undo
from collegium.orchestrator.core.folding import HistoryError, evolve
from collegium.orchestrator.core.model import Run
from collegium_schemas.events import (
    ApprovalAnswered,
    AttemptDispatched,
    Event,
    Origin,
    RetryScheduled,
    RunDecided,
    RunPaused,
)
from collegium_schemas.state import SubtaskStatus
from collegium_schemas.tasks import FailureKind
from orchestrator_worlds import RUN, World, started, steps

AT_MS = 9_000_000
UNDOABLE: tuple[dict[str, object], ...] = (
    {"id": "book", "effects": ["alpha"], "compensate": {}, "optional": True},
    {"id": "pay", "effects": ["beta"], "compensate": {}, "optional": True},
    {"id": "confirm"},
)


def folded(run: Run | None, *events: Event, version: int | None = None) -> Run | None:
    """The run after one more decision."""
    before = 0 if run is None else run.header.version
    origin = Origin(kind="result")
    number = before + 1 if version is None else version
    return evolve(run, RunDecided(run_id=RUN, version=number, at_ms=AT_MS, origin=origin, owner="test", events=events))


def test_a_history_that_nobody_can_have_written_is_told() -> None:
    """A version too many, a second acceptance, a subtask that no plan has, and an event before the acceptance."""
    world = started()
    paused = RunPaused(requester="ann")
    with pytest.raises(HistoryError, match=f"{RUN}: version 3 does not follow on 1"):
        folded(world.live(), paused, version=3)
    with pytest.raises(HistoryError, match=f"{RUN}: accepted twice"):
        folded(world.live(), world.history[0].events[0])
    stray = RetryScheduled(subtask_id="nope", attempt=2, at_ms=1, strategy="deterministic")
    with pytest.raises(HistoryError, match=f"{RUN}: no subtask nope"):
        folded(world.live(), stray)
    with pytest.raises(HistoryError, match=f"{RUN}: an event before the run was accepted"):
        folded(None, paused)


@pytest.mark.parametrize(
    ("action", "status", "retry_at_ms"),
    [
        ("approve", SubtaskStatus.BACKOFF, AT_MS),
        ("retry", SubtaskStatus.BACKOFF, AT_MS),
        ("deny", SubtaskStatus.FAILED, None),
    ],
)
def test_an_answer_leads_to_another_attempt_at_once_or_to_none(
    action: str, status: SubtaskStatus, retry_at_ms: int | None
) -> None:
    """A denial is the subtask's failure; the other words are a back-off that is over."""
    world = started("one", "two")
    world.fail("one", FailureKind.OUTCOME_UNKNOWN)
    said = {"subtask_id": "one", "attempt": 1, "action": action, "requester": "ann"}
    run = folded(world.live(), ApprovalAnswered.model_validate(said))
    assert run is not None
    assert (run.subtasks["one"].status, run.subtasks["one"].retry_at_ms) == (status, retry_at_ms)


def test_an_attempt_has_the_strategy_that_it_was_dispatched_with() -> None:
    """Whatever the step begins with."""
    world = steps({"id": "one", "strategy": "model"})
    sent = AttemptDispatched(subtask_id="one", attempt=2, strategy="deterministic", deadline_at_ms=AT_MS)
    run = folded(world.live(), sent)
    assert run is not None
    assert run.subtasks["one"].strategy == "deterministic"


def test_a_success_leaves_no_failure_of_the_attempts_before() -> None:
    """It would be told as what is wrong with the subtask."""
    world = started("one", "two")
    world.fail("one", FailureKind.TIMEOUT)
    assert world.part("one").failure is not None
    world.fire("retry", "one", 2)
    world.succeed("one")
    assert world.part("one").failure is None


def test_a_failed_subtask_keeps_what_it_failed_of() -> None:
    """The last word, not the failure of the attempt before."""
    world = steps({"id": "one", "optional": True}, {"id": "two"})
    world.fail("one", FailureKind.TIMEOUT)
    world.fail("one", FailureKind.POISON)
    part = world.part("one")
    assert part.failure is not None
    assert (part.status, part.failure.kind) == (SubtaskStatus.FAILED, FailureKind.POISON)


def test_a_failure_is_an_end_in_the_order_of_undoing() -> None:
    """`pay` failed before `book` succeeded, so `book` is undone first."""
    world: World = steps(*UNDOABLE)
    world.fail("pay", FailureKind.UNAUTHORISED)
    assert world.part("pay").ended_version == 2
    world.succeed("book")
    assert [part.spec.subtask_id for part, _ in to_undo(world.live())] == ["book", "pay"]
