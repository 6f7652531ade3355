"""Plans and the rounds of their loop: what they are made of, why there is another one, and when there is none."""

import pytest

from collegium.orchestrator.core.model import OutcomeArrived
from collegium.orchestrator.core.planning import PlanError, next_round, validate
from collegium_schemas import limits
from collegium_schemas.events import PlanAdopted, SubtaskFailed
from collegium_schemas.objective import RunStatus
from collegium_schemas.plan import Compensation, SubtaskSpec
from collegium_schemas.tasks import Failure, FailureKind, TaskFailed
from orchestrator_worlds import RUN, World, ended, line, review, started, steps, types

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
    assert ended(world).reason == "check.r2 (check) failed at its first attempt: contradiction: contradiction happened"


def test_a_review_that_passed_begins_no_round() -> None:
    """Also when it says what could be looked at once more."""
    world = looped()
    world.succeed("check", review={**review("find").model_dump(), "passed": True})
    assert types(list(world.last.events)) == ["attempt_succeeded", "attempt_dispatched"]
    assert world.running() == ["send"]


@pytest.mark.parametrize(("known", "follows"), [(True, "attempt_dispatched"), (False, "run_ended")])
def test_a_review_without_a_loop_or_a_playbook_begins_no_round(*, known: bool, follows: str) -> None:
    """A playbook may have none, and may be gone by then."""
    world = started("check", "send")
    world.playbooks = world.playbooks if known else {}
    world.succeed("check", review=review("check").model_dump())
    assert types(list(world.last.events)) == ["attempt_succeeded", follows]


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


def test_a_playbook_without_a_loop_has_no_other_round() -> None:
    """Whatever is asked for."""
    world = started("one")
    follow_ups = review("one").follow_ups
    assert next_round(line("one"), world.live(), follow_ups, "thin") is None


def test_subtasks_of_a_plan_are_bounded_with_those_that_undo_them() -> None:
    """Each compensation may become a subtask of its own."""
    half = limits.MAX_PLAN_SUBTASKS // 2
    undone = [spec(f"s{number}").model_copy(update={"compensate": Compensation()}) for number in range(half + 1)]
    validate(undone[:-1], [each.subtask_id for each in undone])
    with pytest.raises(PlanError, match="the plan has 5002 subtasks, compensations included; the limit is 5000"):
        validate(undone, [each.subtask_id for each in undone])
