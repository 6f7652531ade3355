"""What follows from one input: acceptance, dispatch, retries, re-plans, limits, people, ends."""

from datetime import UTC, datetime

import pytest

from collegium.orchestrator.core.deciding import decide
from collegium.orchestrator.core.model import Moment, ObjectiveInvalid, Rules
from collegium.telemetry.tracing import run_trace
from collegium_schemas.objective import Action, RunStatus
from collegium_schemas.tasks import FailureKind
from orchestrator_worlds import REPORT, RUN, World, arrived, line, review, succeeded, types, word


def started(goal: str = "What is a topic?", **fields: object) -> World:
    """A run of the built-in playbook."""
    world = World()
    world.take(arrived(goal, **fields))
    return world


def chain(*roles: str, **extra: object) -> World:
    """A run of a chain of roles."""
    world = World(playbooks={"line": line(*roles, **extra)})
    world.take(arrived(playbook="line"))
    return world


def test_an_objective_is_accepted_planned_and_dispatched_in_one_decision() -> None:
    """One record holds acceptance, plan and the first tasks."""
    world = started("What is a topic and how does a partition keep order?")
    assert types(list(world.last.events)) == [
        "run_accepted",
        "plan_adopted",
        "attempt_dispatched",
        "attempt_dispatched",
    ]
    assert world.running() == ["retrieve.1", "retrieve.2"]
    assert world.live().header.status is RunStatus.RUNNING


def test_a_fan_in_waits_for_all() -> None:
    """Analysis starts when the last retrieval has ended, and is given all of them."""
    world = started("What is a topic and how does a partition keep order?")
    assert types(world.succeed("retrieve.2")) == ["attempt_succeeded"]
    assert types(world.succeed("retrieve.1")) == ["attempt_succeeded", "attempt_dispatched"]
    assert world.part("analyse").spec.inputs == ("retrieve.1", "retrieve.2")


def test_a_run_completes_when_its_last_subtask_has_ended() -> None:
    """Straight through, exactly one end; the terminal run keeps its header alone."""
    world = started()
    for subtask in ("retrieve.1", "analyse", "draft", "verify", "deliver"):
        events = world.succeed(subtask)
    assert types(events) == ["attempt_succeeded", "run_ended"]
    assert world.live().header.status is RunStatus.COMPLETED
    assert world.live().subtasks == {}


def test_the_same_objective_again_changes_nothing() -> None:
    """Sending is idempotent by run_id and content."""
    world = started()
    assert world.take(arrived()) == []
    assert world.last.dropped == "duplicate_objective"


def test_another_objective_under_the_same_run_id_is_refused_and_the_run_goes_on() -> None:
    """The sender finds the refusal in the run's history."""
    world = started()
    assert types(world.take(arrived("something else entirely"))) == ["input_refused"]
    assert world.running() == ["retrieve.1"]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"playbook": "nope"}, "unknown playbook 'nope'; known: research-report"),
        ({"deadline": datetime(1970, 1, 1, tzinfo=UTC)}, "in the past"),
        ({"params": {"colour": "red"}}, "unknown parameter 'colour'"),
    ],
)
def test_an_objective_that_cannot_run_ends_as_failed_with_the_reason(fields: dict[str, object], says: str) -> None:
    """A rejected objective is answered by a failed run."""
    world = started(**fields)
    assert types(list(world.last.events)) == ["run_rejected"]
    assert world.live().header.status is RunStatus.FAILED
    assert says in world.live().header.reason


def test_an_invalid_playbook_is_named_with_its_fault() -> None:
    """The reason repeats the loader's line-numbered fault."""
    decided = decide(None, arrived(playbook="broken"), Rules({}, {"broken": "line 3: bad"}), Moment(1, 0.0))
    assert "line 3: bad" in getattr(decided.events[0], "reason", "")


def test_what_cannot_be_understood_never_disturbs_a_run_of_the_same_id() -> None:
    """Garbage under an existing run_id is noted on that run, which goes on."""
    world = started()
    garbage = ObjectiveInvalid(RUN, "no JSON", "0" * 64, run_trace(RUN, None), None)
    assert types(world.take(garbage)) == ["input_refused"]
    assert world.live().header.status is RunStatus.RUNNING


def test_a_second_outcome_of_an_attempt_is_dropped() -> None:
    """The first outcome wins, whatever the second says."""
    world = chain("one", "two")
    world.succeed("one")
    assert world.succeed("one") == []
    assert world.last.dropped == "duplicate_outcome"
    assert world.fail("one", FailureKind.INTERNAL) == []


