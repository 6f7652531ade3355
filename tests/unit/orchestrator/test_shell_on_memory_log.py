"""The commit protocol on the memory log: sharing, takeover, fencing, forwarding, refusals, timers, traces."""

import asyncio
import json
import uuid
from collections import Counter

from collegium.log.memory import MemoryLog
from collegium.orchestrator.core.folding import evolve
from collegium.orchestrator.shell.parts import POSITION_KEY, assemble
from collegium.telemetry.waterfall import check_tree
from collegium_schemas.events import RunDecided
from collegium_schemas.objective import RunStatus
from collegium_schemas.tasks import Failure, FailureKind, TaskFailed, TaskRequested
from memory_worlds import NAMES, MemoryWorld, done, is_ended, now_ms, running, until
from orchestrator_worlds import line

CHAIN = line("alpha", "beta", "gamma")


async def world(partitions: int = 2) -> MemoryWorld:
    """A prepared world with the chain playbook."""
    made = MemoryWorld(CHAIN, partitions)
    await made.prepare()
    return made


def objective(**fields: object) -> bytes:
    """An objective's body."""
    return json.dumps({"goal": "What is a topic?", "playbook": "line", **fields}).encode()


def status(history: list[RunDecided]) -> RunStatus:
    """A run's status by its history."""
    run = None
    for decided in history:
        run = evolve(run, decided)
    assert run is not None
    return run.header.status


async def test_runs_complete_through_two_orchestrators() -> None:
    """Partitions are shared; every run ends once, every attempt is dispatched once."""
    it = await world(4)
    specialists = [it.specialist(role, done) for role in it.roles]
    async with running(it.orchestrator("one").run(), it.orchestrator("two").run(), *specialists):
        for _ in range(30):
            run_id = str(uuid.uuid4())
            await it.send("objectives", objective(run_id=run_id), run_id)
        runs = await it.until_ended(30)
    assert {status(history) for history in runs.values()} == {RunStatus.COMPLETED}
    assert max(Counter(it.dispatched).values()) == 1
    assert {decided.owner for history in runs.values() for decided in history} == {"one", "two"}


async def test_records_on_a_foreign_partition_are_moved_home() -> None:
    """Other clients partition otherwise; without a run_id one is derived, and both run once."""
    it = await world(4)
    run_id = str(uuid.uuid4())
    async with running(it.orchestrator("one").run(), *(it.specialist(role, done) for role in it.roles)):
        for partition in range(4):
            await it.send("objectives", objective(run_id=run_id), run_id, partition)
            await it.send("objectives", objective(), None, partition)
        runs = await it.until_ended(5)
    assert len(runs) == 5
    homes = {record.key: record.partition for record in await it.read("run-events")}
    assert len(homes) == 5


async def test_a_crash_between_decisions_loses_and_repeats_nothing() -> None:
    """An orchestrator is cancelled again and again under load; its successors go on from committed state."""
    it = await world(2)
    specialists = [it.specialist(role, done) for role in it.roles]
    async with running(*specialists):
        for turn in range(5):
            async with running(it.orchestrator(f"owner-{turn}").run()):
                for _ in range(8):
                    await it.send("objectives", objective())
                await asyncio.sleep(0)
                await it.until_ended(turn * 3)
        async with running(it.orchestrator("last").run()):
            runs = await it.until_ended(40)
    assert {status(history) for history in runs.values()} == {RunStatus.COMPLETED}
    assert max(Counter(it.dispatched).values()) == 1
    for history in runs.values():
        assert [decided.version for decided in history] == list(range(1, len(history) + 1))


async def test_a_fenced_owner_commits_nothing_more() -> None:
    """A stranger opens the partition's producers: the owner restores, fences it in turn and goes on."""
    it = await world(1)
    async with (
        running(it.orchestrator("one").run(), *(it.specialist(role, done) for role in it.roles)),
        MemoryLog(it.broker) as stranger,
    ):
        await it.send("objectives", objective())
        await it.until_ended(1)
        for turn in (0, 1):
            await stranger.transactional_producer(f"{NAMES.prefix}orchestrator.0.{turn}")
        await it.send("objectives", objective())
        runs = await it.until_ended(2)
    assert all(is_ended(history) for history in runs.values())
    assert max(Counter(it.dispatched).values()) == 1


