"""Runs with effects: waiting for a human when nobody knows what happened, and undoing what was done."""

from pathlib import Path

import pytest

from collegium.orchestrator.core.deciding import give_up
from collegium.orchestrator.core.messages import commands
from collegium.orchestrator.core.model import InterventionArrived, Moment, OutcomeArrived, Rules, Timer, TimerFired
from collegium.orchestrator.playbooks import load_playbook
from collegium_schemas.objective import Action, Intervention, RunStatus
from collegium_schemas.playbook import Playbook
from collegium_schemas.tasks import ControlState, FailureKind, TaskFailed, TaskRequested
from effect_worlds import SAGA
from orchestrator_worlds import RUN, World, arrived, succeeded, types, word

EXAMPLES = Path(__file__).parents[3] / "examples" / "playbooks"


def saga(playbook: Playbook = SAGA, **fields: object) -> World:
    """A run of the saga: book, pay, confirm."""
    world = World(playbooks={playbook.name: playbook})
    world.take(arrived(playbook=playbook.name, **fields))
    return world


def fail_for_good(world: World, subtask_id: str) -> list[str]:
    """The current attempt fails and cannot be mended."""
    return types(world.fail(subtask_id, FailureKind.TOOL_ERROR, permanent=True))


def says(action: Action, subtask_id: str | None = None) -> InterventionArrived:
    """A human's word on a subtask."""
    meant = Intervention(run_id=RUN, action=action, requester="ann", subtask_id=subtask_id)
    return InterventionArrived(RUN, meant)


def tasks(world: World) -> list[TaskRequested]:
    """The tasks of the last decision."""
    return [message for message in commands(world.history[-1], world.run, {}) if isinstance(message, TaskRequested)]


def test_a_task_carries_the_rights_that_its_step_grants() -> None:
    """Execution rights travel with the task, and only where the playbook gives them."""
    world = saga()
    assert [task.effects for task in tasks(world)] == [("alpha",)]
    world.succeed("book")
    world.succeed("pay")
    assert [task.effects for task in tasks(world)] == [()]


def test_a_run_that_completes_undoes_nothing() -> None:
    """Compensations are for runs that do not complete."""
    world = saga()
    for step in ("book", "pay", "confirm"):
        events = world.succeed(step)
    assert types(events) == ["attempt_succeeded", "run_ended"]
    assert world.live().header.status is RunStatus.COMPLETED
    assert world.live().header.effects == ("book/alpha", "pay/beta")


def test_a_failure_after_effects_undoes_them_in_reverse_order_and_only_then_ends_the_run() -> None:
    """The plan shows it: a new version whose subtasks undo the latest effect first."""
    world = saga()
    world.succeed("book")
    world.succeed("pay")
    assert fail_for_good(world, "confirm") == [
        "attempt_failed",
        "subtask_failed",
        "run_ending",
        "plan_adopted",
        "attempt_dispatched",
    ]
    plan = world.live().plan
    assert plan is not None
    assert plan.reason.startswith("compensating: confirm (effector) failed")
    assert world.running() == ["undo.pay"]
    assert types(world.succeed("undo.pay")) == ["attempt_succeeded", "attempt_dispatched"]
    assert world.running() == ["undo.book"]
    assert types(world.succeed("undo.book")) == ["attempt_succeeded", "run_ended"]
    header = world.live().header
    assert (header.status, header.ending is not None) == (RunStatus.FAILED, True)
    assert "confirm" in header.reason


def test_a_compensation_is_told_what_it_undoes() -> None:
    """Its task names the subtask, carries its outputs and the right to the same targets."""
    world = saga()
    world.succeed("book")
    world.take(word(Action.CANCEL))
    undoing = {task.subtask_id: task for task in tasks(world)}["undo.pay"]
    assert (undoing.compensates, undoing.effects, undoing.instruction) == ("pay", ("beta",), "pay it back")


def test_the_stop_order_goes_out_when_the_undoing_begins() -> None:
    """Work under way is stopped at once; the terminal status needs no second order."""
    world = saga()
    world.take(word(Action.CANCEL))
    first = [m for m in commands(world.history[-1], world.run, {}) if isinstance(m, ControlState)]
    assert [order.name for order in first] == [RUN]
    world.succeed("undo.book")
    assert [m for m in commands(world.history[-1], world.run, {}) if isinstance(m, ControlState)] == []


