"""How effects are undone, field by field: order, plan, limits, and what the run's end says."""

import pytest

from collegium.orchestrator.core.compensating import compensation_plan, not_undone, to_undo
from collegium.orchestrator.core.deciding import give_up
from collegium.orchestrator.core.model import InterventionArrived, Moment, Rules
from collegium.orchestrator.core.planning import PlanError, validate
from collegium_schemas import limits
from collegium_schemas.base import TraceContext
from collegium_schemas.events import AttemptSucceeded, RunEnded, RunEnding, RunRejected
from collegium_schemas.objective import Action, Intervention, RunStatus
from collegium_schemas.plan import Compensation, SubtaskSpec
from collegium_schemas.playbook import Playbook
from collegium_schemas.tasks import Failure, FailureKind
from orchestrator_worlds import RUN, World, arrived, review, succeeded, word

STEPS: list[dict[str, object]] = [
    {
        "id": "book",
        "effects": ["alpha", "omega"],
        "params": {"a": 1, "b": 1},
        "compensate": {
            "instruction": "unbook for {goal}",
            "role": "undoer",
            "params": {"b": 2},
            "effects": ["omega"],
            "timeout_ms": 77,
            "retry": {"max_attempts": 2},
        },
    },
    {"id": "pay", "effects": ["beta"], "compensate": {}},
    {"id": "note", "effects": ["gamma"]},
    {"id": "confirm", "inputs": ["book", "pay", "note"]},
]


def begun(**extra: object) -> World:
    """A run whose first three steps are under way at once."""
    steps = [{"role": step["id"], "instruction": "x", **step} for step in STEPS]
    world = World({"saga": Playbook.model_validate({"name": "saga", "steps": steps, **extra})})
    world.take(arrived("g" * 1_500, playbook="saga"))
    assert world.running() == ["book", "pay", "note"]
    return world


def cancel(world: World, reason: str = "enough") -> None:
    """Bob cancels."""
    word = Intervention(run_id=RUN, action=Action.CANCEL, requester="bob", reason=reason)
    world.take(InterventionArrived(RUN, word))


def test_the_latest_end_is_undone_first_whatever_the_plans_order() -> None:
    """`pay` ended before `book`, so `book` is undone first; what has no compensation is left out."""
    world = begun()
    world.succeed("pay")
    assert world.part("pay").ended_version == 2
    world.succeed("note")
    assert world.part("note").ended_version is None
    world.succeed("book")
    assert [part.spec.subtask_id for part, _ in to_undo(world.live())] == ["book", "pay"]


def test_what_has_not_ended_is_undone_before_what_has() -> None:
    """Whatever happened last may depend on what happened before."""
    world = begun()
    world.succeed("book")
    assert [part.spec.subtask_id for part, _ in to_undo(world.live())] == ["pay", "book"]


def test_the_plan_that_undoes_says_everything() -> None:
    """Each compensation waits for the one before and for what it undoes; what has not started is superseded."""
    world = begun()
    world.succeed("pay")
    world.succeed("book")
    change = compensation_plan(world.live(), "r" * 5_000)
    assert change is not None
    assert (change.version, change.round, change.removed) == (2, 1, ("confirm",))
    assert change.reason == ("compensating: " + "r" * 5_000)[:4_000]
    book, pay = change.added
    assert book == SubtaskSpec(
        subtask_id="undo.book",
        step="book",
        role="undoer",
        instruction="unbook for " + "g" * 1_000,
        params={"a": 1, "b": 2},
        depends_on=("book",),
        inputs=("book",),
        timeout_ms=77,
        retry=book.retry,
        effects=("omega",),
        compensates="book",
    )
    assert book.retry.max_attempts == 2
    assert (pay.role, pay.effects, pay.instruction) == ("pay", ("beta",), Compensation().instruction)
    assert pay.depends_on == ("undo.book", "pay")


def test_nothing_to_undo_is_no_plan() -> None:
    """Also where a compensation is declared and nothing was dispatched."""
    steps = [
        {"id": "a", "role": "a", "instruction": "x"},
        {**STEPS[0], "role": "b", "instruction": "x", "after": ["a"]},
    ]
    world = World({"saga": Playbook.model_validate({"name": "saga", "steps": steps})})
    world.take(arrived(playbook="saga"))
    assert to_undo(world.live()) == []
    assert compensation_plan(world.live(), "x") is None


def test_an_end_after_the_undoing_is_the_one_that_was_meant() -> None:
    """Status, reason, limit and requester are kept until then; the undoing has a deadline of its own."""
    world = begun(compensation_ms=5_000)
    cancel(world)
    ending = world.last.events[0]
    assert ending == RunEnding(
        status=RunStatus.CANCELLED, reason="enough", requester="bob", deadline_at_ms=world.now_ms + 5_000
    )
    stopped = Failure(kind=FailureKind.CANCELLED, message="the run ends and undoes its effects", permanent=True)
    assert world.part("note").failure == stopped
    assert world.part("pay").ended_version == world.live().header.version
    assert world.live().header.open_subtasks == 2
    assert not_undone(world.live()) == ("pay", "book")
    world.succeed("undo.pay")
    assert not_undone(world.live()) == ("book",)
    world.succeed("undo.book")
    assert world.last.events[-1] == RunEnded(status=RunStatus.CANCELLED, reason="enough", requester="bob")
    assert world.live().header.effects == (
        "book/alpha",
        "book/omega",
        "pay/beta",
        "note/gamma",
        "undo.pay/beta",
        "undo.book/omega",
    )