def test_an_outcome_without_the_outputs_it_owes_is_invalid() -> None:
    """Acceptance: every named output is there."""
    world = started()
    events = world.succeed("retrieve.1", outputs=[])
    assert types(events)[0] == "attempt_failed"
    assert world.live().header.status is RunStatus.FAILED
    assert "evidence" in world.live().header.reason


def test_retries_back_off_and_then_dispatch_the_next_attempt() -> None:
    """A passing failure is tried again, after a delay, as the next attempt."""
    world = chain("one")
    events = world.fail("one", FailureKind.DEPENDENCY_UNAVAILABLE)
    assert types(events) == ["attempt_failed", "retry_scheduled"]
    assert world.part("one").retry_at_ms == world.now_ms + 375
    assert types(world.fire("retry", "one", 2)) == ["attempt_dispatched"]
    assert world.part("one").attempt == 2


def test_attempts_are_bounded_and_the_run_fails_with_the_last_reason() -> None:
    """Three attempts by default."""
    world = chain("one")
    for attempt in (1, 2):
        world.fail("one", FailureKind.TIMEOUT)
        world.fire("retry", "one", attempt + 1)
    assert types(world.fail("one", FailureKind.TIMEOUT)) == ["attempt_failed", "subtask_failed", "run_ended"]
    assert "after 3 attempts" in world.live().header.reason


def test_a_permanent_failure_is_not_retried() -> None:
    """A missing corpus stays missing."""
    world = chain("one")
    events = world.fail("one", FailureKind.TOOL_ERROR, permanent=True)
    assert types(events) == ["attempt_failed", "subtask_failed", "run_ended"]


def test_policy_denials_are_never_retried() -> None:
    """Escalation ends the run for a human to look at."""
    world = chain("one")
    assert "run_ended" in types(world.fail("one", FailureKind.POLICY_DENIED))


def test_an_optional_subtask_may_fail() -> None:
    """What waited for it goes on without it."""
    steps = [
        {"id": "maybe", "role": "maybe", "instruction": "x", "optional": True},
        {"id": "then", "role": "then", "instruction": "x", "inputs": ["maybe"]},
    ]
    world = World(playbooks={"line": line("maybe").model_validate({"name": "line", "steps": steps})})
    world.take(arrived(playbook="line"))
    events = world.fail("maybe", FailureKind.POISON)
    assert types(events) == ["attempt_failed", "subtask_failed", "attempt_dispatched"]
    assert types(world.succeed("then")) == ["attempt_succeeded", "run_ended"]
    assert world.live().header.status is RunStatus.COMPLETED


def test_an_attempt_without_outcome_times_out_and_is_retried() -> None:
    """The deadline's timer is an input like any other; fired late or twice, it does nothing."""
    world = chain("one")
    assert types(world.fire("attempt_deadline", "one", 1)) == ["attempt_failed", "retry_scheduled"]
    assert world.fire("attempt_deadline", "one", 1) == []
    assert world.last.dropped == "stale_timer"


def test_the_run_deadline_halts_and_says_which_limit() -> None:
    """Halted carries the limit."""
    world = chain("one")
    world.fire("run_deadline")
    assert (world.live().header.status, world.live().header.limit) == (RunStatus.HALTED, "deadline")


def test_the_step_bound_halts_before_anything_more_is_dispatched() -> None:
    """A playbook's and an objective's bound hold, whichever is lower."""
    world = World(playbooks={"line": line("one", "two", max_steps=1)})
    world.take(arrived(playbook="line"))
    events = world.succeed("one")
    assert types(events) == ["attempt_succeeded", "run_ended"]
    assert world.live().header.limit == "steps"


def test_settled_usage_beyond_the_budget_halts() -> None:
    """Tokens and money are bounded by the run's budget."""
    world = World(playbooks={"line": line("one", "two")})
    world.take(arrived(playbook="line", budget={"tokens": 10}))
    events = world.succeed("one", usage={"input_tokens": 8, "output_tokens": 3})
    assert types(events) == ["attempt_succeeded", "run_ended"]
    assert world.live().header.limit == "budget"


def test_cancel_ends_the_run_and_late_outcomes_are_dropped() -> None:
    """Exactly one terminal status, whatever still arrives."""
    world = chain("one", "two")
    part = world.part("one")
    assert types(world.take(word(Action.CANCEL))) == ["run_ended"]
    assert world.take(succeeded(part, RUN)) == []
    assert world.last.dropped == "late_outcome"


def test_a_paused_run_accepts_outcomes_and_dispatches_on_resume() -> None:
    """Pause holds dispatches back, also of retries that fall due; resume makes up for them."""
    world = chain("one", "two")
    world.take(word(Action.PAUSE))
    assert world.take(word(Action.PAUSE)) == []
    assert types(world.succeed("one")) == ["attempt_succeeded"]
    assert types(world.take(word(Action.RESUME))) == ["run_resumed", "attempt_dispatched"]
    assert world.running() == ["two"]


