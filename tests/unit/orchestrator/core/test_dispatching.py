"""How much one decision dispatches: the order is kept, and everything that a task says is weighed."""

from bisect import bisect_left

import pytest

from collegium.orchestrator.core.dispatching import LARGEST_INPUT_BYTES, Room
from collegium_schemas.events import RetryScheduled
from collegium_schemas.limits import MAX_MESSAGE_BYTES
from collegium_schemas.objective import ObjectiveSubmitted
from collegium_schemas.plan import SubtaskSpec
from collegium_schemas.state import SubtaskPart
from collegium_schemas.tasks import ContextRef, Failure, FailureKind
from orchestrator_worlds import RUN, World, arrived, steps, types

FRAME_BYTES = 512
FAILURE = Failure(kind=FailureKind.TIMEOUT, message="slow")


def part(name: str, size: int = 1, inputs: tuple[str, ...] = (), **fields: object) -> SubtaskPart:
    """A subtask with an instruction so long."""
    spec = SubtaskSpec(subtask_id=name, step="s", role="r", instruction="x" * size, depends_on=inputs, inputs=inputs)
    return SubtaskPart.model_validate({"spec": spec, "strategy": "deterministic", **fields})


def objective(goal: str, **params: int) -> ObjectiveSubmitted:
    """An objective."""
    return ObjectiveSubmitted.model_validate({"goal": goal, "run_id": RUN, "params": params})


def room_for(*parts: SubtaskPart, of: ObjectiveSubmitted | None = None, beside: tuple[SubtaskPart, ...] = ()) -> int:
    """The least room that takes all of these subtasks."""
    every = {each.spec.subtask_id: each for each in (*parts, *beside)}

    def fit(most_bytes: int) -> int:
        room = Room(most_bytes)
        return int(all(room.takes(each, every, of) for each in parts))

    return bisect_left(range(100_000), 1, key=fit)


def test_all_that_two_tasks_say_is_weighed() -> None:
    """Their frames and specs, the objective twice without its parameters, each input, and a failure before."""
    plain = room_for(part("a"), part("b"))
    assert plain == 2 * FRAME_BYTES + len(part("a").spec.to_json()) + len(part("b").spec.to_json())
    said = objective("g" * 100)
    assert room_for(part("a"), part("b"), of=said) == plain + 2 * len(said.to_json())
    assert room_for(part("a"), part("b"), of=objective("g" * 100, depth=1)) == plain + 2 * len(said.to_json())
    assert room_for(part("a"), part("b", failure=FAILURE)) == plain + len(FAILURE.to_json())
    assert room_for(part("a", failure=FAILURE), part("b")) == plain + len(FAILURE.to_json())
    refs = tuple(ContextRef(name=n, partition=0, offset=1, sha256="ab" * 32, size_bytes=2) for n in ("x", "y"))
    given = part("given", inputs=("source",))
    without = room_for(part("a"), given, beside=(part("source"),))
    assert room_for(part("a"), given, beside=(part("source", outputs=refs),)) == without + 2 * LARGEST_INPUT_BYTES
    three = room_for(part("a"), part("b"), part("c"))
    assert three - plain == FRAME_BYTES + len(part("c").spec.to_json())


@pytest.mark.parametrize(("most_bytes", "fit"), [(0, 1), (MAX_MESSAGE_BYTES * 3 // 2, 1), (2 * MAX_MESSAGE_BYTES, 2)])
def test_so_many_tasks_as_fit_anyway_are_not_weighed(most_bytes: int, fit: int) -> None:
    """One whatever the room is, and one for each message of the largest size that it has room for."""
    sources = tuple(f"i{number}" for number in range(256))
    refs = tuple(ContextRef(name=f"o{n}", partition=0, offset=1, sha256="ab" * 32, size_bytes=2) for n in range(16))
    heavy = [part(name, inputs=sources) for name in ("a", "b", "c")]
    every = dict.fromkeys(sources, part("source", outputs=refs))
    assert len(sources) * len(refs) * LARGEST_INPUT_BYTES > MAX_MESSAGE_BYTES
    room = Room(most_bytes)
    assert [room.takes(each, every, None) for each in heavy] == [number < fit for number in range(3)]
    assert room.deferred == 3 - fit


def test_once_something_has_no_room_nothing_further_has() -> None:
    """A small task does not pass a large one."""
    every = {name: part(name, size) for name, size in (("a", 1), ("b", 4_000), ("c", 1))}
    room = Room(room_for(every["a"], every["c"]))
    assert [room.takes(each, every, None) for each in every.values()] == [True, False, False]
    assert room.deferred == 2


def test_what_waits_for_its_turn_keeps_its_strategy() -> None:
    """It is due at once, as its first attempt."""
    playbooks = steps({"id": "a"}, {"id": "b", "strategy": "model"}, {"id": "c"}).playbooks
    world = World(playbooks, dispatched_bytes=1)
    world.take(arrived(playbook="line"))
    assert types(list(world.last.events))[2:] == ["attempt_dispatched", "retry_scheduled", "retry_scheduled"]
    expected = RetryScheduled(subtask_id="b", attempt=1, at_ms=world.now_ms, strategy="model")
    assert world.last.events[3] == expected
    assert (world.part("b").strategy, world.part("c").strategy) == ("model", "deterministic")


def test_what_waits_for_its_turn_counts_as_a_step() -> None:
    """A run whose steps end with what waits already is halted by the next one, before anything more is sent."""
    world = World(steps({"id": "a"}, {"id": "b"}, {"id": "c"}).playbooks, dispatched_bytes=1)
    world.take(arrived(playbook="line", budget={"steps": 2}))
    assert world.live().header.status == "halted"
    assert "the run has used its 2 steps" in world.live().header.reason


def test_the_objective_of_the_run_is_weighed_with_each_task() -> None:
    """The same subtasks have room where less is asked for."""
    playbooks = steps({"id": "a"}, {"id": "b"}).playbooks
    for goal, running in (("g", ["a", "b"]), ("g" * 5_000, ["a"])):
        world = World(playbooks, dispatched_bytes=8_000)
        world.take(arrived(goal, playbook="line"))
        assert world.running() == running