async def test_folding_run_events_gives_run_state_byte_for_byte() -> None:
    """What run-state holds is what history says, part by part."""
    it = await world(2)
    slow = {"gamma"}
    specialists = [it.specialist(role, lambda task: None if task.role in slow else done(task)) for role in it.roles]
    async with running(it.orchestrator("one").run(), *specialists):
        for _ in range(5):
            await it.send("objectives", objective())
        await until(lambda: sum(task.split("/")[1] == "gamma" for task in it.dispatched) == 5)
    parts: dict[str, dict[str, bytes]] = {}
    for record in await it.read("run-state"):
        run_id, _, name = (record.key or b"").decode().partition("/")
        if (record.key or b"").decode().startswith(POSITION_KEY):
            continue
        if record.value is None:
            parts[run_id].pop(name)
        else:
            parts.setdefault(run_id, {})[name] = record.value
    runs = await it.history()
    assert len(runs) == 5
    for run_id, history in runs.items():
        folded = None
        for decided in history:
            folded = evolve(folded, decided)
        restored = assemble(parts[run_id])
        assert folded is not None
        assert restored == folded
        assert restored.header.to_json() == folded.header.to_json()


async def test_a_refused_objective_is_answered_and_kept() -> None:
    """A failed run with the reason, and the original bytes among the dead letters."""
    it = await world(2)
    async with running(it.orchestrator("one").run()):
        await it.send("objectives", b"\xff\xfenot json", "not-a-uuid", 1)
        runs = await it.until_ended(1)
    (history,) = runs.values()
    assert status(history) is RunStatus.FAILED
    (letter,) = await it.read("dead-letters")
    assert letter.value == b"\xff\xfenot json"
    assert b"not UTF-8" in dict(letter.headers)["__connect.errors.exception.message"]


async def test_failed_attempts_are_retried_by_timer() -> None:
    """Back-off is a timer of the state; the second attempt succeeds."""
    it = await world(1)

    def flaky(task: TaskRequested) -> object:
        if task.attempt > 1 or task.role != "beta":
            return done(task)
        return TaskFailed(
            run_id=task.run_id,
            subtask_id=task.subtask_id,
            attempt=task.attempt,
            role=task.role,
            worker="test",
            started_at_ms=now_ms(),
            ended_at_ms=now_ms(),
            failure=Failure(kind=FailureKind.RATE_LIMITED, message="slow down"),
        )

    async with running(it.orchestrator("one").run(), *(it.specialist(role, flaky) for role in it.roles)):  # type: ignore[arg-type]
        await it.send("objectives", objective())
        (history,) = (await it.until_ended(1)).values()
    assert status(history) is RunStatus.COMPLETED
    assert [task.split("/", 1)[1] for task in it.dispatched] == ["alpha/1", "beta/1", "beta/2", "gamma/1"]


async def test_a_takeover_arms_the_timers_again() -> None:
    """The attempt's deadline fires at the next owner."""
    step = line("alpha").steps[0]
    quick = line("alpha").model_copy(update={"steps": (step.model_copy(update={"timeout_ms": 1}),)})
    it = MemoryWorld(quick, 1)
    await it.prepare()
    async with running(it.orchestrator("one").run()):
        await it.send("objectives", objective())
        await it.until_history(bool)
    async with running(it.orchestrator("two").run()):
        await it.until_history(
            lambda runs: any(e.type == "attempt_failed" for h in runs.values() for d in h for e in d.events)
        )


async def test_the_orchestrators_spans_are_one_tree() -> None:
    """Decisions, plan and sends hang on the run's own span; nothing is an orphan, also after a takeover."""
    it = await world(1)
    async with running(it.orchestrator("one").run(), *(it.specialist(role, done) for role in it.roles)):
        await it.send("objectives", objective())
        (history,) = (await it.until_ended(1)).values()
        await until(lambda: any(span.name.startswith("invoke_workflow") for span in it.tracing.spans))
    async with running(it.orchestrator("two").run()):
        trace_id = history[0].events[0].trace.traceparent[3:35]  # type: ignore[union-attr]
        report = check_tree(it.tracing.trace(trace_id))
    assert len(report.roots) == 1
    assert not report.orphans
    names = Counter(span.name for span in it.tracing.trace(trace_id))
    assert names["send collegium.tasks.alpha"] == 1
    assert names["plan line"] == 1
