"""What a decision says to people, word for word, and at exactly which value a bound is met."""

import pytest

from collegium.orchestrator.core.deciding import decide, give_up
from collegium.orchestrator.core.messages import commands, task_of
from collegium.orchestrator.core.model import (
    InterventionArrived,
    Moment,
    ObjectiveInvalid,
    OutcomeArrived,
    Rules,
    Run,
    Timer,
    TimerFired,
)
from collegium.orchestrator.core.planning import PlanError, validate
from collegium.telemetry.tracing import run_trace
from collegium_schemas.base import TraceContext
from collegium_schemas.events import (
    AttemptDispatched,
    AttemptFailed,
    AttemptSucceeded,
    InputRefused,
    PlanAdopted,
    RetryScheduled,
    RunEnded,
    RunPaused,
    RunRejected,
    RunResumed,
    SubtaskFailed,
)
from collegium_schemas.objective import Action, Intervention, RunStatus
from collegium_schemas.plan import SubtaskSpec
from collegium_schemas.playbook import Playbook
from collegium_schemas.tasks import (
    ContextRef,
    ControlScope,
    ControlState,
    Failure,
    FailureKind,
    ReviewSummary,
    TaskFailed,
    TaskRequested,
)
from orchestrator_worlds import RUN, World, arrived, line, review, types, word

