"""Bounds on plans: one that breaks a bound is refused with a reason that names it, before anything is dispatched."""

import re

import pytest

from collegium.orchestrator.core.messages import (
    MAX_INLINE_PER_DECISION_BYTES,
    MAX_INLINE_PER_TASK_BYTES,
    commands,
)
from collegium.orchestrator.core.planning import PlanError, validate
from collegium.orchestrator.core.questions import MAX_PATTERN_CHARS, decompose
from collegium.orchestrator.core.sizes import MAX_PARAMS_BYTES, MAX_PLAN_BYTES, params_bytes
from collegium_schemas import limits
from collegium_schemas.base import Scalar
from collegium_schemas.events import RunRejected
from collegium_schemas.plan import SubtaskSpec
from collegium_schemas.playbook import Playbook
from collegium_schemas.tasks import TaskRequested
from orchestrator_worlds import World, arrived, line, review


def spec(subtask_id: str, *after: str) -> SubtaskSpec:
    """A node of a plan."""
    return SubtaskSpec(subtask_id=subtask_id, step="s", role="r", instruction="x", depends_on=after)


def rejection(world: World) -> str:
    """Why the objective was refused."""
    [event] = world.last.events
    assert isinstance(event, RunRejected)
    return event.reason


def asked(steps: list[dict[str, object]], goal: str, **extra: object) -> World:
    """What a playbook with these steps, whose roles are their names, makes of a goal."""
    full = [{"role": step["id"], "instruction": "{goal}", **step} for step in steps]
    world = World({"line": Playbook.model_validate({"name": "line", "steps": full, **extra})})
    world.take(arrived(goal, playbook="line"))
    return world


def many_questions(count: int) -> str:
    """A goal of so many sub-questions."""
    return "\n".join(f"q{number} a" for number in range(count))


def test_a_plan_has_at_most_so_many_subtasks() -> None:
    """5,000 pass, one more is refused."""
    most = [spec(f"s{number}") for number in range(limits.MAX_PLAN_SUBTASKS + 1)]
    validate(most[:-1], {each.subtask_id for each in most})
    with pytest.raises(PlanError, match=r"the plan has 5001 subtasks.*; the limit is 5000"):
        validate(most, {each.subtask_id for each in most})


def test_an_objective_whose_plan_is_too_large_is_rejected() -> None:
    """24 steps for each of 250 questions make 6,000 subtasks: the sender is told the limit."""
    steps: list[dict[str, object]] = [{"id": f"step-{number}", "for_each": "question"} for number in range(24)]
    world = asked(steps, many_questions(250), decomposition={"max_questions": 250})
    assert re.match(r"no plan within the limits: the plan has 6000 subtasks.*; the limit is 5000", rejection(world))


def test_a_plan_is_at_most_so_deep() -> None:
    """A chain of 64 passes, one of 65 is refused."""
    chain = [spec("s0"), *(spec(f"s{number}", f"s{number - 1}") for number in range(1, limits.MAX_PLAN_DEPTH + 1))]
    known = {each.subtask_id for each in chain}
    validate(chain[:-1], known)
    with pytest.raises(PlanError, match="the plan is 65 subtasks deep; the limit is 64"):
        validate(chain, known)


def test_a_subtask_that_would_wait_for_too_many_is_refused_with_the_bound() -> None:
    """Two fan-outs of 200 into one step: 400 is over 256."""
    steps: list[dict[str, object]] = [
        {"id": "one", "for_each": "question"},
        {"id": "two", "for_each": "question"},
        {"id": "join", "inputs": ["one"], "after": ["two"]},
    ]
    world = asked(steps, many_questions(200), decomposition={"max_questions": 200})
    assert rejection(world) == "no plan within the limits: subtask join would wait for 400 others; the limit is 256"
    assert world.run is not None
    assert world.run.header.status.terminal


def test_a_subtask_that_would_be_given_too_many_outputs_is_refused_with_the_bound() -> None:
    """200 subtasks of two outputs each into one step: 400 is over 256. One output of each passes."""
    steps: list[dict[str, object]] = [
        {"id": "one", "for_each": "question", "outputs": ["a", "b"]},
        {"id": "join", "inputs": ["one"]},
    ]
    full: dict[str, object] = {"decomposition": {"max_questions": 200}, "max_steps": 1_000}
    said = "no plan within the limits: subtask join would be given 400 outputs of others; the limit is 256"
    assert rejection(asked(steps, many_questions(200), **full)) == said
    steps[0]["outputs"] = ["a"]
    assert len(asked(steps, many_questions(200), **full).running()) == 200