def test_an_effect_under_way_is_undone_as_well_and_its_late_outcome_dropped() -> None:
    """Only its compensation can find out whether it happened."""
    world = saga()
    part = world.part("book")
    world.take(word(Action.CANCEL))
    assert world.running() == ["undo.book"]
    assert world.take(succeeded(part, RUN)) == []
    world.succeed("undo.book")
    assert world.live().header.status is RunStatus.CANCELLED


def test_a_run_without_effects_so_far_ends_at_once() -> None:
    """Nothing was dispatched that could have had one."""
    steps = [{"id": "look", "role": "r", "instruction": "x"}, {**SAGA.steps[0].model_dump(), "after": ["look"]}]
    world = saga(Playbook.model_validate({"name": "later", "steps": steps}))
    assert types(world.take(word(Action.CANCEL))) == ["run_ended"]


@pytest.mark.parametrize("cause", ["cancel", "deadline", "budget", "steps"])
def test_every_way_to_end_early_undoes_first(cause: str) -> None:
    """Cancel, deadline, budget and steps: the terminal status is theirs, after the undoing."""
    bounds = {"budget": {"tokens": 10}} if cause == "budget" else {"budget": {"steps": 1}} if cause == "steps" else {}
    world = saga(**bounds)
    match cause:
        case "cancel":
            world.take(word(Action.CANCEL))
        case "deadline":
            world.fire("run_deadline")
        case "budget":
            world.succeed("book", usage={"input_tokens": 11, "output_tokens": 0})
        case _:
            world.succeed("book")
    assert world.running() == ["undo.book"]
    world.succeed("undo.book")
    header = world.live().header
    wanted = {"cancel": (RunStatus.CANCELLED, None)}.get(cause, (RunStatus.HALTED, cause))
    assert (header.status, header.limit) == wanted


def test_what_cannot_be_undone_is_named_and_the_rest_is_undone() -> None:
    """Retries first; then the run ends as failed, and says what is left."""
    world = saga()
    world.succeed("book")
    world.succeed("pay")
    fail_for_good(world, "confirm")
    assert types(world.fail("undo.pay", FailureKind.TIMEOUT)) == ["attempt_failed", "retry_scheduled"]
    world.fire("retry", "undo.pay", 2)
    assert fail_for_good(world, "undo.pay") == ["attempt_failed", "subtask_failed", "attempt_dispatched"]
    world.succeed("undo.book")
    assert world.live().header.status is RunStatus.FAILED
    assert world.live().header.reason.startswith("not undone: pay; failed because:")


def test_the_undoing_has_a_deadline_of_its_own() -> None:
    """The run's deadline does not cut it short; its own does, and says what is left."""
    world = saga()
    world.succeed("book")
    stale = Timer(world.now_ms, RUN, "run_deadline")
    world.take(word(Action.CANCEL))
    deadline_ms = world.live().header.deadline_at_ms
    assert deadline_ms == world.now_ms + SAGA.compensation_ms
    assert world.take(TimerFired(stale)) == []
    world.take(TimerFired(Timer(deadline_ms, RUN, "run_deadline")))
    assert world.live().header.status is RunStatus.FAILED
    assert "not undone: pay, book" in world.live().header.reason


def test_a_second_cancel_is_refused_while_effects_are_undone() -> None:
    """It would change nothing, and says so."""
    world = saga()
    world.take(word(Action.CANCEL))
    assert types(world.take(word(Action.CANCEL))) == ["input_refused"]


def test_pause_holds_the_undoing_back_until_resume() -> None:
    """People come first; the deadline goes on."""
    world = saga()
    world.succeed("book")
    world.take(word(Action.CANCEL))
    world.take(word(Action.PAUSE))
    assert types(world.succeed("undo.pay")) == ["attempt_succeeded"]
    assert types(world.take(word(Action.RESUME))) == ["run_resumed", "attempt_dispatched"]


def test_a_run_given_up_on_an_internal_error_names_what_is_not_undone() -> None:
    """No further decision is safe then, so nothing is undone."""
    world = saga()
    decided = give_up(world.run, word(Action.PAUSE), "internal error", Rules({}), Moment(1, 0.0))
    assert "not undone: book" in getattr(decided.events[0], "reason", "")
    world.succeed("book")
    world.take(word(Action.CANCEL))
    world.succeed("undo.pay")
    decided = give_up(world.run, word(Action.PAUSE), "internal error", Rules({}), Moment(1, 0.0))
    assert getattr(decided.events[0], "reason", "") == "internal error; not undone: book"