def test_an_end_that_leaves_something_names_it_and_why_it_ended() -> None:
    """A human has to look at it."""
    world = begun()
    cancel(world)
    for attempt in range(1, 6):
        world.fail("undo.pay", FailureKind.TIMEOUT)
        if attempt < 5:
            world.fire("retry", "undo.pay", attempt + 1)
    world.succeed("undo.book")
    expected = RunEnded(status=RunStatus.FAILED, reason="not undone: pay; cancelled because: enough", requester="bob")
    assert world.last.events[-1] == expected


def test_a_halted_run_keeps_its_limit_through_the_undoing() -> None:
    """The deadline halts, then the effects are undone, then the run is halted."""
    world = begun()
    world.fire("run_deadline")
    assert world.running() == ["undo.pay"]
    world.succeed("undo.pay")
    world.succeed("undo.book")
    end = world.last.events[-1]
    assert end == RunEnded(status=RunStatus.HALTED, reason="the run's deadline has passed", limit="deadline")


def test_long_reasons_are_cut_to_what_a_record_may_say() -> None:
    """Whoever wrote them."""
    world = begun()
    world.take(
        InterventionArrived(RUN, Intervention(run_id=RUN, action=Action.CANCEL, requester="b", reason="y" * 4_000))
    )
    ending = world.last.events[0]
    assert isinstance(ending, RunEnding)
    assert len(ending.reason) == 4_000