def test_outputs_that_no_plan_asks_for_are_left_out_of_a_task_that_would_have_too_many() -> None:
    """20 subtasks return 16 outputs each, of which their plan asks for one: the task after them is given 20."""
    steps: list[dict[str, object]] = [
        {"id": "one", "for_each": "question", "outputs": ["o3"]},
        {"id": "join", "inputs": ["one"]},
    ]
    world = asked(steps, many_questions(20), decomposition={"max_questions": 20})
    refs = [
        {"name": f"o{number}", "partition": 0, "offset": number, "sha256": "0" * 64, "size_bytes": 1}
        for number in range(limits.MAX_OUTPUTS)
    ]
    for number in range(1, 21):
        world.succeed(f"one.{number}", outputs=refs)
    [task] = list(commands(world.history[-1], world.run, {}))
    assert isinstance(task, TaskRequested)
    assert [given.ref.name for given in task.inputs] == ["o3"] * 20
    assert [given.subtask_id for given in task.inputs] == [f"one.{number}" for number in range(1, 21)]


def test_a_subtask_waits_for_as_many_as_the_bound_says() -> None:
    """128 and 128 into one step are 256."""
    steps: list[dict[str, object]] = [
        {"id": "one", "for_each": "question"},
        {"id": "two", "for_each": "question"},
        {"id": "join", "inputs": ["one", "two"]},
    ]
    world = asked(steps, many_questions(128), decomposition={"max_questions": 128}, max_steps=1_000)
    assert len(world.part("join").spec.depends_on) == limits.MAX_FAN_OUT


def test_a_subtask_with_too_many_parameters_is_refused_with_the_bound() -> None:
    """The playbook's, the step's and the question's own count together."""
    steps: list[dict[str, object]] = [
        {"id": "one", "for_each": "question", "params": {f"s{number}": number for number in range(16)}}
    ]
    world = asked(steps, "What is tea?", params={f"p{number}": number for number in range(15)})
    assert rejection(world) == "no plan within the limits: subtask one.1 would have 33 parameters; the limit is 32"


@pytest.mark.parametrize("letter", ["x", "é", "\u0001", '"'])
def test_the_parameters_of_a_subtask_have_at_most_so_many_bytes(letter: str) -> None:
    """Counted as JSON, whose escapes may be six times as long as the text: at the bound they pass, past it not."""
    each = params_bytes({"text": letter}) - params_bytes({"text": ""})
    room, rest = divmod(MAX_PARAMS_BYTES - params_bytes({"text": ""}), each)
    steps: list[dict[str, object]] = [{"id": "one", "params": {"text": letter * room + "x" * rest}}]
    assert asked(steps, "What is tea?").running() == ["one"]
    steps = [{"id": "one", "params": {"text": letter * room + "x" * (rest + 1)}}]
    assert rejection(asked(steps, "What is tea?")) == (
        "no plan within the limits: subtask one would have 65537 bytes of parameters; the limit is 65536: "
        "ask for less, or put long text into a corpus"
    )


def test_names_and_quotes_of_many_parameters_count_too() -> None:
    """Where all text is escaped, what stands around the texts decides."""
    many: dict[str, Scalar] = {f"p{number}": "\u0001" * 681 for number in range(16)}
    least = dict(many) | {"p0": "\u0001" * 677}
    for params, fits in ((least, True), (many, False)):
        assert (params_bytes(params) <= MAX_PARAMS_BYTES) is fits
        world = asked([{"id": "one", "params": params}], "What is tea?")
        assert bool(world.running()) is fits


