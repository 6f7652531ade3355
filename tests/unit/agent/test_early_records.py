"""Records that arrive before the group has told whose they are: the port allows it, and a worker must not take them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from agent_rig import Rig, Scripted, new_task, until
from collegium.agent.specialist import Success, Workbench
from collegium.log.memory import MemoryBroker, MemoryLog
from collegium.log.memory.consumer import MemoryConsumer
from collegium.log.port import RebalanceListener, Record, StartAt, TopicPartition
from collegium_schemas.tasks import TaskRequested


@dataclass
class ToldLate:
    """A listener that is told of its partitions after their records can be read."""

    inner: RebalanceListener
    may_tell: asyncio.Event = field(default_factory=asyncio.Event)

    async def revoked(self, partitions: frozenset[TopicPartition]) -> None:
        """At once."""
        await self.inner.revoked(partitions)

    async def assigned(self, partitions: frozenset[TopicPartition]) -> None:
        """First that there are none, as a member hears that joins when all are given out."""
        await self.inner.assigned(frozenset())
        await self.may_tell.wait()
        await self.inner.assigned(partitions)


class TellingLate(MemoryLog):
    """A log whose group members hear late of what they own."""

    def __init__(self, broker: MemoryBroker) -> None:
        super().__init__(broker)
        self.listener: ToldLate | None = None
        self.polled = asyncio.Event()
        """Set when a member has been given records."""

    async def subscribe(
        self,
        topics: Sequence[str],
        *,
        group: str,
        listener: RebalanceListener | None = None,
        start_at: StartAt = "earliest",
        assignor: Literal["range", "round_robin"] = "range",
    ) -> MemoryConsumer:
        """Join a group with a listener that is told late."""
        assert listener is not None
        self.listener = ToldLate(listener)
        consumer = await super().subscribe(
            topics, group=group, listener=self.listener, start_at=start_at, assignor=assignor
        )
        poll = consumer.poll

        async def seen(**bounds: Any) -> Mapping[TopicPartition, Sequence[Record]]:  # noqa: ANN401 - as they are given
            found = await poll(**bounds)
            if found:
                self.polled.set()
            return found

        consumer.poll = seen  # type: ignore[method-assign]
        return consumer


async def test_a_task_that_came_early_holds_its_offset(rig: Rig, broker: MemoryBroker) -> None:
    """It is taken once the partition is told, and redelivered when its worker dies, whatever came after it is done."""

    async def never_the_first(task: TaskRequested, bench: Workbench) -> Success:
        if task.subtask_id == "early":
            await asyncio.Event().wait()
        return Success()

    log, specialist = TellingLate(broker), Scripted(never_the_first)
    first = rig.start(specialist, log=log, commit_interval_ms=1)  # type: ignore[arg-type]
    await until(first.runtime.ready, "the group has told that there is nothing")
    early = new_task(subtask_id="early")
    await rig.submit(early, partition=3)
    async with asyncio.timeout(20):
        await log.polled.wait()
    assert log.listener is not None
    log.listener.may_tell.set()
    for number in range(20):  # long enough for offsets to be committed in between
        await rig.submit(new_task(subtask_id=f"s{number}"), partition=3)
        await rig.results(number + 1)
    await first.crash()
    second = Scripted()
    rig.start(second)
    await rig.results(21)
    assert early.task_id in second.performed
