"""A new owner emits again what the owner before may have taken with it."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from collegium.log.memory import MemoryLog
from collegium.log.port import Outgoing
from collegium.orchestrator.shell.retelling import last_spans
from collegium.telemetry.memory import MemoryTracing
from collegium.telemetry.spans import StoredSpan
from collegium_schemas.envelope import Envelope, encode_headers
from collegium_schemas.tasks import Failure, FailureKind, TaskFailed, TaskRequested, TaskSucceeded
from memory_worlds import NAMES, MemoryWorld, done, now_ms, running, until
from orchestrator_worlds import line

OBJECTIVE = b'{"goal": "What is a topic?", "playbook": "line"}'
GOAL_LEFT_OPEN = b'{"goal": "What is a partition?", "playbook": "line"}'


def flaky(task: TaskRequested) -> TaskSucceeded | TaskFailed | None:
    """Fails once at the second step; never answers the last step of one goal."""
    if task.role == "gamma" and task.goal == "What is a partition?":
        return None
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


def described(spans: Iterable[StoredSpan]) -> dict[str, tuple[object, ...]]:
    """What must be the same of a span that is emitted twice, by its id."""
    return {
        span.span_id: (span.trace_id, span.parent_id, span.name, span.kind, span.start_ns, dict(span.attributes))
        for span in spans
    }


async def test_every_span_of_the_owner_before_is_emitted_again_with_the_same_ids() -> None:
    """One run ended after a retry, one is under way, one was refused: nothing of their spans dies with their owner."""
    it = MemoryWorld(line("alpha", "beta", "gamma"), 1)
    await it.prepare()
    async with running(*(it.specialist(role, flaky) for role in it.roles)):
        async with running(it.orchestrator("one").run()):
            for body in (OBJECTIVE, GOAL_LEFT_OPEN, b"not json"):
                await it.send("objectives", body)
            await it.until_ended(2)
            await until(lambda: sum(task.split("/")[1] == "gamma" for task in it.dispatched) == 2)
        first, it.tracing = it.tracing, MemoryTracing()
        async with running(it.orchestrator("two").run()):
            await until(lambda: len(described(it.tracing.spans)) >= len(described(first.spans)))

    names = {span.name for span in first.spans}
    assert {"timer", "plan line", "invoke_workflow line", "process collegium.results"} <= names
    assert described(it.tracing.spans) == described(first.spans)


async def _told_runs(owners: Sequence[str], at_ms: Sequence[int], restored: int | None = None) -> list[int]:
    """Which runs' spans are emitted again, of runs that were decided on by these owners at these times, in turn.

    Only so many of them had been decided on when the partition was restored.
    """
    it = MemoryWorld(line("alpha"), 1)
    await it.prepare()
    async with running(it.specialist("alpha", done), it.orchestrator("any").run()):
        await it.send("objectives", OBJECTIVE)
        [history] = (await it.until_ended(1)).values()
    past = MemoryWorld(line("alpha"), 1)
    await past.prepare()
    runs = [str(UUID(int=number)) for number in range(len(owners))]
    async with MemoryLog(past.broker) as log:
        producer = await log.producer()
        for run_id, owner, moment_ms in zip(runs, owners, at_ms, strict=True):
            for decided in history:
                changed = decided.model_copy(update={"run_id": run_id, "owner": owner, "at_ms": moment_ms})
                headers = encode_headers(Envelope(changed.event_id, "/test", changed.TYPE, moment_ms))
                record = Outgoing(NAMES("run-events"), run_id.encode(), changed.to_json(), headers, 0)
                await (await producer.send(record))
        end = None if restored is None else restored * len(history)
        spans = list(await last_spans(log, NAMES, 0, window_ms=5_000, most=1_000, end=end))
    told = {span.attributes["collegium.run.id"] for span in spans}
    return [number for number, run_id in enumerate(runs) if run_id in told]


async def test_what_owners_before_left_is_told_when_the_last_one_lived_too_short_to_tell_it() -> None:
    """Each change of owner within the window reaches as far back again; a change before the window does not."""
    assert await _told_runs(("one", "two", "three"), (0, 6_000, 12_000)) == [0, 1, 2]
    assert await _told_runs(("one", "one", "one"), (0, 6_000, 12_000)) == [2]
    assert await _told_runs(("one", "two", "two", "two"), (0, 6_000, 9_000, 12_000)) == [2, 3]
    assert await _told_runs(("one", "one", "two", "two"), (0, 6_000, 9_000, 12_000)) == [1, 2, 3]


async def test_what_the_new_owner_decides_meanwhile_does_not_move_the_window() -> None:
    """After an outage that is longer than the window, the decision that was under way when it began is still told."""
    assert await _told_runs(("one", "one", "one"), (0, 1_000, 9_000), restored=2) == [0, 1]
    assert await _told_runs(("one", "one", "one"), (0, 1_000, 9_000), restored=3) == [2]