def test_the_parameters_of_a_compensation_count_with_those_of_its_step() -> None:
    """What undoes a step is given both, and must not turn out as too large once there is something to undo."""
    half = "x" * (MAX_PARAMS_BYTES // 2)
    undo = {"params": {"more": half}}
    steps: list[dict[str, object]] = [{"id": "one", "effects": ["e"], "params": {"text": half}, "compensate": undo}]
    said = "no plan within the limits: the compensation of subtask one would have 65560 bytes of parameters"
    assert rejection(asked(steps, "What is tea?")).startswith(said)


def test_a_plan_has_at_most_so_many_bytes() -> None:
    """Each of 200 subtasks may have 50,000 bytes, but not all of them."""

    def specs(count: int) -> list[SubtaskSpec]:
        return [spec(f"s{number}").model_copy(update={"params": {"p": "x" * 50_000}}) for number in range(count)]

    fit = MAX_PLAN_BYTES // len(specs(1)[0].to_json())
    assert fit > 100
    known = {f"s{number}" for number in range(200)}
    validate(specs(fit - 1), known)
    *most, last = specs(fit)
    room = MAX_PLAN_BYTES - sum(len(each.to_json()) for each in (*most, last))
    full = last.model_copy(update={"params": {"p": "x" * (50_000 + room)}})
    validate([*most, full], known)
    with pytest.raises(PlanError, match=f"the plan has {MAX_PLAN_BYTES + 1} bytes"):
        validate([*most, full.model_copy(update={"instruction": "xx"})], known)
    with pytest.raises(PlanError, match=f"the plan has .* bytes; the limit is {MAX_PLAN_BYTES}"):
        validate(specs(200), {f"s{number}" for number in range(200)})


def test_a_round_that_would_break_a_bound_is_not_begun() -> None:
    """The review asks for another round whose last step would wait for too many: what there is, is delivered."""
    steps: list[dict[str, object]] = [
        {"id": "find", "for_each": "question"},
        {"id": "check", "inputs": ["find"]},
        {"id": "send", "inputs": ["check"]},
    ]
    loop = {"review": "check", "repeat": ["find", "check"], "max_rounds": 2}
    world = asked(steps, many_questions(256), decomposition={"max_questions": 256}, loop=loop, max_steps=1_000)
    for number in range(1, 257):
        world.succeed(f"find.{number}")
    world.succeed("check", review=review("find").model_dump())
    assert world.running() == ["send"]


def test_a_step_fans_out_to_as_many_as_the_bound_says() -> None:
    """Questions beyond the bound are joined into the last one, so that nothing of the goal is lost."""
    steps: list[dict[str, object]] = [{"id": "find", "for_each": "question"}]
    world = asked(steps, many_questions(300), decomposition={"max_questions": limits.MAX_FAN_OUT}, max_steps=1_000)
    assert len(world.running()) == limits.MAX_FAN_OUT
    assert "q299 a" in str(world.part("find.256").spec.params["question"])


def test_questions_that_follow_join_those_not_asked_within_the_bound() -> None:
    """A new round of a step for each question may not fan out beyond the bound either."""
    steps: list[dict[str, object]] = [
        {"id": "check"},
        {"id": "find", "for_each": "question", "inputs": ["check"]},
        {"id": "judge", "inputs": ["check"]},
    ]
    loop = {"review": "judge", "repeat": ["find", "judge"], "max_rounds": 2}
    world = asked(steps, many_questions(256), decomposition={"max_questions": 256}, loop=loop, max_steps=2)
    world.succeed("check")
    assert world.run is not None
    assert world.run.header.limit == "steps"


def test_a_long_sentence_stays_one_question() -> None:
    """Beyond the bound no pattern is tried: backtracking would cost the cube of the length."""
    versus = "a" * (MAX_PATTERN_CHARS - 10) + " versus b"
    assert len(decompose(versus, 8)) == 2
    assert [question.text for question in decompose("a" + versus + "cc", 8)] == ["a" + versus + "cc"]


def test_a_task_carries_so_much_content_and_references_the_rest() -> None:
    """Inline content stops at the bound; what does not fit any more is named by its place."""
    world = World({"line": line("one", "two")})
    world.take(arrived(playbook="line"))
    size = 30_000
    refs = [
        {"name": f"o{number}", "partition": 0, "offset": number, "sha256": f"{number:064x}", "size_bytes": size}
        for number in range(12)
    ]
    world.succeed("one", outputs=refs)
    inline = {f"{number:064x}": "x" * size for number in range(12)}
    [task] = list(commands(world.history[-1], world.run, inline))
    carried = [given.ref.inline for given in getattr(task, "inputs", ())]
    assert len(carried) == 12
    assert sum(content is not None for content in carried) == MAX_INLINE_PER_TASK_BYTES // size == 8


def test_the_tasks_of_a_decision_carry_so_much_content_together() -> None:
    """Forty subtasks are given the same 240,000 bytes: the first of them as content, the others by its place."""
    steps: list[dict[str, object]] = [
        {"id": "one"},
        *({"id": f"join-{number}", "inputs": ["one"]} for number in range(40)),
    ]
    world = asked(steps, "What is tea?")
    size = 30_000
    refs = [
        {"name": f"o{number}", "partition": 0, "offset": number, "sha256": f"{number:064x}", "size_bytes": size}
        for number in range(8)
    ]
    world.succeed("one", outputs=refs)
    inline = {f"{number:064x}": "x" * size for number in range(8)}
    tasks = list(commands(world.history[-1], world.run, inline))
    carried = [given.ref.inline is not None for task in tasks for given in getattr(task, "inputs", ())]
    assert len(carried) == 40 * 8
    assert sum(carried) == MAX_INLINE_PER_DECISION_BYTES // size == 69
    assert carried == sorted(carried, reverse=True)


def test_content_is_carried_where_its_reference_names_its_size() -> None:
    """Else a task could carry any number of copies of it, each of which claims to be of one byte."""
    steps: list[dict[str, object]] = [{"id": "one"}, {"id": "join", "inputs": ["one"]}]
    world = asked(steps, "What is tea?")
    refs = [
        {"name": f"o{number}", "partition": 0, "offset": 1, "sha256": "a" * 64, "size_bytes": size}
        for number, size in enumerate((1, 60_000, 1, 30_000))
    ]
    world.succeed("one", outputs=refs)
    [task] = list(commands(world.history[-1], world.run, {"a" * 64: "é" * 30_000}))
    assert isinstance(task, TaskRequested)
    assert [given.ref.inline is not None for given in task.inputs] == [False, True, False, False]
