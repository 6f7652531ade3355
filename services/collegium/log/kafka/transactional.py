"""The transactional producer: every error means that the outcome is unknown."""

import asyncio
import logging
from collections.abc import Awaitable, Generator
from types import TracebackType
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka import errors as kafka_errors
from aiokafka.structs import RecordMetadata

from collegium.log.errors import Fenced, LogError, LogUnavailable, OutcomeUnknown, RecordTooLarge
from collegium.log.kafka.connection import Connection
from collegium.log.kafka.producer import enqueue
from collegium.log.kafka.records import to_position
from collegium.log.kafka.shutdown import stop_producer
from collegium.log.kafka.wire import Wire
from collegium.log.port import Outgoing, Position

_logger = logging.getLogger(__name__)

_FENCED: Final = (kafka_errors.ProducerFenced, kafka_errors.InvalidProducerEpoch)
_ABORT_S: Final = 2.0


class KafkaTransactionalProducer:
    """One transactional id's producer; after any error it only says OutcomeUnknown and can only be closed.

    aiokafka commits a transaction whose rejected record nobody awaited: `commit` looks at every record itself.
    """

    def __init__(self, connection: Connection, wire: Wire, producer: AIOKafkaProducer, transactional_id: str) -> None:
        self._connection = connection
        self._wire = wire
        self._producer = producer
        self._id = transactional_id
        self._sent: list[asyncio.Future[RecordMetadata]] = []
        self._open = False
        self._failure: LogError | None = None
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether `close` has been called."""
        return self._closed

    async def begin(self) -> None:
        """Start a transaction."""
        self._check()
        if self._open:
            raise self.told(kafka_errors.IllegalStateError("a transaction is open already"))
        async with _Unknown(self, "begin", self._connection.request_timeout_s):
            await self._producer.begin_transaction()
        self._open = True

    async def send(self, record: Outgoing) -> Awaitable[Position]:
        """Add a record to the open transaction."""
        self._check()
        try:
            sent = await enqueue(self._wire, self._producer, record)
        except kafka_errors.MessageSizeTooLargeError as error:
            raise self._connection.told(error, "add a record to a transaction") from error
        except (kafka_errors.KafkaError, kafka_errors.IllegalOperation, LogUnavailable) as error:
            raise self.told(error) from error
        # `commit` reports a failure that the caller did not wait for; asyncio need not.
        sent.add_done_callback(_retrieve)
        self._sent.append(sent)
        return _Acknowledged(self, sent, self._connection.request_timeout_s)

    async def commit(self) -> None:
        """Make the transaction visible."""
        self._check()
        async with _Unknown(self, "commit", self._connection.request_timeout_s):
            for sent in self._sent:
                self.position(await self.acknowledged(sent))
            await self._producer.commit_transaction()
        self._sent.clear()
        self._open = False

    async def acknowledged(self, sent: asyncio.Future[RecordMetadata]) -> RecordMetadata:
        """Wait for one record, telling its failure in the words of the port."""
        try:
            return await asyncio.shield(sent)
        except kafka_errors.KafkaError as error:
            raise self.told(error) from error

    def position(self, metadata: RecordMetadata) -> Position:
        """Where a record was written, unless nobody can say."""
        if metadata.offset < 0:
            # A duplicate that the broker knows no offset for any more.
            raise self.told(kafka_errors.DuplicateSequenceNumber())
        return to_position(metadata)

    async def abort(self) -> None:
        """Drop the transaction."""
        if self._failure is None or isinstance(self._failure, OutcomeUnknown):
            self._check()
        async with _Unknown(self, "abort", self._connection.request_timeout_s):
            await self._producer.abort_transaction()
        self._sent.clear()
        self._open = False

    async def close(self) -> None:
        """Abort what is open, as far as that is possible, and stop."""
        if self._closed:
            return
        self._closed = True
        if self._open and not isinstance(self._failure, Fenced):
            await self._abort_if_possible()
        await stop_producer(self._producer, request_timeout_s=self._connection.request_timeout_s, flush=False)

    async def _abort_if_possible(self) -> None:
        """Spare readers the wait for the transaction's time-out."""
        try:
            async with asyncio.timeout(_ABORT_S):
                await self._producer.abort_transaction()
        except (TimeoutError, kafka_errors.KafkaError, AssertionError) as error:
            # aiokafka asserts where its state allows no abort any more.
            _logger.info("transaction of %s is left to the broker: %r", self._id, error)

    def told(self, error: BaseException) -> LogError:
        """Remember an error, and tell it in the words of the port."""
        told = self._in_our_words(error)
        self._failure = self._failure or told
        return told

    def _in_our_words(self, error: BaseException) -> LogError:
        if any(isinstance(cause, _FENCED) for cause in _causes(error)):
            return Fenced(f"another producer of transactional id {self._id} has started, or its time was up")
        match error:
            case kafka_errors.MessageSizeTooLargeError() | kafka_errors.RecordListTooLargeError():
                return RecordTooLarge(f"a record of a transaction of {self._id} is over its topic's limit")
            case OutcomeUnknown():
                return error
            case _:
                return OutcomeUnknown(f"transaction of {self._id}: {error!r}")

    def _check(self) -> None:
        if self._closed:
            raise OutcomeUnknown(f"the producer {self._id} is closed")
        if isinstance(self._failure, OutcomeUnknown):
            raise self._failure
        if self._failure is not None:
            raise OutcomeUnknown(f"a record of {self._id} was rejected: abort and drop the producer")


class _Acknowledged:
    """What `send` returns: costs nothing until it is awaited, since `commit` waits for every record itself."""

    __slots__ = ("_producer", "_sent", "_timeout_s")

    def __init__(
        self, producer: KafkaTransactionalProducer, sent: asyncio.Future[RecordMetadata], timeout_s: float
    ) -> None:
        self._producer = producer
        self._sent = sent
        self._timeout_s = timeout_s

    def __await__(self) -> Generator[object, None, Position]:
        return self._position().__await__()

    async def _position(self) -> Position:
        try:
            async with asyncio.timeout(self._timeout_s):
                return self._producer.position(await self._producer.acknowledged(self._sent))
        except TimeoutError as error:
            raise self._producer.told(kafka_errors.KafkaTimeoutError()) from error


class _Unknown:
    """Times out, and turns whatever aiokafka raises into OutcomeUnknown."""

    __slots__ = ("_doing", "_producer", "_timeout")

    def __init__(self, producer: KafkaTransactionalProducer, doing: str, timeout_s: float) -> None:
        self._producer = producer
        self._doing = doing
        self._timeout = asyncio.timeout(timeout_s)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError as late:
            raise self._producer.told(kafka_errors.KafkaTimeoutError(f"no answer to {self._doing}")) from late
        if isinstance(error, RecordTooLarge):
            raise OutcomeUnknown(f"nothing to {self._doing}: {error}") from error
        # aiokafka asserts where its state does not allow a call, for instance after a fatal error.
        if isinstance(error, (kafka_errors.KafkaError, AssertionError)):
            raise self._producer.told(error) from error
        if isinstance(error, asyncio.CancelledError):
            self._producer.told(kafka_errors.Cancelled(f"{self._doing} was cancelled"))


def _retrieve(future: asyncio.Future[RecordMetadata]) -> None:
    if not future.cancelled():
        future.exception()


def _causes(error: BaseException | None) -> list[BaseException]:
    causes: list[BaseException] = []
    while error is not None and error not in causes:
        causes.append(error)
        error = error.__cause__
    return causes