PARENT = TraceContext(traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
MOMENT = Moment(5_000, 0.5)


def started(*roles: str, **extra: object) -> World:
    """A run of steps that follow each other."""
    world = World({"line": line(*(roles or ("one",)), **extra)})
    world.take(arrived(playbook="line"))
    return world


def steps(*given: dict[str, object], goal: str = "What is tea?", **extra: object) -> World:
    """A run of a playbook with these steps."""
    full = [{"role": step["id"], "instruction": "x", **step} for step in given]
    world = World({"line": Playbook.model_validate({"name": "line", "steps": full, **extra})})
    world.take(arrived(goal, playbook="line"))
    return world


def invalid(digest: str = "a" * 64) -> ObjectiveInvalid:
    """Something on the objectives topic that cannot be understood."""
    return ObjectiveInvalid(RUN, "no JSON", digest, run_trace(RUN, None), PARENT)


def ended(world: World) -> RunEnded:
    """How the run ended."""
    event = world.last.events[-1]
    assert isinstance(event, RunEnded)
    return event


def test_what_cannot_be_understood_is_a_rejected_run_with_its_trace() -> None:
    """The sender's reason, hash and span."""
    world = World()
    world.take(invalid())
    expected = RunRejected(reason="no JSON", objective_sha256="a" * 64, trace=run_trace(RUN, None), trace_parent=PARENT)
    assert world.last.events == (expected,)
    assert world.live().header.status is RunStatus.FAILED
    assert world.live().header.trace_parent == PARENT
    assert world.live().header.accepted_at_ms == world.now_ms


def test_what_cannot_be_understood_twice_is_dropped_and_beside_a_run_refused() -> None:
    """By its hash."""
    world = started()
    assert world.run is not None
    world.take(invalid(world.run.header.objective_sha256))
    assert (world.last.events, world.last.dropped) == ((), "duplicate_objective")
    before = world.live()
    world.take(invalid())
    assert world.last.events == (InputRefused(what="objective", reason="no JSON"),)
    assert world.live().subtasks == before.subtasks
    assert world.last.after == world.live()


def test_words_on_runs_that_do_not_exist_or_have_ended_are_unusable() -> None:
    """The sender finds them among the dead letters."""
    world = started()
    alone = World()
    alone.take(word(Action.PAUSE))
    assert alone.last.unusable == f"there is no run {RUN}: it has not started or is archived"
    world.succeed("one")
    world.take(word(Action.PAUSE))
    assert world.last.unusable == f"run {RUN} has already ended as completed"


def test_giving_up_ends_what_there_is() -> None:
    """A new objective is rejected, a live run fails, and an ended one or none at all is left alone."""
    rules, world = Rules({}), started()
    timer = TimerFired(Timer(1, RUN, "retry"))
    assert give_up(None, timer, "no way", rules, MOMENT).unusable == "no way"
    rejected = give_up(None, invalid(), "no way", rules, MOMENT)
    [event] = rejected.events
    assert isinstance(event, RunRejected)
    assert (event.reason, event.trace_parent) == ("no way", PARENT)
    assert rejected.after is not None
    assert rejected.after.header.run_id == RUN
    failed = give_up(world.live(), timer, "x" * 5_000, rules, MOMENT)
    [end] = failed.events
    assert isinstance(end, RunEnded)
    assert (end.status, end.reason) == (RunStatus.FAILED, "x" * 4_000)
    world.succeed("one")
    assert give_up(world.live(), timer, "no way", rules, MOMENT).unusable == "no way"


def test_a_deadline_in_the_past_or_unknown_names_are_told() -> None:
    """What is known is listed."""
    rules = Rules({"line": line("one"), "other": line("one", params={"depth": 1})}, {"broken": "line 1: no"})
    said = {
        "nope": "unknown playbook 'nope'; known: line, other",
        "broken": "playbook 'broken' is invalid: line 1: no",
    }
    for playbook, reason in said.items():
        [event] = decide(None, arrived(playbook=playbook), rules, MOMENT).events
        assert isinstance(event, RunRejected)
        assert event.reason == reason
    [event] = decide(None, arrived(playbook="other", params={"dpth": 1}), rules, MOMENT).events
    assert isinstance(event, RunRejected)
    assert event.reason == "unknown parameter 'dpth' for playbook 'line'; known: depth"
    late = arrived(playbook="line", deadline="1970-01-01T00:00:05Z")
    [event] = decide(None, late, rules, MOMENT).events
    assert isinstance(event, RunRejected)
    assert event.reason == "the deadline 1970-01-01T00:00:05+00:00 is in the past"
    in_time = arrived(playbook="line", deadline="1970-01-01T00:00:05.001Z")
    accepted = decide(None, in_time, rules, MOMENT).events[0]
    assert accepted.type == "run_accepted"
    assert accepted.deadline_at_ms == 5_001


def test_a_stopped_run_says_who_and_why() -> None:
    """The human's own words, or ours."""
    world = started()
    world.take(word(Action.CANCEL))
    assert ended(world) == RunEnded(status=RunStatus.CANCELLED, reason="cancelled on request", requester="ann")
    world = started()
    world.take(InterventionArrived(RUN, Intervention(run_id=RUN, action=Action.CANCEL, requester="bob", reason="done")))
    assert ended(world) == RunEnded(status=RunStatus.CANCELLED, reason="done", requester="bob")


def test_pause_and_resume_say_who_and_why_and_count_once() -> None:
    """A second pause is dropped, and so is a resume of what runs."""
    world = started()
    world.take(word(Action.RESUME))
    assert (world.last.events, world.last.dropped) == ((), "not_paused")
    said = Intervention(run_id=RUN, action=Action.PAUSE, requester="ann", reason="lunch")
    world.take(InterventionArrived(RUN, said))
    assert world.last.events == (RunPaused(requester="ann", reason="lunch"),)
    world.take(word(Action.PAUSE))
    assert (world.last.events, world.last.dropped) == ((), "already_paused")
    world.take(InterventionArrived(RUN, said.model_copy(update={"action": Action.RESUME})))
    assert world.last.events == (RunResumed(requester="ann", reason="lunch"),)


def test_a_run_ends_with_its_reason() -> None:
    """Completed, failed at once, failed after attempts, and past its deadline."""
    world = started()
    world.succeed("one")
    assert ended(world) == RunEnded(status=RunStatus.COMPLETED, reason="every subtask of the plan has ended")
    world = started()
    world.fail("one", FailureKind.UNAUTHORISED)
    reason = "one (one) failed at its first attempt: unauthorised: unauthorised happened"
    assert ended(world) == RunEnded(status=RunStatus.FAILED, reason=reason)
    world = started()
    world.fail("one", FailureKind.TIMEOUT)
    world.fire("retry", "one", 2)
    world.fail("one", FailureKind.TIMEOUT, permanent=True)
    assert ended(world).reason == "one (one) failed after 2 attempts: timeout: timeout happened"
    world = started()
    world.fire("run_deadline")
    halted = RunEnded(status=RunStatus.HALTED, reason="the run's deadline has passed", limit="deadline")
    assert ended(world) == halted


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


LOOP = {"review": "check", "repeat": ["find", "write", "check"], "max_rounds": 2}
LOOPED: tuple[dict[str, object], ...] = (
    {"id": "find", "for_each": "question", "instruction": "{question}|{goal}"},
    {"id": "write", "inputs": ["find"], "revises": ["write", "check"]},
    {"id": "check", "inputs": ["write"], "after": ["find"]},
    {"id": "send", "inputs": ["write", "check"], "timeout_ms": 9, "retry": {"max_attempts": 7}},
)


def looped() -> World:
    """A run whose review is due."""
    world = steps(*LOOPED, loop=LOOP)
    world.succeed("find.1")
    world.succeed("write")
    return world


def test_a_plan_says_what_it_is_made_of() -> None:
    """The playbook, its sub-questions, and the filled-in instruction."""
    world = looped()
    accepted = world.history[0].events[1]
    assert isinstance(accepted, PlanAdopted)
    assert (accepted.change.version, accepted.change.reason) == (1, "playbook line: 1 sub-question")
    assert world.part("find.1").spec.instruction == "What is tea|What is tea?"
    assert world.part("find.1").spec.params == {"question_id": "q1", "question": "What is tea"}
    assert world.part("check").spec.depends_on == ("write", "find.1")
    two = steps(*LOOPED, loop=LOOP, goal="What is tea? What is coffee?")
    adopted = two.history[0].events[1]
    assert isinstance(adopted, PlanAdopted)
    assert adopted.change.reason == "playbook line: 2 sub-questions"
    long = steps({"id": "one", "instruction": "{goal}"}, goal="g" * 1_500)
    assert long.part("one").spec.instruction == "g" * 1_000


def test_a_second_round_says_why_and_what_it_replaces() -> None:
    """Findings, wishes, new questions, round numbers, and everything that the step says."""
    world = looped()
    asked = [
        {"step": "find", "question": "else?", "question_id": None, "reason": "thin"},
        {"step": "find", "question": " ", "reason": ""},
        {"step": "other", "question": "ignored?", "reason": "odd"},
        {"step": "find", "question": "more?", "question_id": "q7", "reason": "thin"},
    ]
    world.succeed("check", review={**review().model_dump(), "follow_ups": asked, "not_enough_evidence": 2})
    adopted = world.last.events[1]
    assert isinstance(adopted, PlanAdopted)
    change = adopted.change
    assert change.reason == "review of round 1: 1 refuted, 2 without enough evidence; find: thin; other: odd"
    assert (change.version, change.round, change.removed) == (2, 2, ("send",))
    added = {spec.subtask_id: spec for spec in change.added}
    assert list(added) == ["find.1.r2", "find.2.r2", "write.r2", "check.r2", "send"]
    assert added["find.1.r2"].params == {"round": 2, "question_id": "q1", "question": "else?"}
    assert added["find.2.r2"].params["question_id"] == "q7"
    assert added["write.r2"].inputs == ("find.1", "find.1.r2", "find.2.r2", "write", "check")
    assert (added["send"].timeout_ms, added["send"].retry.max_attempts, added["send"].round) == (9, 7, 2)
    assert world.live().header.round == 2


def test_a_failure_in_the_loop_says_why_it_begins_again() -> None:
    """The failed subtask is tolerated, and the round's reason names it."""
    world = looped()
    world.fail("check", FailureKind.CONTRADICTION)
    failed, adopted = world.last.events[1], world.last.events[2]
    assert isinstance(failed, SubtaskFailed)
    assert failed.tolerated
    assert isinstance(adopted, PlanAdopted)
    assert adopted.change.reason == "check failed as contradiction: contradiction happened"
    assert world.live().header.round == 2


def test_the_work_that_is_asked_for_is_complete() -> None:
    """Every field of a task is the step's, the objective's or the decision's."""
    world = World({"line": line("one", "two", params={"depth": 1})})
    world.take(arrived(playbook="line", corpus="docs", tenant="t", team="m", requester="r", params={"depth": 2}))
    [task] = list(commands(world.history[0], world.run, {}))
    assert isinstance(task, TaskRequested)
    assert task == TaskRequested(
        run_id=RUN,
        subtask_id="one",
        attempt=1,
        role="one",
        step="one",
        instruction="one",
        goal="What is a topic?",
        corpus="docs",
        params={"depth": 2},
        dispatched_at_ms=world.now_ms,
        deadline_at_ms=world.now_ms + 60_000,
        tenant="t",
        team="m",
        requester="r",
    )


def test_an_input_is_carried_up_to_the_last_byte_of_room() -> None:
    """Content that fills the room exactly is carried; the next one is named."""
    world = World({"line": line("one", "two")})
    world.take(arrived(playbook="line"))
    sizes = (262_144, 1)
    refs = [
        {"name": f"o{n}", "partition": 0, "offset": n, "sha256": f"{n:064x}", "size_bytes": size}
        for n, size in enumerate(sizes)
    ]
    world.succeed("one", outputs=refs)
    [task] = list(commands(world.history[-1], world.run, {f"{n:064x}": "x" for n in range(2)}))
    assert isinstance(task, TaskRequested)
    assert [(each.subtask_id, each.step, each.ref.inline) for each in task.inputs] == [
        ("one", "one", "x"),
        ("one", "one", None),
    ]


def test_a_run_that_does_not_complete_is_stopped_everywhere() -> None:
    """One order for its run; a completed run needs none, and neither does an archived one."""
    world = started()
    world.take(word(Action.CANCEL))
    assert list(commands(world.history[-1], world.run, {})) == [
        ControlState(
            scope=ControlScope.RUN, name=RUN, stopped=True, reason="the run ended as cancelled", at_ms=world.now_ms
        )
    ]
    assert list(commands(world.history[-1], None, {})) == []
    world = started()
    world.succeed("one")
    assert list(commands(world.history[-1], world.run, {})) == []


def test_work_for_an_ended_run_cannot_be_asked_for() -> None:
    """Its objective is gone; the error names the run."""
    world = started()
    dispatched = world.history[0].events[-1]
    assert isinstance(dispatched, AttemptDispatched)
    world.take(word(Action.CANCEL))
    with pytest.raises(ValueError, match=f"{RUN}: an attempt without an objective"):
        task_of(world.live(), dispatched, 1, {})


def spec(subtask_id: str, after: tuple[str, ...] = (), inputs: tuple[str, ...] = ()) -> SubtaskSpec:
    """A node of a plan."""
    return SubtaskSpec(subtask_id=subtask_id, step="s", role="r", instruction="x", depends_on=after, inputs=inputs)


@pytest.mark.parametrize(
    ("specs", "says"),
    [
        ((spec("a"), spec("a")), "the plan names a subtask twice"),
        ((spec("a", ("b",)),), "subtask a waits for b, which is not in the plan"),
        ((spec("a"), spec("b", (), ("a",))), "subtask b uses the output of a subtask that it does not wait for"),
        ((spec("a", ("b",)), spec("b", ("a",))), "subtasks wait for each other in a circle: a -> b -> a"),
    ],
)
def test_an_unsound_plan_is_refused_with_the_reason(specs: tuple[SubtaskSpec, ...], says: str) -> None:
    """Whoever proposes it."""
    with pytest.raises(PlanError) as caught:
        validate(specs, {each.subtask_id for each in specs})
    assert str(caught.value) == says


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


def test_a_run_whose_playbook_is_gone_dispatches_nothing_more() -> None:
    """Its bound is unknown: it is halted with limit `steps` instead of going on without one."""
    world = started("one", "two")
    run: Run = world.live()
    world.playbooks = {}
    world.succeed("one")
    assert ended(world).limit == "steps"
    assert run.header.steps == 1


def poison(world: World, attempt: int, kind: FailureKind = FailureKind.POISON) -> None:
    """A failure of some attempt."""
    outcome = TaskFailed(
        run_id=RUN,
        subtask_id="one",
        attempt=attempt,
        role="one",
        worker="w",
        started_at_ms=1,
        ended_at_ms=2,
        failure=Failure(kind=kind, message="it killed three"),
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


def test_a_round_that_cannot_be_planned_ends_the_run_with_the_failure() -> None:
    """The second round's check would wait for 256 passages and its own review: one too many."""
    world = steps(
        {"id": "find", "for_each": "question"},
        {"id": "check", "inputs": ["find"], "revises": ["check"]},
        goal="\n".join(f"q{number} a" for number in range(256)),
        decomposition={"max_questions": 256},
        loop={"review": "check", "repeat": ["check"], "max_rounds": 2},
        max_steps=1_000,
    )
    for number in range(1, 257):
        world.succeed(f"find.{number}")
    world.fail("check", FailureKind.CONTRADICTION)
    assert types(list(world.last.events)) == ["attempt_failed", "subtask_failed", "run_ended"]
    assert ended(world).reason == "check: contradiction happened"
    assert ended(world).status is RunStatus.FAILED


def test_a_question_that_fails_is_not_asked_for_another_round() -> None:
    """A step for each question is not repeated as a whole because one question failed; the run fails."""
    world = steps(*LOOPED, loop=LOOP)
    world.fail("find.1", FailureKind.INVALID_OUTPUT)
    assert types(list(world.last.events)) == ["attempt_failed", "subtask_failed", "run_ended"]


def test_the_last_round_has_no_other_one() -> None:
    """Two rounds are two rounds."""
    world = looped()
    world.fail("check", FailureKind.CONTRADICTION)
    assert world.live().header.round == 2
    world.fail("check.r2", FailureKind.CONTRADICTION)
    assert ended(world).status is RunStatus.FAILED


def test_an_approval_that_nobody_waits_for_is_refused_with_what_is_possible() -> None:
    """Word for word, since people read it."""
    world = started()
    for action in (Action.APPROVE, Action.DENY, Action.RETRY):
        world.take(word(action))
        reason = f"{action} does not apply: the run waits for no approval; cancel, pause and resume do"
        assert world.last.events == (InputRefused(what="intervention", reason=reason),)
    for action in (Action.AMEND, Action.RAISE_BUDGET):
        world.take(word(action))
        reason = f"{action} does not apply to a run under way: cancel, pause and resume do"
        assert world.last.events == (InputRefused(what="intervention", reason=reason),)


def fails_at_length(world: World, subtask_id: str, kind: FailureKind) -> None:
    """A failure whose message is as long as a message may be."""
    part = world.part(subtask_id)
    outcome = TaskFailed(
        run_id=RUN,
        subtask_id=subtask_id,
        attempt=part.attempt,
        role=part.spec.role,
        worker="w",
        started_at_ms=1,
        ended_at_ms=2,
        failure=Failure(kind=kind, message="m" * 4_000),
    )
    world.take(OutcomeArrived(RUN, outcome, None))


def test_reasons_made_of_long_messages_are_cut_where_they_are_written() -> None:
    """A run's end, another round and a review: none is refused because a worker says much."""
    world = started()
    fails_at_length(world, "one", FailureKind.UNAUTHORISED)
    assert len(ended(world).reason) == 4_000
    world = looped()
    fails_at_length(world, "check", FailureKind.CONTRADICTION)
    adopted = world.last.events[2]
    assert isinstance(adopted, PlanAdopted)
    assert len(adopted.change.reason) == 4_000
    world = looped()
    wants = [{"step": "find", "question": "q?", "reason": f"{number}" * 4_000} for number in range(2)]
    world.succeed("check", review={**review().model_dump(), "follow_ups": wants})
    adopted = world.last.events[1]
    assert isinstance(adopted, PlanAdopted)
    assert len(adopted.change.reason) == 4_000
