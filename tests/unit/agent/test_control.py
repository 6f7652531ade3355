"""Stopping runs through the control topic."""

import asyncio
import uuid

from agent_rig import Rig, Scripted, new_task, until
from collegium.agent.specialist import Success, Workbench
from collegium.agent.stopped import StoppedRuns
from collegium_schemas.tasks import FailureKind, TaskFailed, TaskRequested, TaskSucceeded


async def hang(task: TaskRequested, bench: Workbench) -> Success:
    """Work without end."""
    await asyncio.Event().wait()
    raise AssertionError


async def test_running_attempts_of_a_stopped_run_are_cancelled(rig: Rig) -> None:
    """A stop order ends the run's attempts with `cancelled`; other runs go on."""
    specialist = Scripted(hang)
    rig.start(specialist)
    stopped, other = new_task(), new_task()
    await rig.submit(stopped, other)
    await until(lambda: len(specialist.performed) == 2, "both are under way")
    await rig.stop_run(stopped.run_id)
    result = await rig.result()
    assert isinstance(result, TaskFailed)
    assert (result.task_id, result.failure.kind) == (stopped.task_id, FailureKind.CANCELLED)


async def test_waiting_tasks_of_a_stopped_run_are_skipped(rig: Rig) -> None:
    """What had not begun is passed by without a result, and committed."""
    specialist = Scripted(hang)
    running = rig.start(specialist, concurrency=1)
    run_id = str(uuid.uuid4())
    await rig.submit(*(new_task(run_id=run_id, subtask_id=f"s{number}") for number in range(3)), partition=0)
    await until(lambda: running.value("agent_tasks_in_flight") == 3, "one runs, two wait")
    await rig.stop_run(run_id)
    await until(lambda: running.value("agent_tasks_in_flight") == 0, "all are out")
    await running.drain()
    assert len(specialist.performed) == await rig.count("results") == 1
    assert running.value("agent_tasks_skipped_total", reason="cancelled") == 2
    assert await rig.committed() == 3


async def test_orders_from_before_the_start_hold(rig: Rig) -> None:
    """A process reads all orders before it takes a task, so it performs none of a run stopped earlier."""
    stopped, free, released = new_task(), new_task(), new_task()
    await rig.stop_run(stopped.run_id)
    await rig.stop_run(released.run_id)
    await rig.stop_run(released.run_id, stopped=False)
    await rig.submit(stopped, free, released)
    specialist = Scripted()
    running = rig.start(specialist)
    await rig.results(2)
    await running.drain()
    assert sorted(specialist.performed) == sorted([free.task_id, released.task_id])
    assert await rig.committed() == 3


async def test_a_tombstone_releases_a_run(rig: Rig) -> None:
    """When the order is removed from the topic, the run's tasks are performed again."""
    running = rig.start(Scripted())
    await running.ready()
    task = new_task()
    await rig.stop_run(task.run_id)
    await until(lambda: running.value("agent_stopped_runs") == 1, "the order has arrived")
    await rig.write("control", f"run/{task.run_id}".encode(), None)
    await until(lambda: running.value("agent_stopped_runs") == 0, "the order is gone")
    await rig.submit(task)
    assert isinstance(await rig.result(), TaskSucceeded)


async def test_unreadable_orders_do_not_stop_the_service(rig: Rig) -> None:
    """Garbage in the control topic, keys and bodies, is passed by."""
    for key, value in [(b"run/x", b"{"), (b"\xff", b""), (b"", b"x"), (b"role/retrieval", b"?")]:
        await rig.write("control", key, value)
    rig.start(Scripted())
    await rig.submit(new_task())
    assert isinstance(await rig.result(), TaskSucceeded)


def test_memory_of_stopped_runs_is_bounded() -> None:
    """The oldest order is forgotten first."""
    runs = StoppedRuns(capacity=2)
    for run in ("a", "b", "a", "c"):
        runs.stop(run)
    assert ("a" in runs, "b" in runs, "c" in runs, len(runs)) == (True, False, True, 2)
