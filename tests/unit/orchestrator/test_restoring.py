"""A partition restored from run-state in every form that compaction may leave it in."""

from collections.abc import Callable
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from collegium.log.memory import MemoryBroker, MemoryLog
from collegium.log.port import NewTopic, Outgoing, TopicPartition
from collegium.orchestrator.core.model import Rules, Run
from collegium.orchestrator.core.timing import TIMED, subtask_timer, timers
from collegium.orchestrator.shell.parts import changed_parts
from collegium.orchestrator.shell.restoring import Restored, restore
from collegium.orchestrator.shell.store import RunStore
from collegium_schemas.objective import Action
from collegium_schemas.state import InputPosition, SubtaskStatus
from collegium_schemas.tasks import FailureKind
from orchestrator_worlds import World, arrived, word

SOURCE = TopicPartition("run-state", 0)
MOVES = st.lists(st.sampled_from(["succeed", "fail", "cancel", "archive", "deadline"]), max_size=8)
Writes = list[list[tuple[str, bytes | None]]]


def first(waiting: list[Writes]) -> Writes:
    """The run whose decision is written next, where the order does not matter."""
    return waiting[0]


def run_id(number: int) -> str:
    """A run's id."""
    return f"0190aaaa-0000-7000-8000-{number:012d}"


def lives(number: int, moves: list[str]) -> tuple[Writes, Run | None]:
    """What each decision of a run's life writes, and the run in the end."""
    world = World()
    writes: Writes = []

    def wrote(before: Run | None) -> None:
        changed = changed_parts(before, world.run)
        writes.append(
            [(f"{run_id(number)}/{name}", None if part is None else part.to_json()) for name, part in changed]
        )

    world.take(arrived(run_id=run_id(number)))
    wrote(None)
    for move in moves:
        before = world.run
        if before is None:
            break
        running = world.running()
        match move:
            case "succeed" if running:
                world.succeed(running[0])
            case "fail" if running:
                world.fail(running[0], FailureKind.TIMEOUT)
            case "cancel":
                world.take(word(Action.CANCEL, run_id(number)))
            case "deadline":
                world.fire("run_deadline")
            case "archive":
                world.fire("archive")
            case _:
                continue
        if world.run is not before:
            wrote(before)
    return writes, world.run


async def written(broker: MemoryBroker, lives_of: list[Writes], choose: Callable[[list[Writes]], Writes]) -> None:
    """Write lives to the log, interleaved, each life's decisions in order."""
    async with MemoryLog(broker) as log:
        await log.create([NewTopic(SOURCE.topic, 1, {"cleanup.policy": "compact"})])
        producer = await log.transactional_producer("owner")
        left = [list(life) for life in lives_of]
        number = 0
        while waiting := [life for life in left if life]:
            number += 1
            await producer.begin()
            for key, body in choose(waiting).pop(0):
                await producer.send(Outgoing(SOURCE.topic, key.encode(), body, (), 0))
            position = InputPosition(topic="results", partition=0, next_offset=number)
            await producer.send(Outgoing(SOURCE.topic, b"__pos/results", position.to_json(), (), 0))
            await producer.commit()


async def restored(broker: MemoryBroker, latest: int = 2) -> Restored:
    """What a new owner finds."""
    async with MemoryLog(broker) as log:
        return await restore(log, SOURCE, Rules({}), RunStore(), latest=latest)


def check(found: Restored, runs: dict[str, Run | None], decisions: int) -> None:
    """The same runs, timers, order and positions as the ones that were written."""
    alive = {key: run for key, run in runs.items() if run is not None}
    assert {key: found.store.load(key) for key in runs} == runs
    assert len(found.store) == len(alive)
    assert found.store.ended == sum(run.header.status.terminal for run in alive.values())
    expected = sorted(t for run in alive.values() for t in timers(run.header, run.subtasks.values(), Rules({})))
    assert found.timers.due(2**62, 10_000) == expected
    assert found.positions == {"results": decisions}


@settings(max_examples=60)
@given(st.lists(MOVES, min_size=1, max_size=5), st.randoms(), st.sampled_from(["whole", "half", "tombs", "clean"]))
async def test_what_was_written_is_restored(moves: list[list[str]], order: Random, compaction: str) -> None:
    """Compacted not at all, up to some point, with and without tombstones: offsets have gaps, the state is the same."""
    written_lives = [lives(number, each) for number, each in enumerate(moves)]
    broker = MemoryBroker()
    await written(broker, [writes for writes, _ in written_lives], order.choice)
    log = broker.partition(SOURCE)
    if compaction == "half":
        log.compact(keep_tombstones=False)
        late, _ = lives(77, ["succeed", "fail"])
        await written_more(broker, late)
    elif compaction != "whole":
        log.compact(keep_tombstones=compaction == "tombs")
    runs = {run_id(number): run for number, (_, run) in enumerate(written_lives)}
    if compaction == "half":
        runs[run_id(77)] = lives(77, ["succeed", "fail"])[1]
    check(await restored(broker), runs, sum(len(writes) for writes, _ in written_lives))


async def written_more(broker: MemoryBroker, writes: Writes) -> None:
    """Records behind what is compacted."""
    async with MemoryLog(broker) as log:
        producer = await log.transactional_producer("owner")
        for write in writes:
            await producer.begin()
            for key, body in write:
                await producer.send(Outgoing(SOURCE.topic, key.encode(), body, (), 0))
            await producer.commit()


async def test_a_tombstone_that_compaction_took_before_the_others_leaves_no_run() -> None:
    """A run whose header is gone is archived, whatever else of it is still there; its timers are gone, too."""
    [accepted], _ = lives(1, [])
    broker = MemoryBroker()
    await written(broker, [[[(key, body) for key, body in accepted if not key.endswith("/header")]]], first)
    found = await restored(broker)
    assert len(found.store) == 0
    assert len(found.timers) == 0


async def test_the_latest_runs_come_with_the_restored_partition() -> None:
    """As many of the live runs as are asked for, the last changed first; ended ones are not among them."""
    broker = MemoryBroker()
    await written(broker, [lives(1, [])[0], lives(2, ["succeed"])[0], lives(3, ["cancel"])[0]], first)
    found = await restored(broker, latest=1)
    [parts] = found.latest
    assert b'"run_id":"%s"' % run_id(2).encode() in parts["header"]
    assert not (await restored(broker, latest=0)).latest


def test_only_the_named_statuses_have_timers() -> None:
    """Restoring decodes no subtask of another status: none of them may have a timer."""
    world = World()
    world.take(arrived())
    part = world.part("retrieve.1").model_copy(update={"retry_at_ms": 5, "deadline_at_ms": 6, "dispatched_at_ms": 4})
    timed = {
        status
        for status in SubtaskStatus
        if subtask_timer(run_id(1), part.model_copy(update={"status": status}), Rules({})) is not None
    }
    assert timed == set(TIMED)
