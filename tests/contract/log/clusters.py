"""The two clusters that the Log port's contract is checked against, and how tests wait."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol
from uuid import uuid4

from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.structs import TopicPartition as KafkaPartition

from collegium.log.kafka import open_log
from collegium.log.memory import MemoryBroker, MemoryLog
from collegium.log.port import Consumer, Log, NewTopic, Outgoing, Position, Producer, Record, TopicPartition
from collegium.log.settings import KafkaSettings

BOUND_S = 30.0
"""Longer than anything here takes; a test that waits longer has failed."""

QUIET_MS = 300
"""How long nothing must come before a test says that nothing comes."""

REBALANCE_TIMEOUT_MS = 1_500


class Cluster(Protocol):
    """One cluster, shared by all logs that it hands out."""

    def connect(self) -> Log:
        """Another client's connection; closed when the test ends."""
        ...

    async def compact(self, topic: str, partition: int, offset: int) -> None:
        """Compact, until a superseded offset is gone."""
        ...

    async def truncate(self, partition: TopicPartition, before: int) -> None:
        """Delete the records before an offset."""
        ...


COMPACTED_SOON = {
    "cleanup.policy": "compact",
    "segment.ms": "100",
    "min.cleanable.dirty.ratio": "0.001",
    "delete.retention.ms": "0",
    "min.compaction.lag.ms": "0",
}


class MemoryCluster:
    """A `MemoryBroker`."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self._broker = MemoryBroker(rebalance_timeout_ms=REBALANCE_TIMEOUT_MS)

    def connect(self) -> Log:
        """Another `MemoryLog`."""
        log = MemoryLog(self._broker)
        self._stack.push_async_callback(log.close)
        return log

    async def compact(self, topic: str, partition: int, offset: int) -> None:
        """At once."""
        self._broker.compact(topic)

    async def truncate(self, partition: TopicPartition, before: int) -> None:
        """At once."""
        self._broker.truncate(partition, before)


class KafkaCluster:
    """A real broker."""

    def __init__(self, stack: AsyncExitStack, bootstrap: str) -> None:
        self._stack = stack
        self._bootstrap = bootstrap

    def connect(self) -> Log:
        """Another `KafkaLog`."""
        settings = KafkaSettings(
            bootstrap=self._bootstrap, heartbeat_interval_ms=200, rebalance_timeout_ms=REBALANCE_TIMEOUT_MS
        )
        log = open_log(settings)
        self._stack.push_async_callback(log.close)
        return log

    async def compact(self, topic: str, partition: int, offset: int) -> None:
        """Kafka compacts closed segments only: write, so that segments close, until the cleaner has come by."""
        log = self.connect()
        producer = await log.producer()
        source = TopicPartition(topic, partition)
        async with asyncio.timeout(3 * BOUND_S):
            while (await first_record(log, source, offset)).offset == offset:
                await written(producer, Outgoing(topic, b"filler", b"", partition=partition))

    async def truncate(self, partition: TopicPartition, before: int) -> None:
        """With DeleteRecords."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap)
        await admin.start()
        try:
            target = KafkaPartition(partition.topic, partition.partition)
            await admin.delete_records({target: RecordsToDelete(before_offset=before)})
        finally:
            await admin.close()


async def new_topic(log: Log, partitions: int = 1, **configuration: str) -> str:
    """Create a topic of its own for a test."""
    name = f"contract-{uuid4().hex[:12]}"
    await log.create([NewTopic(name, partitions, {key.replace("_", "."): each for key, each in configuration.items()})])
    return name


async def written(producer: Producer, *records: Outgoing) -> list[Position]:
    """Write records, and wait for their acknowledgement."""
    return [await future for future in [await producer.send(record) for record in records]]


async def read(consumer: Consumer, count: int, *, partitions: Sequence[TopicPartition] = ()) -> list[Record]:
    """The next `count` records, in the order in which they came."""
    found: list[Record] = []
    async with asyncio.timeout(BOUND_S):
        while len(found) < count:
            polled = await consumer.poll(max_records=count - len(found), timeout_ms=200, partitions=partitions)
            found += [record for records in polled.values() for record in records]
    return found


async def stable_up_to(log: Log, source: TopicPartition, offset: int) -> None:
    """Wait until the last stable offset is this one: Kafka writes control records just after a commit returns."""
    async with asyncio.timeout(BOUND_S):
        while True:
            offsets = await log.end_offsets([source])
            if offsets[source] == offset:
                return
            await asyncio.sleep(0.01)


async def nothing_comes(consumer: Consumer) -> bool:
    """Whether a poll stays empty for a while."""
    return not await consumer.poll(max_records=1, timeout_ms=QUIET_MS)


async def first_record(log: Log, source: TopicPartition, offset: int) -> Record:
    """The first record at or after an offset."""
    consumer = await log.assign({source: offset})
    try:
        [record] = await read(consumer, 1)
    finally:
        await consumer.close()
    return record


async def eventually(condition: Callable[[], bool], *meanwhile: Consumer) -> None:
    """Wait until a condition holds, polling some consumers meanwhile, as their owners would."""
    async with asyncio.timeout(BOUND_S):
        while not condition():
            for consumer in meanwhile:
                await consumer.poll(max_records=1, timeout_ms=20)
            await asyncio.sleep(0.01)


@asynccontextmanager
async def closing(*closables: "Closable") -> AsyncIterator[None]:
    """Close these in the end."""
    try:
        yield
    finally:
        for closable in closables:
            await closable.close()


class Closable(Protocol):
    """What can be closed."""

    def close(self) -> Awaitable[None]:
        """Close it."""
        ...


class Recorder:
    """A rebalance listener that remembers what it was told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, frozenset[TopicPartition]]] = []

    async def revoked(self, partitions: frozenset[TopicPartition]) -> None:
        """Remember."""
        self.calls.append(("revoked", partitions))

    async def assigned(self, partitions: frozenset[TopicPartition]) -> None:
        """Remember."""
        self.calls.append(("assigned", partitions))
