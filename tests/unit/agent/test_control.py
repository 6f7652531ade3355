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


async def test_an_order_for_an_archived_run_leaves_the_run_alone_that_has_its_name_now(rig: Rig) -> None:
    """Its attempts go on; the order's own run is stopped."""
    specialist = Scripted(hang)
    rig.start(specialist)
    stopped = new_task().model_copy(update={"run_accepted_at_ms": 1_000})
    other = stopped.model_copy(update={"run_accepted_at_ms": 2_000})
    await rig.submit(stopped, other)
    await until(lambda: len(specialist.performed) == 2, "both are under way")
    await rig.stop_run(stopped.run_id, run_accepted_at_ms=1_000)
    assert (await rig.result()).run_accepted_at_ms == 1_000
    assert await rig.count("results") == 1


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
    runs, run_ids = StoppedRuns(capacity=2), {name: str(uuid.uuid4()) for name in "abc"}
    for run in ("a", "b", "a", "c"):
        runs.stop(run_ids[run])
    covered = {name: runs.covers(new_task(run_id=run_id)) for name, run_id in run_ids.items()}
    assert (covered, len(runs)) == ({"a": True, "b": False, "c": True}, 2)


def test_a_stop_order_means_one_run_of_its_name() -> None:
    """That of an archived run, read again after an outage, does not stop the run that has its name now."""
    runs, task = StoppedRuns(), new_task()
    runs.stop(task.run_id, 1_000)
    later = task.model_copy(update={"run_accepted_at_ms": 2_000})
    assert runs.covers(task)
    assert runs.covers(task.model_copy(update={"run_accepted_at_ms": 1_000}))
    assert not runs.covers(later)
    runs.stop(task.run_id)
    assert runs.covers(later)
    assert not runs.covers(task.model_copy(update={"compensates": "s1"}))
