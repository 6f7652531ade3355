"""The read_committed consumer, in a group or on its own."""
# pyright: reportUnknownVariableType=false

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Final, Literal

from aiokafka import AIOKafkaConsumer
from aiokafka import errors as kafka_errors
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.structs import ConsumerRecord
from aiokafka.structs import TopicPartition as KafkaPartition

from collegium.log.errors import LogError, OffsetLost
from collegium.log.kafka.committed import read_committed
from collegium.log.kafka.connection import Connection
from collegium.log.kafka.lenient import guard
from collegium.log.kafka.point_read import read_batch
from collegium.log.kafka.rebalance import ListenerAdapter
from collegium.log.kafka.records import from_partition, to_partition, to_record
from collegium.log.kafka.shutdown import stop_consumer
from collegium.log.kafka.wire import Wire
from collegium.log.metadata import checked
from collegium.log.port import Committed, RebalanceListener, Record, StartAt, TopicPartition

_FETCH_MAX_WAIT_MS: Final = 50
"""A resumed or newly assigned partition waits for the fetch in flight: with aiokafka's default up to 500 ms."""

_PARTITION_FETCH_BYTES: Final = 2_097_152
_REBALANCE_GRACE_S: Final = 0.05
"""`getmany` waits for a rebalance without regard to its time-out; `poll` gives up after this much more."""

_ASSIGNORS: Final = {"range": RangePartitionAssignor, "round_robin": RoundRobinPartitionAssignor}


def _consumer(
    connection: Connection,
    start_at: StartAt,
    group: str | None = None,
    assignor: Literal["range", "round_robin"] = "range",
) -> AIOKafkaConsumer:
    settings = connection.settings
    return AIOKafkaConsumer(
        **connection.arguments,
        group_id=group,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset=start_at,
        fetch_max_wait_ms=_FETCH_MAX_WAIT_MS,
        max_partition_fetch_bytes=_PARTITION_FETCH_BYTES,
        partition_assignment_strategy=(_ASSIGNORS[assignor],),
        session_timeout_ms=settings.session_timeout_ms,
        heartbeat_interval_ms=settings.heartbeat_interval_ms,
        rebalance_timeout_ms=settings.rebalance_timeout_ms,
        # JoinGroup is answered when the rebalance ends.
        request_timeout_ms=max(settings.request_timeout_ms, settings.rebalance_timeout_ms + 5_000),
    )


async def subscribe(
    connection: Connection,
    wire: Wire,
    topics: Sequence[str],
    *,
    group: str,
    listener: RebalanceListener | None,
    start_at: StartAt,
    assignor: Literal["range", "round_robin"],
) -> "KafkaConsumer":
    """Join a group and wait for the first assignment."""
    await wire.partitions_of(topics)
    settings = connection.settings
    adapter = ListenerAdapter(group, listener)
    limit_ms = settings.request_timeout_ms + settings.rebalance_timeout_ms

    async def prepare(consumer: AIOKafkaConsumer) -> None:
        consumer.subscribe(list(topics), listener=adapter)
        await consumer.start()
        if start_at == "latest":  # what is written after `subscribe` has returned must be seen
            for partition in consumer.assignment():
                await consumer.position(partition)

    consumer = await _opened(
        connection, lambda: _consumer(connection, start_at, group, assignor), prepare, f"join group {group}", limit_ms
    )
    adapter.release()
    return KafkaConsumer(connection, wire, consumer, adapter, limit_ms)


async def assign(
    connection: Connection, wire: Wire, partitions: Mapping[TopicPartition, int | StartAt]
) -> "KafkaConsumer":
    """Read partitions from offsets."""
    if not partitions:
        raise ValueError("at least one partition is needed")
    await wire.check(partitions)
    wanted = {from_partition(partition): offset for partition, offset in partitions.items()}

    async def prepare(consumer: AIOKafkaConsumer) -> None:
        await consumer.start()
        consumer.assign(list(wanted))
        for partition, offset in wanted.items():
            if isinstance(offset, int):
                consumer.seek(partition, offset)
        if chosen := [partition for partition, offset in wanted.items() if offset == "earliest"]:
            await consumer.seek_to_beginning(*chosen)
        if chosen := [partition for partition, offset in wanted.items() if offset == "latest"]:
            await consumer.seek_to_end(*chosen)

    limit_ms = connection.settings.request_timeout_ms
    consumer = await _opened(connection, lambda: _consumer(connection, "earliest"), prepare, "read", limit_ms)
    return KafkaConsumer(connection, wire, consumer, None, limit_ms)


async def _opened(
    connection: Connection,
    create: Callable[[], AIOKafkaConsumer],
    prepare: Callable[[AIOKafkaConsumer], Awaitable[None]],
    doing: str,
    limit_ms: int,
) -> AIOKafkaConsumer:
    async def open_once() -> AIOKafkaConsumer:
        consumer = create()
        try:
            await prepare(consumer)
        except BaseException:
            await stop_consumer(consumer)
            raise
        return consumer

    return await connection.opened(open_once, doing, limit_ms)


