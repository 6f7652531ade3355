"""A new owner emits again what the owner before may have taken with it."""

from collections.abc import Iterable

from collegium.telemetry.memory import MemoryTracing
from collegium.telemetry.spans import StoredSpan
from collegium_schemas.tasks import Failure, FailureKind, TaskFailed, TaskRequested, TaskSucceeded
from memory_worlds import MemoryWorld, done, now_ms, running, until
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
