"""What attempts cost and how they end: at exactly which value a bound is met, and what follows from it."""

import pytest

from collegium.orchestrator.core.deciding import decide
from collegium.orchestrator.core.model import Moment, OutcomeArrived, Rules, Run, Timer, TimerFired
from collegium_schemas.base import Usage
from collegium_schemas.events import (
    ApprovalRequested,
    AttemptDispatched,
    AttemptFailed,
    AttemptSucceeded,
    RetryScheduled,
    RunEnded,
    SubtaskFailed,
)
from collegium_schemas.objective import Action, RunStatus
from collegium_schemas.tasks import ContextRef, Failure, FailureKind, ReviewSummary, TaskFailed
from orchestrator_worlds import RUN, World, arrived, ended, line, started, steps, types, word

MOMENT = Moment(5_000, 0.5)


@pytest.mark.parametrize(
    ("budget", "usage", "reason"),
    [
        ({"tokens": 10}, {"input_tokens": 6, "output_tokens": 5}, "11 tokens used; the budget is 10"),
        ({"micro_usd": 10}, {"micro_usd": 11}, "11 micro-USD spent; the budget is 10"),
    ],
)
def test_a_budget_may_be_used_up_and_not_more(budget: dict[str, int], usage: dict[str, int], reason: str) -> None:
    """At the bound the run goes on; beyond it, it is halted and nothing more follows."""
    world = World({"line": line("one", "two")})
    world.take(arrived(playbook="line", budget=budget))
    within = {name: (value if value == 6 else value - 1) for name, value in usage.items()}
    world.succeed("one", usage=within)
    assert world.running() == ["two"]
    world = World({"line": line("one", "two")})
    world.take(arrived(playbook="line", budget=budget))
    world.succeed("one", usage=usage)
    assert ended(world) == RunEnded(status=RunStatus.HALTED, reason=reason, limit="budget")
    assert len(world.last.events) == 2


def test_a_failed_attempt_counts_what_it_cost() -> None:
    """Usage of failures and of outcomes that miss the criteria is settled as well."""
    world = steps({"id": "one", "min_confidence": 0.5, "outputs": ["report"]})
    world.succeed("one", confidence=0.2, usage={"micro_usd": 3})
    failed = world.last.events[0]
    assert isinstance(failed, AttemptFailed)
    assert (failed.usage.micro_usd, failed.failure.message) == (3, "confidence 0.20 is below 0.50")
    world = steps({"id": "one", "min_confidence": 0.5, "outputs": ["report", "a"]})
    world.succeed("one", outputs=[], usage={"micro_usd": 3})
    failed = world.last.events[0]
    assert isinstance(failed, AttemptFailed)
    assert failed.failure.message == "the outcome lacks output 'a'"
    world = steps({"id": "one", "min_confidence": 0.5})
    world.succeed("one", confidence=0.5)
    assert ended(world).status is RunStatus.COMPLETED


def test_a_failure_that_a_worker_reports_counts_what_it_cost() -> None:
    """It is settled like a success, and kept in the history."""
    world = started()
    failure = Failure(kind=FailureKind.TIMEOUT, message="slow")
    outcome = TaskFailed(
        run_id=RUN,
        subtask_id="one",
        attempt=1,
        role="one",
        worker="w",
        started_at_ms=1,
        ended_at_ms=2,
        failure=failure,
        usage=Usage(micro_usd=3),
    )
    world.take(OutcomeArrived(RUN, outcome, None))
    assert world.last.events[0] == AttemptFailed(subtask_id="one", attempt=1, failure=failure, usage=Usage(micro_usd=3))
    assert world.live().header.usage == Usage(micro_usd=3)


@pytest.mark.parametrize(
    ("budget", "usage"), [({"tokens": 2}, {"input_tokens": 3}), ({"micro_usd": 2}, {"micro_usd": 3})]
)
def test_a_failed_attempt_beyond_the_budget_is_the_runs_end(budget: dict[str, int], usage: dict[str, int]) -> None:
    """No retry follows on it."""
    world = World(steps({"id": "one", "min_confidence": 0.5}).playbooks)
    world.take(arrived(playbook="line", budget=budget))
    world.succeed("one", confidence=0.2, usage=usage)
    assert types(list(world.last.events)) == ["attempt_failed", "run_ended"]
    assert ended(world).limit == "budget"


