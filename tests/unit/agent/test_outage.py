"""The log goes away while tasks are under way: the runtime waits, goes on, and gives up in the end."""

import asyncio
from collections.abc import Awaitable, Collection, Mapping, Sequence

import pytest
from agent_rig import Rig, Scripted, new_task, until

from collegium.agent.errors import LogGone
from collegium.agent.patience import Outage, Patience
from collegium.agent.specialist import Output, Success, Workbench
from collegium.log.errors import LogUnavailable
from collegium.log.memory import MemoryBroker, MemoryLog
from collegium.log.memory.consumer import MemoryConsumer
from collegium.log.memory.producer import MemoryProducer
from collegium.log.port import Outgoing, Position, Record, TopicPartition
from collegium_schemas.evidence import ReportText
from collegium_schemas.tasks import TaskRequested, TaskSucceeded


class Link:
    """The way to the broker, which a test can cut."""

    def __init__(self) -> None:
        self.cut = False
        self.refused = 0

    def check(self) -> None:
        """Raise when cut."""
        if self.cut:
            self.refused += 1
            raise LogUnavailable("the link is cut")


class CutProducer(MemoryProducer):
    """A producer whose records fail on a cut link, half of them after they were written."""

    def __init__(self, broker: MemoryBroker, link: Link) -> None:
        super().__init__(broker)
        self._link = link

    async def send(self, record: Outgoing) -> Awaitable[Position]:
        """Write; the acknowledgement is lost when the link is cut."""
        future = await super().send(record)
        if self._link.cut and self._link.refused % 2:
            await future
        self._link.check()
        return future


class CutConsumer(MemoryConsumer):
    """A consumer that hears nothing over a cut link."""

    link: Link

    async def poll(
        self, *, max_records: int, timeout_ms: int, partitions: Collection[TopicPartition] = ()
    ) -> Mapping[TopicPartition, Sequence[Record]]:
        """Fail, or poll."""
        self.link.check()
        return await super().poll(max_records=max_records, timeout_ms=timeout_ms, partitions=partitions)


class CutLog(MemoryLog):
    """A memory log behind a link."""

    def __init__(self, broker: MemoryBroker, link: Link) -> None:
        super().__init__(broker)
        self._over = broker
        self._link = link

    async def producer(self) -> MemoryProducer:
        """Open a producer behind the link."""
        self._link.check()
        return CutProducer(self._over, self._link)


@pytest.fixture
def broker() -> MemoryBroker:
    """What all connections share."""
    return MemoryBroker()


@pytest.fixture
async def cut_rig(broker: MemoryBroker) -> "asyncio.Future[Rig]":
    """A rig on that broker."""
    rig = Rig(lambda: MemoryLog(broker))
    await rig.set_up()
    yield rig  # type: ignore[misc]
    await rig.tear_down()


async def write_report(task: TaskRequested, bench: Workbench) -> Success:
    """A success with an output."""
    return Success(outputs=[Output("report", ReportText(title="t", markdown="m"))])
