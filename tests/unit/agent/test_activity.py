"""A step's heartbeat timeout: an attempt that hangs is given up before its deadline, one that gets on is not."""

import asyncio

from agent_rig import Rig, Running, Scripted, new_task, until
from collegium.agent.specialist import SpecialistFailure, Success, Workbench
from collegium_schemas.tasks import FailureKind, TaskFailed, TaskRequested, TaskSucceeded

TIMEOUT_MS = 1_000


def watched(subtask_id: str = "s1") -> TaskRequested:
    """A task whose step has the shortest heartbeat timeout."""
    return new_task(subtask_id=subtask_id).model_copy(update={"heartbeat_timeout_ms": TIMEOUT_MS})


async def idle(running: Running) -> None:
    """Until nothing is under way."""
    await until(lambda: running.value("agent_tasks_in_flight") == 0, "nothing is under way")


async def test_a_hanging_attempt_is_given_up_as_timeout(rig: Rig) -> None:
    """Nothing comes of it: it is cancelled long before its deadline, and the message names the option."""
    cancelled = asyncio.Event()

    async def hang(task: TaskRequested, bench: Workbench) -> Success:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return Success()

    rig.start(Scripted(hang))
    await rig.submit(watched())
    result = await rig.result()
    assert isinstance(result, TaskFailed)
    assert result.failure.kind is FailureKind.TIMEOUT
    assert "heartbeat_timeout_ms" in result.failure.message
    assert not result.failure.permanent
    assert cancelled.is_set()


async def test_a_call_that_hangs_is_given_up_with_its_attempt(rig: Rig) -> None:
    """A tool call that has begun counts once; it must end, or progress must be told."""

    async def call(task: TaskRequested, bench: Workbench) -> Success:
        await bench.call("endless", asyncio.Event().wait)
        return Success()

    rig.start(Scripted(call))
    await rig.submit(watched())
    result = await rig.result()
    assert isinstance(result, TaskFailed)
    assert result.failure.kind is FailureKind.TIMEOUT


async def test_calls_and_progress_are_activity(rig: Rig) -> None:
    """An attempt that takes longer than the bound, and does something now and then, is left alone."""
    started = asyncio.get_running_loop().time

    async def busy(task: TaskRequested, bench: Workbench) -> Success:
        begun = started()
        while started() - begun < 2.5 * TIMEOUT_MS / 1000:
            await asyncio.sleep(0.2)
            if task.subtask_id == "tells":
                await bench.progress("still there")
            else:
                await bench.tool("small", lambda: None)
        return Success()

    running = rig.start(Scripted(busy))
    await rig.submit(watched("tells"), watched("calls"))
    assert all(isinstance(result, TaskSucceeded) for result in await rig.results(2))
    await idle(running)


async def test_without_the_option_only_the_deadline_counts(rig: Rig) -> None:
    """A step that does not ask for it may be silent for as long as it has."""
    door = asyncio.Event()

    async def wait(task: TaskRequested, bench: Workbench) -> Success:
        await door.wait()
        return Success()

    running = rig.start(Scripted(wait))
    await rig.submit(new_task(), watched("hangs"))
    first = await rig.result()
    assert first.subtask_id == "hangs"
    door.set()
    assert isinstance((await rig.results(2))[1], TaskSucceeded) or isinstance((await rig.results(2))[0], TaskSucceeded)
    await idle(running)


async def test_a_failure_of_its_own_is_not_overwritten(rig: Rig) -> None:
    """An attempt that ends by itself keeps its kind."""

    async def fail(task: TaskRequested, bench: Workbench) -> Success:
        await bench.progress("now")
        raise SpecialistFailure(FailureKind.RATE_LIMITED, "later")

    rig.start(Scripted(fail))
    await rig.submit(watched())
    result = await rig.result()
    assert isinstance(result, TaskFailed)
    assert result.failure.kind is FailureKind.RATE_LIMITED
