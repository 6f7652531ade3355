"""Cancellation: a runtime that ends at once leaves nothing behind, and what nobody asked for is told."""

import asyncio
import gc

import pytest

from agent_rig import Rig, Running, Scripted, new_task, until
from collegium.agent.specialist import Success, Workbench
from collegium.cancellation import CancelledWithin, guarded
from collegium.faults.points import Point
from collegium.log.memory import MemoryBroker, MemoryLog
from collegium.log.port import Log, TopicPartition
from collegium_schemas.tasks import FailureKind, TaskFailed, TaskRequested


async def of_a_library() -> None:
    """Wait for what a library cancels, as aiokafka does with its requests when a connection closes."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.cancel()
    await future


async def cancelled_within(task: TaskRequested, bench: Workbench) -> Success:
    """Work that waits for such a thing."""
    await of_a_library()
    return Success()


class Treacherous(MemoryLog):
    """A log that cancels whoever asks where a topic ends."""

    def __init__(self, broker: MemoryBroker, topic: str) -> None:
        super().__init__(broker)
        self._topic = topic

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:  # type: ignore[override]
        """Cancelled from within for the topic."""
        if any(partition.topic == self._topic for partition in partitions):
            await of_a_library()
        return dict(await super().end_offsets(partitions))


async def ended(running: Running) -> None:
    """Wait for the end, and raise what it ended with."""
    await until(running.task.done, "the runtime has ended")
    running.task.result()


async def test_an_attempt_that_is_cancelled_from_within_fails(rig: Rig) -> None:
    """It is a defect of the attempt: answered, so that its record does not hold up the partition for ever."""
    running = rig.start(Scripted(cancelled_within))
    await rig.submit(new_task())
    result = await rig.result()
    assert isinstance(result, TaskFailed)
    assert result.failure.kind is FailureKind.INTERNAL
    await running.drain()
    assert await rig.committed() == 1


async def test_a_part_that_is_cancelled_from_within_ends_the_process_loudly(rig: Rig, broker: MemoryBroker) -> None:
    """A runtime that does not hear of stopped runs any more would go on and look well."""
    log: Log = Treacherous(broker, rig.names("control"))  # type: ignore[assignment]
    with pytest.RaisesGroup(pytest.RaisesExc(CancelledWithin, match="reading control")):
        await ended(rig.start(Scripted(), log=log))


async def test_a_cancellation_that_was_asked_for_is_one(rig: Rig) -> None:
    """Whoever cancels the runtime, as a second signal does, gets a task that was cancelled."""
    running = rig.start(Scripted())
    await running.ready()
    await running.crash()
    assert running.task.cancelled()


async def test_a_time_out_around_a_guard_is_a_time_out() -> None:
    """Its cancellation is asked for."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await guarded("a part", asyncio.Event().wait)


async def test_a_task_that_is_cancelled_before_its_first_step_leaves_nothing_behind(rig: Rig) -> None:
    """Its work was not begun: there is no coroutine that nobody awaits, which Python would warn of."""
    loop, test = asyncio.get_running_loop(), asyncio.current_task()

    def cancel_all() -> None:
        for task in asyncio.all_tasks() - {test}:
            task.cancel()  # as asyncio.Runner does at its end

    def reached(point: str) -> None:
        if point == Point.AGENT_TAKEN:
            loop.call_soon(cancel_all)

    specialist = Scripted()
    running = rig.start(specialist, reached=reached)  # type: ignore[arg-type]
    await running.ready()
    await rig.submit(new_task())
    await until(running.task.done, "the runtime has ended")
    assert running.task.cancelled()
    assert specialist.performed == []
    gc.collect()