class KafkaConsumer:
    """A consumer. aiokafka reconnects and rejoins by itself; `poll` only notices when that takes too long."""

    def __init__(
        self,
        connection: Connection,
        wire: Wire,
        consumer: AIOKafkaConsumer,
        adapter: ListenerAdapter | None,
        silence_limit_ms: int,
    ) -> None:
        self._connection = connection
        self._wire = wire
        self._consumer = consumer
        self._unreadable = guard(consumer)
        self._adapter = adapter
        self._silence_limit_ms = silence_limit_ms
        self._last_fetch_ms = 0
        self._reachable_at = asyncio.get_running_loop().time()
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether `close` has been called."""
        return self._closed

    async def poll(
        self, *, max_records: int, timeout_ms: int, partitions: Collection[TopicPartition] = ()
    ) -> Mapping[TopicPartition, Sequence[Record]]:
        """The next committed records."""
        if self._closed:
            raise LogError("the consumer is closed")
        if self._adapter is not None and self._adapter.error is not None:
            raise self._adapter.error
        if self._unreadable and (read := await self._read_leniently(max_records, partitions)):
            return read
        rebalancing = False
        found: dict[KafkaPartition, list[ConsumerRecord[bytes | None, bytes | None]]] = {}
        try:
            async with asyncio.timeout(timeout_ms / 1_000 + _REBALANCE_GRACE_S):
                found = await self._consumer.getmany(
                    *map(from_partition, partitions), timeout_ms=timeout_ms, max_records=max_records
                )
        except TimeoutError:
            rebalancing = True
        except kafka_errors.ConsumerStoppedError:
            return {}
        except kafka_errors.KafkaError as error:
            raise self._connection.told(error, "read records") from error
        if not found:
            self._check_reachable(rebalancing=rebalancing)
        return {to_partition(source): [to_record(each) for each in records] for source, records in found.items()}

    async def _read_leniently(
        self, max_records: int, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, Sequence[Record]]:
        """Records that aiokafka cannot read, of one partition."""
        for source in tuple(self._unreadable):
            partition = to_partition(source)
            if source not in self._consumer.assignment():
                self._unreadable.discard(source)
                continue
            if source in self._consumer.paused() or (partitions and partition not in partitions):
                continue
            offset = await self.position(partition)
            try:
                records, after = await read_batch(self._wire, partition, offset)
            except OffsetLost:
                records, after = list[Record](), offset  # where it goes on from there is aiokafka's to find out
            self._unreadable.discard(source)
            if source not in self._consumer.assignment() or await self.position(partition) != offset:
                continue
            taken = records[:max_records]
            self.seek(partition, taken[-1].offset + 1 if len(taken) < len(records) else after)
            if taken:
                return {partition: taken}
        return {}

    def _check_reachable(self, *, rebalancing: bool) -> None:
        """Aiokafka retries in silence for ever: see whether any fetch has been answered lately."""
        now = asyncio.get_running_loop().time()
        assigned = self._consumer.assignment()
        last_fetch_ms = max((self._consumer.last_poll_timestamp(each) or 0 for each in assigned), default=0)
        expected = rebalancing or bool(assigned - self._consumer.paused())
        if last_fetch_ms != self._last_fetch_ms or not expected:
            self._last_fetch_ms = last_fetch_ms
            self._reachable_at = now
        elif (now - self._reachable_at) * 1_000 > self._silence_limit_ms:
            raise self._connection.unavailable("read records", self._silence_limit_ms)

    def assignment(self) -> frozenset[TopicPartition]:
        """The partitions read now."""
        return frozenset(map(to_partition, self._consumer.assignment()))

    async def position(self, partition: TopicPartition) -> int:
        """The next offset."""
        self._check_assigned(partition)
        async with self._connection.bounded("find a position"):
            return await self._consumer.position(from_partition(partition))

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Go on from an offset."""
        self._check_assigned(partition)
        self._consumer.seek(from_partition(partition), offset)

    def pause(self, partitions: Iterable[TopicPartition]) -> None:
        """Hold partitions back."""
        self._consumer.pause(*self._assigned(partitions))

    def resume(self, partitions: Iterable[TopicPartition]) -> None:
        """Read partitions again."""
        self._consumer.resume(*self._assigned(partitions))

    async def commit(
        self, offsets: Mapping[TopicPartition, int], metadata: Mapping[TopicPartition, str] | None = None
    ) -> None:
        """Record the group's next offsets."""
        if self._adapter is None or self._closed:
            raise LogError("the consumer is closed, or in no group: it may not commit offsets")
        for partition in offsets:
            self._check_assigned(partition)
        texts = checked(metadata)
        pairs = {from_partition(each): (offset, texts.get(each, "")) for each, offset in offsets.items()}
        async with self._connection.bounded("commit offsets"):
            await self._consumer.commit(pairs)

    async def committed(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, Committed]:
        """What the group has recorded."""
        if self._adapter is None or self._closed:
            raise LogError("the consumer is closed, or in no group: it has no committed offsets")
        async with self._connection.bounded("read committed offsets"):
            return await read_committed(self._consumer, partitions)

    async def close(self) -> None:
        """Leave the group and stop."""
        if self._closed:
            return
        self._closed = True
        if self._adapter is not None:
            self._adapter.abandon()
        await stop_consumer(self._consumer)

    def _assigned(self, partitions: Iterable[TopicPartition]) -> list[KafkaPartition]:
        assigned = self._consumer.assignment()
        return [found for partition in partitions if (found := from_partition(partition)) in assigned]

    def _check_assigned(self, partition: TopicPartition) -> None:
        if from_partition(partition) not in self._consumer.assignment():
            raise LogError(f"{partition.topic}-{partition.partition} is not assigned to this consumer")
