"""The idempotent producer."""
# pyright: reportUnknownVariableType=false

import asyncio
from collections.abc import Awaitable
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka import errors as kafka_errors
from aiokafka.structs import RecordMetadata

from collegium.log.errors import LogError, LogUnavailable
from collegium.log.kafka.acknowledgements import Acknowledgements
from collegium.log.kafka.connection import Connection
from collegium.log.kafka.shutdown import stop_producer
from collegium.log.kafka.wire import Wire
from collegium.log.partitioner import partition_for
from collegium.log.port import MAX_RECORD_BYTES, Outgoing, Position, TopicPartition

_BATCH_BYTES: Final = 131_072
"""Records of a partition that wait for one request in flight go together up to this size."""


async def open_producer(connection: Connection, transactional_id: str | None = None) -> AIOKafkaProducer:
    """A started aiokafka producer."""
    settings = connection.settings
    extra: dict[str, Any] = {"enable_idempotence": True, "partitioner": _Partitioner()}
    if transactional_id is not None:
        extra |= {"transactional_id": transactional_id, "transaction_timeout_ms": settings.transaction_timeout_ms}

    async def open_once() -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            **connection.arguments,
            **extra,
            acks="all",
            linger_ms=0,
            max_batch_size=_BATCH_BYTES,
            max_request_size=MAX_RECORD_BYTES,
            request_timeout_ms=settings.request_timeout_ms,
        )
        try:
            await producer.start()
        except BaseException:
            await stop_producer(producer, request_timeout_s=connection.request_timeout_s, flush=False)
            raise
        return producer

    return await connection.opened(open_once, "open a producer", settings.request_timeout_ms)


class _Partitioner:
    """Java's for keys; without one, each partition in turn."""

    def __init__(self) -> None:
        self._turn = 0

    def __call__(self, key: bytes | None, every: list[int], available: list[int]) -> int:
        if key is not None:
            return partition_for(key, len(every))
        self._turn += 1
        choice = available or every
        return choice[self._turn % len(choice)]


async def enqueue(wire: Wire, producer: AIOKafkaProducer, record: Outgoing) -> asyncio.Future[RecordMetadata]:
    """Hand a record to aiokafka; the future completes with its metadata."""
    if record.key is None and record.value is None:
        raise ValueError("a record needs a key or a value")
    partitions = wire.known_partitions(record.topic)
    if partitions is None or (record.partition is not None and record.partition >= partitions):
        await wire.check([TopicPartition(record.topic, record.partition or 0)])
    sent: asyncio.Future[RecordMetadata] = await producer.send(
        record.topic, record.value, record.key, partition=record.partition, headers=list(record.headers)
    )
    return sent


class KafkaProducer:
    """An idempotent producer.

    A record that the broker rejects leaves a gap in the partition's sequence numbers, after which aiokafka could send
    nothing more to it: the next `send` then goes through a new aiokafka producer.
    """

    def __init__(self, connection: Connection, wire: Wire, producer: AIOKafkaProducer) -> None:
        self._connection = connection
        self._wire = wire
        self._producer = producer
        self._acknowledgements = Acknowledgements(connection.request_timeout_s, self._told)
        self._replacing = asyncio.Lock()
        self._broken = False
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether `close` has been called."""
        return self._closed

    async def send(self, record: Outgoing) -> Awaitable[Position]:
        """Enqueue a record."""
        if self._closed:
            raise LogError("the producer is closed")
        if self._broken:
            await self._replace()
        try:
            sent = await enqueue(self._wire, self._producer, record)
        except kafka_errors.KafkaError as error:
            raise self._told(error) from error
        return self._acknowledgements.follow(sent)

    async def close(self) -> None:
        """Flush and stop."""
        if not self._closed:
            self._closed = True
            await stop_producer(self._producer, request_timeout_s=self._connection.request_timeout_s)

    async def _replace(self) -> None:
        async with self._replacing:
            if self._broken and not self._closed:
                broken, self._producer = self._producer, await open_producer(self._connection)
                self._broken = False
                await stop_producer(broken, request_timeout_s=self._connection.request_timeout_s)

    def _told(self, error: BaseException) -> LogError:
        match error:
            case kafka_errors.KafkaTimeoutError():
                return self._connection.unavailable("write a record", self._connection.settings.request_timeout_ms)
            case kafka_errors.MessageSizeTooLargeError() if error.args:
                return self._connection.told(error, "write a record")  # refused by aiokafka, before it was sent
            case kafka_errors.OutOfOrderSequenceNumber() | kafka_errors.InvalidProducerEpoch():
                self._broken = True
                return LogUnavailable(f"the record was not written, the producer starts anew: {error!r}")
            case kafka_errors.KafkaError():
                self._broken = self._broken or not error.retriable
                return self._connection.told(error, "write a record")
            case _:
                self._broken = True
                return LogError(f"the producer failed: {error!r}")