def test_the_span_that_sent_an_outcome_is_kept() -> None:
    """What follows from it links there."""
    trace = TraceContext(traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    world = begun()
    outcome = succeeded(world.part("book"), RUN)
    world.take(type(outcome)(RUN, outcome.outcome, trace))
    event = world.last.events[0]
    assert isinstance(event, AttemptSucceeded)
    assert event.trace == trace
    assert world.part("book").trace == trace


def spec(number: int, effects: int, undoing: int | None) -> SubtaskSpec:
    """A node with so many effects, and a compensation with its own or the same ones."""
    how = Compensation() if undoing is None else Compensation(effects=tuple(f"u{n}" for n in range(undoing)))
    return SubtaskSpec(
        subtask_id=f"s{number}",
        step="s",
        role="r",
        instruction="x",
        effects=tuple(f"e{n}" for n in range(effects)),
        compensate=how,
    )


@pytest.mark.parametrize(("effects", "undoing", "fit"), [(8, None, 16), (8, 0, 32), (6, 2, 32)])
def test_effects_of_a_plan_are_bounded_with_what_undoes_them(effects: int, undoing: int | None, fit: int) -> None:
    """256 in all: the keys of a run are kept as long as the run."""
    specs = [spec(number, effects, undoing) for number in range(fit + 1)]
    validate(specs[:-1], {each.subtask_id for each in specs})
    with pytest.raises(PlanError, match=f"compensations included; the limit is {limits.MAX_RUN_EFFECTS}"):
        validate(specs, {each.subtask_id for each in specs})


def with_undoing_params(own: int) -> World:
    """A run whose task has two parameters less than a task may have, and its compensation so many of its own."""
    undoing = {"params": {"p0": 1, **{f"u{number}": 1 for number in range(own)}}}
    step = {"id": "send", "role": "r", "instruction": "x", "effects": ["a"], "compensate": undoing}
    step |= {"params": {f"p{number}": 0 for number in range(limits.MAX_PARAMS - 3)}}
    world = World({"line": Playbook.model_validate({"name": "line", "steps": [step], "params": {"more": 1}})})
    world.take(arrived(playbook="line"))
    return world


def test_a_compensation_with_as_many_parameters_as_a_task_may_have_is_planned() -> None:
    """With those of its step and of the playbook; one that replaces another counts once."""
    world = with_undoing_params(2)
    cancel(world)
    assert world.running() == ["undo.send"]
    assert len(world.part("undo.send").spec.params) == limits.MAX_PARAMS


def test_a_compensation_with_too_many_parameters_is_refused_before_anything_is_done() -> None:
    """Found out at the run's end, it would leave the effects."""
    world = with_undoing_params(3)
    [event] = world.last.events
    assert isinstance(event, RunRejected)
    assert "the compensation of subtask send would have 33 parameters; the limit is 32" in event.reason


def test_an_objective_with_too_many_effects_is_rejected() -> None:
    """A fan-out of effects meets the bound before anything is done."""
    step = {"id": "send", "role": "r", "instruction": "x", "for_each": "question", "effects": ["a", "b"]}
    playbook = Playbook.model_validate({"name": "line", "steps": [step], "decomposition": {"max_questions": 200}})
    world = World({"line": playbook})
    world.take(arrived("\n".join(f"q{number} a" for number in range(150)), playbook="line"))
    [event] = world.last.events
    assert isinstance(event, RunRejected)
    assert "300 effects" in event.reason


def test_undoing_in_a_second_round_stays_in_it() -> None:
    """The round is that of the run."""
    steps: list[dict[str, object]] = [
        {"id": "book", "effects": ["alpha"], "compensate": {}},
        {"id": "check", "inputs": ["book"]},
    ]
    full = [{"role": step["id"], "instruction": "x", **step} for step in steps]
    loop = {"review": "check", "repeat": ["check"], "max_rounds": 2}
    world = World({"saga": Playbook.model_validate({"name": "saga", "steps": full, "loop": loop})})
    world.take(arrived(playbook="saga"))
    world.succeed("book")
    world.succeed("check", review=review("check").model_dump())
    assert world.live().header.round == 2
    cancel(world)
    assert world.live().header.round == 2
    assert world.running() == ["undo.book"]


def test_an_undoing_whose_budget_is_exhausted_fails_alone() -> None:
    """The run ends already: nothing halts it again, the other effects are undone, and it says that not all are."""
    world = begun()
    cancel(world)
    assert world.running() == ["undo.pay"]
    world.fail("undo.pay", FailureKind.BUDGET_EXHAUSTED)
    assert [event.type for event in world.last.events] == ["attempt_failed", "subtask_failed", "attempt_dispatched"]
    assert world.running() == ["undo.book"]
    world.succeed("undo.book")
    end = world.last.events[-1]
    assert isinstance(end, RunEnded)
    assert (end.status, end.limit) == (RunStatus.FAILED, None)
    assert "pay" in end.reason


def test_what_a_second_round_did_is_undone_in_that_round() -> None:
    """The step was to follow the first round, and was planned anew with the second."""
    steps: list[dict[str, object]] = [
        {"id": "check"},
        {"id": "send", "after": ["check"], "effects": ["alpha"], "compensate": {}},
    ]
    full = [{"role": step["id"], "instruction": "x", **step} for step in steps]
    loop = {"review": "check", "repeat": ["check"], "max_rounds": 2}
    world = World({"saga": Playbook.model_validate({"name": "saga", "steps": full, "loop": loop})})
    world.take(arrived(playbook="saga"))
    world.succeed("check", review=review("check").model_dump())
    world.succeed("check.r2")
    assert world.running() == ["send"]
    cancel(world)
    assert world.part("undo.send").spec.round == 2


def test_a_run_given_up_for_a_long_reason_still_names_all_that_is_not_undone() -> None:
    """The reason takes half of what a record may say."""
    decided = give_up(begun().live(), word(Action.PAUSE), "r" * 4_000, Rules({}), Moment(5_000, 0.5))
    [end] = decided.events
    assert isinstance(end, RunEnded)
    assert end.reason == "r" * 2_000 + "; not undone: pay, book"


def test_undoing_may_cost_more_than_the_budget() -> None:
    """The run ends already: its effects are undone whatever that costs."""
    world = World({"saga": begun().playbooks["saga"]})
    world.take(arrived(playbook="saga", budget={"tokens": 10}))
    cancel(world)
    world.succeed("undo.pay", usage={"input_tokens": 11})
    assert world.running() == ["undo.book"]


def test_an_undoing_that_fails_begins_no_round() -> None:
    """Also where the playbook has been replaced by one that repeats the step: a run that ends repeats nothing."""
    world = begun()
    cancel(world)
    steps = [{"id": name, "role": name, "instruction": "x"} for name in ("pay", "check")]
    loop = {"review": "check", "repeat": ["pay", "check"], "max_rounds": 2}
    world.playbooks = {"saga": Playbook.model_validate({"name": "saga", "steps": steps, "loop": loop})}
    world.fail("undo.pay", FailureKind.CONTRADICTION)
    assert [event.type for event in world.last.events] == ["attempt_failed", "subtask_failed", "attempt_dispatched"]
    assert world.running() == ["undo.book"]


def test_the_runs_own_deadline_does_not_end_the_undoing() -> None:
    """The undoing has one of its own, and only that ends it."""
    world = begun(compensation_ms=5_000)
    cancel(world)
    world.fire("run_deadline")
    assert (world.last.events, world.last.dropped) == ((), "stale_timer")
    world.now_ms += 5_000
    world.fire("run_deadline")
    assert world.live().header.status is RunStatus.FAILED


def test_a_long_reason_with_what_is_not_undone_is_cut() -> None:
    """What is not undone comes first, so that it is not lost."""
    world = begun(compensation_ms=5_000)
    cancel(world, "y" * 4_000)
    world.now_ms += 5_000
    world.fire("run_deadline")
    end = world.last.events[-1]
    assert isinstance(end, RunEnded)
    assert end.reason == ("not undone: pay, book; cancelled because: " + "y" * 4_000)[:4_000]