def test_the_example_withdraws_its_report_when_the_announcement_fails() -> None:
    """The playbook that users copy does what it says."""
    example = load_playbook(EXAMPLES / "report-and-announce.yaml")
    world = saga(example)
    for step in ("retrieve.1", "analyse", "draft", "verify", "deliver"):
        world.succeed(step)
    assert [task.effects for task in tasks(world)] == [("announcements",)]
    assert "run_ending" in fail_for_good(world, "announce")
    assert [task.compensates for task in tasks(world)] == ["announce"]
    world.succeed("undo.announce")
    assert [task.instruction for task in tasks(world)] == ["Withdraw the report on: What is a topic?"]
    world.succeed("undo.deliver")
    assert world.live().header.status is RunStatus.FAILED


# -- an outcome that nobody knows


def unknown() -> World:
    """A run whose booking may or may not have happened."""
    world = saga()
    events = world.fail("book", FailureKind.OUTCOME_UNKNOWN)
    assert types(events) == ["attempt_failed", "approval_requested"]
    assert world.live().header.status is RunStatus.WAITING_APPROVAL
    return world


def test_an_unknown_outcome_asks_a_human_and_says_what() -> None:
    """The event carries the question and when it expires."""
    world = unknown()
    [asked] = [event for event in world.last.events if event.type == "approval_requested"]
    assert "approve" in asked.question
    assert (asked.effects, asked.expires_at_ms) == (("alpha",), world.live().header.deadline_at_ms)
    assert world.running() == []


@pytest.mark.parametrize(("action", "assume"), [(Action.APPROVE, "done"), (Action.RETRY, "absent")])
def test_approve_and_retry_send_another_attempt_with_the_word(action: Action, assume: str) -> None:
    """The specialist goes on with what the human says about the attempts before."""
    world = unknown()
    assert types(world.take(says(action))) == ["approval_answered", "attempt_dispatched"]
    assert world.live().header.status is RunStatus.RUNNING
    [task] = tasks(world)
    assert task.effect_word is not None
    assert (task.attempt, task.effect_word.assume, task.effect_word.through_attempt) == (2, assume, 1)


def test_deny_fails_the_subtask_and_does_not_undo_what_did_not_happen() -> None:
    """The human says that there is nothing to take back."""
    world = unknown()
    assert types(world.take(says(Action.DENY))) == ["approval_answered", "subtask_failed", "run_ended"]
    assert world.live().header.status is RunStatus.FAILED


def test_deny_undoes_a_subtask_with_several_effects() -> None:
    """The human speaks of the one in doubt; another may have happened before it."""
    book = {**SAGA.steps[0].model_dump(), "effects": ("alpha", "beta")}
    world = saga(Playbook.model_validate({"name": "several", "steps": [book]}))
    world.fail("book", FailureKind.OUTCOME_UNKNOWN)
    events = types(world.take(says(Action.DENY)))
    assert events == ["approval_answered", "subtask_failed", "run_ending", "plan_adopted", "attempt_dispatched"]
    [undoing] = tasks(world)
    assert (undoing.compensates, undoing.effects) == ("book", ("alpha", "beta"))
    world.succeed("undo.book")
    assert world.live().header.status is RunStatus.FAILED


def test_an_answer_that_nobody_waits_for_is_refused() -> None:
    """Also for another subtask than the one that waits."""
    world = saga()
    assert types(world.take(says(Action.APPROVE))) == ["input_refused"]
    world = unknown()
    assert types(world.take(says(Action.APPROVE, "pay"))) == ["input_refused"]
    assert types(world.take(says(Action.RAISE_BUDGET))) == ["input_refused"]
    assert types(world.take(says(Action.APPROVE, "book"))) == ["approval_answered", "attempt_dispatched"]


