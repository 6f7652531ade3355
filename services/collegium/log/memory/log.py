"""One client's connection to a `MemoryBroker`."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self, TypeVar

from collegium.log.errors import LogError, OffsetLost
from collegium.log.memory.assignors import Assignor
from collegium.log.memory.broker import MemoryBroker
from collegium.log.memory.consumer import MemoryConsumer
from collegium.log.memory.membership import Membership
from collegium.log.memory.partition import PartitionLog
from collegium.log.memory.producer import MemoryProducer, MemoryTransactionalProducer
from collegium.log.port import NewTopic, RebalanceListener, Record, Scanned, StartAt, TopicDescription, TopicPartition


class _Closable(Protocol):
    @property
    def closed(self) -> bool: ...

    async def close(self) -> None: ...


_Opened = TypeVar("_Opened", bound=_Closable)


class MemoryLog:
    """The Log port over a broker that may be shared with other logs, as several processes share a cluster."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker
        self._opened: list[_Closable] = []
        self._closed = False

    async def producer(self) -> MemoryProducer:
        """Open a producer."""
        await self._turn()
        return self._keep(MemoryProducer(self._broker))

    async def transactional_producer(self, transactional_id: str) -> MemoryTransactionalProducer:
        """Open a transactional producer; older ones of the id are fenced from now on."""
        await self._turn()
        session = self._broker.transactions.open(transactional_id)
        return self._keep(MemoryTransactionalProducer(self._broker, session))

    async def subscribe(
        self,
        topics: Sequence[str],
        *,
        group: str,
        listener: RebalanceListener | None = None,
        start_at: StartAt = "earliest",
        assignor: Assignor = "range",
    ) -> MemoryConsumer:
        """Join a group."""
        await self._turn()
        for topic in topics:
            self._broker.partitions_of(topic)
        consumer = MemoryConsumer(self._broker, start_at)
        membership = Membership(self._broker.group(group), tuple(topics), assignor, consumer, listener)
        await membership.start()
        consumer.membership = membership
        return self._keep(consumer)

    async def assign(self, partitions: Mapping[TopicPartition, int | StartAt]) -> MemoryConsumer:
        """Read partitions without a group."""
        await self._turn()
        if not partitions:
            raise ValueError("at least one partition is needed")
        consumer = MemoryConsumer(self._broker, "earliest")
        consumer.take_assignment(partitions)
        return self._keep(consumer)

    async def end_offsets(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Last stable offsets."""
        await self._turn()
        return {partition: self._broker.partition(partition).stable for partition in partitions}

    async def unsettled(self, partitions: Collection[TopicPartition]) -> frozenset[TopicPartition]:
        """Where a transaction is open."""
        await self._turn()
        return self._broker.unsettled(partitions)

    async def beginning_offsets(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """First offsets."""
        await self._turn()
        return {partition: self._broker.partition(partition).start for partition in partitions}

    async def read_at(self, partition: TopicPartition, offset: int, *, timeout_ms: int) -> Record:
        """One committed record."""
        await self._turn()
        log = self._broker.partition(partition)
        if log.stable <= offset <= log.end:
            await _stable_beyond(log, offset, timeout_ms)
        record = log.at(offset)
        if record is None:
            raise OffsetLost(partition.topic, partition.partition, offset)
        return record

    async def scan(self, partition: TopicPartition, offset: int) -> Scanned:
        """Keys and values from an offset on."""
        await self._turn()
        return self._broker.partition(partition).scan(offset)

    async def describe(self, topics: Collection[str]) -> Mapping[str, TopicDescription]:
        """The existing ones among these topics."""
        await self._turn()
        return self._broker.describe(topics)

    async def create(self, topics: Collection[NewTopic]) -> None:
        """Create topics."""
        await self._turn()
        self._broker.create(topics)

    async def close(self) -> None:
        """Close everything that was opened here."""
        self._closed = True
        while self._opened:
            await self._opened.pop().close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _turn(self) -> None:
        if self._closed:
            raise LogError("the log is closed")
        await asyncio.sleep(0)

    def _keep(self, opened: _Opened) -> _Opened:
        self._opened = [*(other for other in self._opened if not other.closed), opened]
        return opened


async def _stable_beyond(log: PartitionLog, offset: int, timeout_ms: int) -> None:
    try:
        async with asyncio.timeout(timeout_ms / 1_000):
            while log.stable <= offset:
                moved: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                log.add_waiter(moved)
                try:
                    await moved
                finally:
                    log.remove_waiter(moved)
    except TimeoutError:
        return