def test_an_outcome_of_an_archived_run_is_not_taken_for_one_of_the_run_that_has_its_name_now() -> None:
    """Success or failure, poison included; the run's own outcome is accepted afterwards."""
    world = steps({"id": "one", "retry": {"max_attempts": 2}})
    accepted_at_ms = world.live().header.accepted_at_ms
    for other_ms in (accepted_at_ms - 1, accepted_at_ms + 1):
        assert world.succeed("one", run_accepted_at_ms=other_ms) == []
        assert world.last.dropped == "late_outcome"
        for kind in (FailureKind.TIMEOUT, FailureKind.POISON):
            assert world.fail("one", kind, run_accepted_at_ms=other_ms) == []
            assert world.last.dropped == "late_outcome"
    world.succeed("one", run_accepted_at_ms=accepted_at_ms)
    assert ended(world).status is RunStatus.COMPLETED


def test_an_accepted_outcome_is_kept_whole_without_its_content() -> None:
    """Outputs are references; notes, evidence and review are as reported."""
    world = steps({"id": "one", "outputs": ["report"]}, {"id": "two"})
    ref = ContextRef(name="report", partition=1, offset=2, sha256="ab" * 32, size_bytes=3, inline="abc")
    said = ReviewSummary(supported=1, refuted=0, not_enough_evidence=0, passed=True)
    world.succeed("one", outputs=[ref], note="fine", evidence_count=7, review=said, worker="me")
    event = world.last.events[0]
    assert isinstance(event, AttemptSucceeded)
    assert event.outputs == (ref.model_copy(update={"inline": None}),)
    assert (event.note, event.evidence_count, event.review, event.worker) == ("fine", 7, said, "me")
    assert world.part("one").outputs == event.outputs


def test_a_deadline_is_counted_from_the_dispatch() -> None:
    """By the step's own time."""
    world = steps({"id": "one", "timeout_ms": 123})
    event = world.last.events[-1]
    assert isinstance(event, AttemptDispatched)
    assert event.deadline_at_ms == world.now_ms + 123


def test_a_model_strategy_is_kept_while_it_is_retried_and_left_for_the_deterministic_one() -> None:
    """Rate limits try the model again, invalid output does not, and the last attempt fails."""
    world = steps({"id": "one", "strategy": "model", "retry": {"max_attempts": 3}})
    world.fail("one", FailureKind.RATE_LIMITED)
    again = world.last.events[-1]
    assert isinstance(again, RetryScheduled)
    assert (again.strategy, again.attempt) == ("model", 2)
    world.fire("retry", "one", 2)
    world.fail("one", FailureKind.INVALID_OUTPUT)
    again = world.last.events[-1]
    assert isinstance(again, RetryScheduled)
    assert (again.strategy, again.attempt, again.at_ms) == ("deterministic", 3, world.now_ms)
    world = steps({"id": "one", "strategy": "model", "retry": {"max_attempts": 1}})
    world.fail("one", FailureKind.INVALID_OUTPUT)
    assert ended(world).status is RunStatus.FAILED


def test_budget_exhausted_by_a_worker_halts_with_its_words() -> None:
    """The limit is the budget."""
    world = started()
    world.fail("one", FailureKind.BUDGET_EXHAUSTED)
    assert ended(world) == RunEnded(status=RunStatus.HALTED, reason="budget_exhausted happened", limit="budget")


def test_stale_timers_change_nothing() -> None:
    """Of another attempt, another status, a paused run, no run at all."""
    world = started()
    for timer in (("retry", "one", 2), ("attempt_deadline", "one", 2), ("attempt_deadline", "nope", 1)):
        world.fire(*timer)  # type: ignore[arg-type]
        assert (world.last.events, world.last.dropped) == ((), "stale_timer")
    assert decide(None, TimerFired(Timer(1, RUN, "archive")), Rules({}), MOMENT).dropped == "stale_timer"
    world.fail("one", FailureKind.TIMEOUT)
    world.fire("retry", "one", 3)
    assert world.last.dropped == "stale_timer"
    world.take(word(Action.PAUSE))
    world.fire("retry", "one", 2)
    assert world.last.dropped == "stale_timer"


@pytest.mark.parametrize("before", [(), ("one",)])
def test_a_run_with_fewer_steps_left_than_subtasks_are_ready_begins_none(before: tuple[str, ...]) -> None:
    """What was about to be sent is taken back, at the run's acceptance too; the rest is as its history says."""
    first: list[dict[str, object]] = [{"id": name} for name in before]
    pair: list[dict[str, object]] = [{"id": name, "after": before} for name in ("a", "b")]
    world = steps(*first, *pair, max_steps=len(before) + 1)
    for name in before:
        world.succeed(name)
    assert ended(world).limit == "steps"
    assert "attempt_dispatched" not in types(list(world.last.events))
    assert world.last.after == world.live()
    assert world.live().header.run_id == RUN