def test_a_retry_that_falls_due_during_a_pause_is_dispatched_on_resume() -> None:
    """Nothing is forgotten."""
    world = chain("one")
    world.fail("one", FailureKind.TIMEOUT)
    world.take(word(Action.PAUSE))
    world.now_ms += 60_000
    assert world.fire("retry", "one", 2) == []
    assert types(world.take(word(Action.RESUME))) == ["run_resumed", "attempt_dispatched"]


def test_words_that_do_not_apply_are_refused_in_the_history() -> None:
    """An approval that nobody waits for is answered."""
    world = chain("one")
    assert types(world.take(word(Action.APPROVE))) == ["input_refused"]


def test_a_word_on_an_unknown_or_ended_run_is_unusable() -> None:
    """Its sender finds it among the dead letters."""
    world = World()
    world.take(word(Action.CANCEL))
    assert "there is no run" in (world.last.unusable or "")
    world = chain("one")
    world.take(word(Action.CANCEL))
    world.take(word(Action.CANCEL))
    assert "already ended as cancelled" in (world.last.unusable or "")


def test_a_review_that_does_not_pass_leads_to_a_new_plan_version_with_its_reason() -> None:
    """Targeted re-retrieval: only what the review asks for, and what follows from it."""
    world = started()
    for subtask in ("retrieve.1", "analyse", "draft"):
        world.succeed(subtask)
    events = world.succeed("verify", review=review("retrieve").model_dump())
    assert types(events) == ["attempt_succeeded", "plan_adopted", "attempt_dispatched"]
    assert world.live().plan is not None
    assert "1 refuted" in world.live().plan.reason
    assert world.running() == ["retrieve.1.r2"]
    assert world.part("draft.r2").spec.inputs == ("retrieve.1", "retrieve.1.r2", "analyse.r2", "draft", "verify")
    assert world.part("deliver").spec.depends_on == ("draft.r2", "verify.r2")


def test_a_revision_alone_does_not_retrieve_again() -> None:
    """The round starts at the earliest step that the review names."""
    world = started()
    for subtask in ("retrieve.1", "analyse", "draft"):
        world.succeed(subtask)
    world.succeed("verify", review=review("draft").model_dump())
    assert world.running() == ["draft.r2"]
    assert world.part("draft.r2").spec.inputs == ("retrieve.1", "analyse", "draft", "verify")


def test_rounds_are_bounded_and_then_the_run_delivers_what_holds() -> None:
    """Three rounds; afterwards delivery withholds what is still unsupported."""
    world = started()
    world.succeed("retrieve.1")
    world.succeed("analyse")
    for suffix in ("", ".r2", ".r3"):
        world.succeed(f"draft{suffix}")
        events = world.succeed(f"verify{suffix}", review=review("draft").model_dump())
    assert types(events) == ["attempt_succeeded", "attempt_dispatched"]
    assert world.running() == ["deliver"]


def test_a_terminal_run_is_archived_and_its_id_is_free_again() -> None:
    """Archiving removes the run from run-state; its history has it."""
    world = chain("one")
    world.succeed("one")
    assert types(world.fire("archive")) == ["run_archived"]
    assert world.run is None


def test_low_confidence_in_a_loop_step_starts_another_round() -> None:
    """The taxonomy's re-plan, while rounds are left."""
    steps = [step.model_copy(update={"min_confidence": 0.5}) if step.id == "draft" else step for step in REPORT.steps]
    world = World(playbooks={"research-report": REPORT.model_copy(update={"steps": tuple(steps)})})
    world.take(arrived())
    world.succeed("retrieve.1")
    world.succeed("analyse")
    events = world.succeed("draft", confidence=0.2)
    assert types(events) == ["attempt_failed", "subtask_failed", "plan_adopted", "attempt_dispatched"]
    assert world.running() == ["draft.r2"]


def test_a_model_strategy_falls_back_to_the_deterministic_one() -> None:
    """Invalid output of a model is tried again without it."""
    steps = [{"id": "one", "role": "one", "instruction": "x", "strategy": "model"}]
    world = World(playbooks={"line": line("one").model_validate({"name": "line", "steps": steps})})
    world.take(arrived(playbook="line"))
    assert types(world.fail("one", FailureKind.INVALID_OUTPUT)) == ["attempt_failed", "retry_scheduled"]
    world.fire("retry", "one", 2)
    assert world.part("one").strategy == "deterministic"