def test_an_answer_on_another_attempt_than_the_one_that_waits_is_refused() -> None:
    """A word that is sent again meets the next question of the same subtask, and is not about it."""
    world = unknown()
    first = Intervention(run_id=RUN, action=Action.APPROVE, requester="ann", subtask_id="book", attempt=1)
    world.take(says(Action.RETRY))
    world.fail("book", FailureKind.OUTCOME_UNKNOWN)
    assert types(world.take(InterventionArrived(RUN, first))) == ["input_refused"]
    assert world.live().header.status is RunStatus.WAITING_APPROVAL
    second = first.model_copy(update={"attempt": 2})
    assert types(world.take(InterventionArrived(RUN, second))) == ["approval_answered", "attempt_dispatched"]


def parallel() -> World:
    """Two effects at once, both unknown."""
    steps = [{**SAGA.steps[0].model_dump(), "id": name} for name in ("one", "two")]
    world = saga(Playbook.model_validate({"name": "both", "steps": steps}))
    for name in ("one", "two"):
        world.fail(name, FailureKind.OUTCOME_UNKNOWN)
    return world


def test_when_several_wait_the_answer_must_say_which() -> None:
    """The run goes on once the last has been answered."""
    world = parallel()
    assert types(world.take(says(Action.APPROVE))) == ["input_refused"]
    assert types(world.take(says(Action.APPROVE, "two"))) == ["approval_answered"]
    assert world.live().header.status is RunStatus.WAITING_APPROVAL
    assert types(world.take(says(Action.RETRY, "one"))) == [
        "approval_answered",
        "attempt_dispatched",
        "attempt_dispatched",
    ]


def test_a_paused_run_takes_answers_and_acts_on_them_when_resumed() -> None:
    """Pause and approval do not undo each other."""
    world = unknown()
    world.take(word(Action.PAUSE))
    assert types(world.take(says(Action.APPROVE))) == ["approval_answered"]
    assert world.live().header.status is RunStatus.PAUSED
    assert types(world.take(word(Action.RESUME))) == ["run_resumed", "attempt_dispatched"]
    world = unknown()
    world.take(word(Action.PAUSE))
    world.take(word(Action.RESUME))
    assert world.live().header.status is RunStatus.WAITING_APPROVAL


def test_an_unanswered_question_ends_with_the_deadline_and_is_undone() -> None:
    """The compensation finds out what the attempt could not."""
    world = unknown()
    world.fire("run_deadline")
    assert world.running() == ["undo.book"]
    world.succeed("undo.book")
    assert (world.live().header.status, world.live().header.limit) == (RunStatus.HALTED, "deadline")


def test_an_undoing_whose_outcome_is_unknown_asks_as_well() -> None:
    """Approve counts it as undone."""
    world = saga()
    world.take(word(Action.CANCEL))
    assert types(world.fail("undo.book", FailureKind.OUTCOME_UNKNOWN)) == ["attempt_failed", "approval_requested"]
    world.take(says(Action.APPROVE))
    world.succeed("undo.book")
    assert world.live().header.status is RunStatus.CANCELLED


def test_an_optional_effect_that_is_denied_lets_the_run_go_on() -> None:
    """What waited for it is dispatched."""
    steps = [{**step.model_dump(), "optional": step.id == "book"} for step in SAGA.steps]
    world = saga(Playbook.model_validate({"name": "maybe", "steps": steps}))
    world.fail("book", FailureKind.OUTCOME_UNKNOWN)
    assert types(world.take(says(Action.DENY))) == ["approval_answered", "subtask_failed", "attempt_dispatched"]
    assert world.running() == ["pay"]


def test_attempts_stay_bounded_when_people_retry() -> None:
    """After the last one, only deny and cancel are left."""
    world = unknown()
    for _ in range(19):
        world.take(says(Action.RETRY))
        world.fail("book", FailureKind.OUTCOME_UNKNOWN)
    assert world.part("book").attempt == 20
    assert types(world.take(says(Action.RETRY))) == ["input_refused"]
    assert "run_ended" in types(world.take(says(Action.DENY)))


def test_a_late_poison_or_failure_of_an_attempt_given_up_changes_nothing() -> None:
    """What the run has stopped waiting for is dropped."""
    world = saga()
    part = world.part("book")
    world.take(word(Action.CANCEL))
    late = TaskFailed.model_validate(
        {
            **{"run_id": RUN, "subtask_id": "book", "attempt": part.attempt, "role": "effector", "worker": "w"},
            **{"started_at_ms": 1, "ended_at_ms": 2, "failure": {"kind": "timeout", "message": "late"}},
        }
    )
    assert world.take(OutcomeArrived(RUN, late, None)) == []
