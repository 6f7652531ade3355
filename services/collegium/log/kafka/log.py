"""The Log port on Apache Kafka."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from types import TracebackType
from typing import Literal, Protocol, Self, TypeVar

from collegium.log.errors import LogError
from collegium.log.kafka import admin, consumer, point_read, scanning
from collegium.log.kafka.connection import Connection
from collegium.log.kafka.consumer import KafkaConsumer
from collegium.log.kafka.producer import KafkaProducer, open_producer
from collegium.log.kafka.transactional import KafkaTransactionalProducer
from collegium.log.kafka.wire import EARLIEST, LATEST, READ_UNCOMMITTED, Wire
from collegium.log.port import NewTopic, RebalanceListener, Record, Scanned, StartAt, TopicDescription, TopicPartition


class _Closable(Protocol):
    @property
    def closed(self) -> bool: ...

    async def close(self) -> None: ...


_Opened = TypeVar("_Opened", bound=_Closable)


class KafkaLog:
    """Connects at the first call, and keeps track of what it has opened."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._wire = Wire(connection)
        self._opened: list[_Closable] = []
        self._closed = False

    async def producer(self) -> KafkaProducer:
        """Open an idempotent producer."""
        await self._ready()
        opened = await open_producer(self._connection)
        return self._keep(KafkaProducer(self._connection, self._wire, opened))

    async def transactional_producer(self, transactional_id: str) -> KafkaTransactionalProducer:
        """Open a transactional producer; older ones of the id are fenced from now on."""
        await self._ready()
        opened = await open_producer(self._connection, transactional_id)
        return self._keep(KafkaTransactionalProducer(self._connection, self._wire, opened, transactional_id))

    async def subscribe(
        self,
        topics: Sequence[str],
        *,
        group: str,
        listener: RebalanceListener | None = None,
        start_at: StartAt = "earliest",
        assignor: Literal["range", "round_robin"] = "range",
    ) -> KafkaConsumer:
        """Join a group."""
        await self._ready()
        member = await consumer.subscribe(
            self._connection,
            self._wire,
            topics,
            group=group,
            listener=listener,
            start_at=start_at,
            assignor=assignor,
        )
        return self._keep(member)

    async def assign(self, partitions: Mapping[TopicPartition, int | StartAt]) -> KafkaConsumer:
        """Read partitions without a group."""
        await self._ready()
        return self._keep(await consumer.assign(self._connection, self._wire, partitions))

    async def end_offsets(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Last stable offsets."""
        await self._ready()
        return await self._wire.offsets(partitions, LATEST)

    async def unsettled(self, partitions: Collection[TopicPartition]) -> frozenset[TopicPartition]:
        """Where a transaction is open."""
        await self._ready()
        ends = await self._wire.offsets(partitions, LATEST, READ_UNCOMMITTED)
        stable = await self._wire.offsets(partitions, LATEST)
        return frozenset(each for each in partitions if stable[each] < ends[each])

    async def beginning_offsets(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """First offsets."""
        await self._ready()
        return await self._wire.offsets(partitions, EARLIEST)

    async def read_at(self, partition: TopicPartition, offset: int, *, timeout_ms: int) -> Record:
        """One committed record."""
        await self._ready()
        return await point_read.read_at(self._wire, partition, offset, timeout_ms)

    async def scan(self, partition: TopicPartition, offset: int) -> Scanned:
        """Keys and values from an offset on."""
        await self._ready()
        return await scanning.scan(self._wire, partition, offset)

    async def describe(self, topics: Collection[str]) -> Mapping[str, TopicDescription]:
        """The existing ones among these topics."""
        await self._ready()
        return await admin.describe(self._wire, topics)

    async def create(self, topics: Collection[NewTopic]) -> None:
        """Create topics."""
        await self._ready()
        await admin.create(self._wire, topics)

    async def close(self) -> None:
        """Close everything that was opened here."""
        self._closed = True
        opened, self._opened = self._opened, []
        await asyncio.gather(*(each.close() for each in opened))
        await self._wire.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _ready(self) -> None:
        if self._closed:
            raise LogError("the log is closed")
        await self._wire.ready()

    def _keep(self, opened: _Opened) -> _Opened:
        self._opened = [*(other for other in self._opened if not other.closed), opened]
        return opened
