"""The work that decisions ask for: tasks with all that a specialist needs, and orders to stop."""

import pytest

from collegium.orchestrator.core.messages import commands, task_of
from collegium_schemas import limits
from collegium_schemas.events import AttemptDispatched
from collegium_schemas.objective import Action
from collegium_schemas.playbook import Playbook
from collegium_schemas.tasks import ControlScope, ControlState, FailureKind, TaskRequested
from orchestrator_worlds import RUN, World, arrived, line, review, started, steps, word


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
        run_accepted_at_ms=world.live().header.accepted_at_ms,
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
    [task] = list(commands(world.history[-1], world.run, {f"{n:064x}": "x" * size for n, size in enumerate(sizes)}))
    assert isinstance(task, TaskRequested)
    assert [(each.subtask_id, each.step, each.ref.inline) for each in task.inputs] == [
        ("one", "one", "x" * sizes[0]),
        ("one", "one", None),
    ]


def test_a_run_that_does_not_complete_is_stopped_everywhere() -> None:
    """One order for its run; a completed run needs none, and neither does an archived one."""
    world = started()
    accepted_at_ms = world.live().header.accepted_at_ms
    world.take(word(Action.CANCEL))
    assert list(commands(world.history[-1], world.run, {})) == [
        ControlState(
            scope=ControlScope.RUN,
            name=RUN,
            run_accepted_at_ms=accepted_at_ms,
            stopped=True,
            reason="the run ended as cancelled",
            at_ms=world.now_ms,
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


def test_work_says_how_it_is_done_and_how_often_its_worker_is_to_be_heard() -> None:
    """The strategy is the attempt's, the time between beats the step's."""
    world = steps({"id": "one", "strategy": "model", "heartbeat_timeout_ms": 7_000})
    [task] = list(commands(world.history[0], world.run, {}))
    assert isinstance(task, TaskRequested)
    assert (task.strategy, task.heartbeat_timeout_ms) == ("model", 7_000)


def test_work_says_which_run_of_its_name_it_is_of() -> None:
    """By the time of its acceptance, whichever attempt it is."""
    world = steps({"id": "one", "effects": ["alpha"]})
    accepted_at_ms = world.now_ms
    world.fail("one", FailureKind.TIMEOUT)
    world.now_ms += 60_000
    world.fire("retry", "one", 2)
    [task] = list(commands(world.history[-1], world.run, {}))
    assert isinstance(task, TaskRequested)
    assert (task.attempt, task.effects, task.run_accepted_at_ms) == (2, ("alpha",), accepted_at_ms)


def test_work_of_a_later_round_says_so_and_what_it_is_to_return() -> None:
    """With the plan's version that it belongs to."""
    given = [{"id": name, "role": name, "instruction": "x"} for name in ("find", "judge")]
    given[0]["outputs"] = ["evidence"]
    given[1]["inputs"] = ["find"]
    loop = {"review": "judge", "repeat": ["find", "judge"], "max_rounds": 3}
    world = World({"line": Playbook.model_validate({"name": "line", "steps": given, "loop": loop})})
    world.take(arrived(playbook="line"))
    world.succeed("find")
    world.succeed("judge", review=review("find").model_dump())
    [task] = [each for each in commands(world.history[-1], world.run, {}) if isinstance(each, TaskRequested)]
    assert (task.step, task.plan_version, task.round, task.outputs) == ("find", 2, 2, ("evidence",))


def test_as_many_outputs_as_a_task_can_be_given_are_all_given() -> None:
    """Also those that nobody asked for."""
    names = [f"s{number}" for number in range(limits.MAX_INPUTS // limits.MAX_OUTPUTS)]
    world = steps(*({"id": name} for name in names), {"id": "last", "inputs": names}, max_steps=1_000)
    for name in names:
        world.succeed(name, outputs=[output(number) for number in range(limits.MAX_OUTPUTS)])
    [task] = [each for each in commands(world.history[-1], world.run, {}) if isinstance(each, TaskRequested)]
    assert len(task.inputs) == limits.MAX_INPUTS


def output(number: int) -> dict[str, object]:
    """A reference to a small output."""
    return {"name": f"o{number}", "partition": 0, "offset": number, "sha256": "ab" * 32, "size_bytes": 1}