def test_a_run_whose_playbook_is_gone_dispatches_nothing_more() -> None:
    """Its bound is unknown: it is halted with limit `steps` instead of going on without one."""
    world = started("one", "two")
    run: Run = world.live()
    world.playbooks = {}
    world.succeed("one")
    assert (ended(world).limit, ended(world).reason) == ("steps", "the run has used its 0 steps")
    assert run.header.steps == 1


def poison(
    world: World,
    attempt: int,
    kind: FailureKind = FailureKind.POISON,
    *,
    message: str = "it killed three",
    cost: int = 0,
) -> None:
    """A failure of some attempt."""
    outcome = TaskFailed(
        run_id=RUN,
        subtask_id="one",
        attempt=attempt,
        role="one",
        worker="w",
        started_at_ms=1,
        ended_at_ms=2,
        failure=Failure(kind=kind, message=message),
        usage=Usage(micro_usd=cost),
    )
    world.take(OutcomeArrived(RUN, outcome, None))


def test_poison_of_an_earlier_attempt_ends_the_one_under_way() -> None:
    """The later attempt would kill as well: it fails as poison, and so does its subtask."""
    world = started()
    world.fail("one", FailureKind.TIMEOUT)
    world.fire("retry", "one", 2)
    assert world.part("one").retry_at_ms is None
    poison(world, 1, FailureKind.TIMEOUT)
    assert (world.last.events, world.last.dropped) == ((), "duplicate_outcome")
    poison(world, 1)
    failed, subtask, end = world.last.events
    assert isinstance(failed, AttemptFailed)
    assert (failed.subtask_id, failed.attempt, failed.failure.message) == ("one", 2, "it killed three")
    assert isinstance(subtask, SubtaskFailed)
    assert subtask.failure.kind is FailureKind.POISON
    assert isinstance(end, RunEnded)
    assert end.reason == "one (one) failed after 2 attempts: poison: it killed three"


def test_poison_of_the_attempt_before_a_back_off_ends_the_subtask() -> None:
    """Nothing is under way: only the subtask fails, and the retry never comes."""
    world = started()
    world.fail("one", FailureKind.TIMEOUT)
    poison(world, 1)
    assert types(list(world.last.events)) == ["subtask_failed", "run_ended"]


def test_poison_of_an_earlier_attempt_does_not_touch_what_has_succeeded() -> None:
    """The later attempt has shown that the task can be done."""
    world = started("one", "two")
    world.fail("one", FailureKind.TIMEOUT)
    world.fire("retry", "one", 2)
    world.succeed("one")
    poison(world, 1)
    assert (world.last.events, world.last.dropped) == ((), "duplicate_outcome")


def test_poison_of_the_attempt_under_way_counts_what_it_cost() -> None:
    """As any failure of it does."""
    world = started()
    poison(world, 1, cost=3)
    assert types(list(world.last.events)) == ["attempt_failed", "subtask_failed", "run_ended"]
    assert world.live().header.usage.micro_usd == 3


def test_a_run_that_is_resumed_keeps_its_back_off() -> None:
    """The pause does not shorten it."""
    world = started()
    world.fail("one", FailureKind.TIMEOUT)
    world.take(word(Action.PAUSE))
    world.take(word(Action.RESUME))
    assert types(list(world.last.events)) == ["run_resumed"]
    world.fire("retry", "one", 2)
    assert world.running() == ["one"]


def test_a_human_is_asked_what_each_answer_does() -> None:
    """Word for word, since people read it; of a long failure, the end."""
    answers = (
        ". approve: it happened, go on; retry: execute it again unless the target knows of it; "
        "deny: it did not happen, fail"
    )
    world = started()
    world.fail("one", FailureKind.OUTCOME_UNKNOWN)
    asked = world.last.events[-1]
    assert isinstance(asked, ApprovalRequested)
    assert asked.question == f"outcome_unknown happened{answers}"
    world = started()
    poison(world, 1, FailureKind.OUTCOME_UNKNOWN, message="m" * 4_000)
    asked = world.last.events[-1]
    assert isinstance(asked, ApprovalRequested)
    assert asked.question == ("m" * 4_000 + answers)[-4_000:]
