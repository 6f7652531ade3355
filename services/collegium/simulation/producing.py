"""Producers over a link: records travel in batches, and what becomes of a batch need not be known here."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from collegium.log.errors import LogError, LogUnavailable, OutcomeUnknown
from collegium.log.memory.partition import PartitionLog
from collegium.log.memory.transactions import Session
from collegium.log.port import Outgoing, Position
from collegium.simulation.broker import SimulatedBroker
from collegium.simulation.link import Fate, Link, quietly

_COMPLETING_RETRY_S: Final = 0.02
_COMPLETING_TRIES: Final = 100

Waiting = tuple[Outgoing, PartitionLog, "asyncio.Future[Position]"]


class _Batches:
    """Collects records and sends them in order, one request at a time.

    Args:
        broker: Where they go.
        link: How.
        operation: What the link calls these requests.
        append: Writes one record at the broker.
        unknown: The error when no answer comes.
    """

    def __init__(
        self,
        broker: SimulatedBroker,
        link: Link,
        operation: str,
        append: Callable[[Outgoing, PartitionLog], Position],
        unknown: Callable[[str], LogError],
    ) -> None:
        self._broker = broker
        self._link = link
        self._operation = operation
        self._append = append
        self._unknown = unknown
        self._waiting: list[Waiting] = []
        self._under_way: list[Waiting] = []
        self.failed = False

    def add(self, record: Outgoing) -> "asyncio.Future[Position]":
        """Put a record into the next batch."""
        self._link.check()
        log = self._broker.route(record)
        future: asyncio.Future[Position] = asyncio.get_running_loop().create_future()
        self._waiting.append((record, log, future))
        if not self._under_way:
            self._next()
        return future

    def _next(self) -> None:
        if not self._waiting or self._link.severed:
            return
        batch = self._under_way = self._waiting
        self._waiting = []
        self._link.send(
            self._operation,
            lambda: self._write(batch),
            lambda outcomes, error: self._told(batch, outcomes, error),
            unknown=self._unknown,
        )

    def _write(self, batch: list[Waiting]) -> list[Position | LogError]:
        # What was sent while the request was on its way goes along, as in a client that lingers.
        if batch is self._under_way and self._waiting:
            batch.extend(self._waiting)
            self._waiting = []
        outcomes: list[Position | LogError] = []
        for record, log, _ in batch:
            try:
                outcomes.append(self._append(record, log))
            except LogError as error:
                outcomes.append(error)
        return outcomes

    def _told(self, batch: list[Waiting], outcomes: list[Position | LogError] | None, error: LogError | None) -> None:
        if batch is not self._under_way or self._link.severed:
            return
        self._under_way = []
        for index, (_, _, future) in enumerate(batch):
            outcome = outcomes[index] if outcomes is not None else error
            if isinstance(outcome, Position):
                if not future.done():
                    future.set_result(outcome)
                continue
            self.failed = True
            if not future.done():
                future.set_exception(outcome or LogUnavailable("no answer"))
                future.exception()  # whoever does not wait for it need not be told by asyncio
        self._next()


class SimulatedProducer:
    """An idempotent producer over a link."""

    def __init__(self, broker: SimulatedBroker, link: Link) -> None:
        self._broker = broker
        self._link = link
        self._batches = _Batches(broker, link, "produce", self._append, LogUnavailable)
        self._closed = False

    def _append(self, record: Outgoing, log: PartitionLog) -> Position:
        """Write it, unless something happens to this one record behind its acknowledgement."""
        fate = self._link.record_fate(record.topic)
        if fate is None:
            return self._broker.append(record, log)
        if fate is Fate.TWICE:
            self._link.after(self._link.latency_s() * 50, lambda: quietly(lambda: self._broker.append(record, log)))
            return self._broker.append(record, log)
        if fate is Fate.LATE:
            self._link.after(self._link.latency_s() * 200, lambda: quietly(lambda: self._broker.append(record, log)))
        self._broker.lost(record)
        return Position(record.topic, log.source.partition, log.end)

    @property
    def closed(self) -> bool:
        """Whether `close` has been called."""
        return self._closed

    async def send(self, record: Outgoing) -> Awaitable[Position]:
        """Put a record into the next batch."""
        if self._closed:
            raise LogError("the producer is closed")
        return self._batches.add(record)

    async def close(self) -> None:
        """Refuse further records."""
        self._closed = True


class SimulatedTransactionalProducer:
    """A transactional producer over a link. The coordinator hears of a transaction with its first record."""

    def __init__(self, broker: SimulatedBroker, link: Link, session: Session) -> None:
        self._broker = broker
        self._link = link
        self._session = session
        self._batches = _Batches(broker, link, "txn_produce", self._append, OutcomeUnknown)
        self._sent: list[asyncio.Future[Position]] = []
        self._open = False
        self._begun_there = False
        self._failure: LogError | None = None
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether `close` has been called."""
        return self._closed

    async def begin(self) -> None:
        """Start a transaction, once the last one is shown everywhere."""
        self._check()
        if self._open:
            raise self._told(OutcomeUnknown(f"transaction of {self._session.transactional_id} begun twice"))
        for _ in range(_COMPLETING_TRIES):
            if not self._broker.coordinator.completing(self._session.transactional_id):
                self._open, self._begun_there = True, False
                return
            await asyncio.sleep(_COMPLETING_RETRY_S)
        raise self._told(OutcomeUnknown("the last transaction does not complete"))

    async def send(self, record: Outgoing) -> Awaitable[Position]:
        """Put a record into the transaction's next batch."""
        self._check()
        if not self._open:
            raise OutcomeUnknown(f"{self._session.transactional_id} has no open transaction")
        future = self._batches.add(record)
        self._sent.append(future)
        return future

    async def commit(self) -> None:
        """Wait for every record, and make the transaction visible unless one was not written."""
        self._check()
        sent, self._sent = self._sent, []
        for future in sent:
            try:
                await future
            except LogError as error:
                raise self._told(OutcomeUnknown(f"a record was not written: {error}")) from error
        await self._end(commit=True)

    async def abort(self) -> None:
        """Drop the transaction."""
        if self._closed:
            raise OutcomeUnknown("the producer is closed")
        self._sent = []
        await self._end(commit=False)

    async def close(self) -> None:
        """Abort what is open as far as that is possible; else the next owner's fence or the time-out does."""
        if self._closed:
            return
        self._closed = True
        if self._open and not self._link.severed:
            self._link.send(
                "abort", lambda: self._broker.transactions.release(self._session), lambda _, __: None
            )  # fmt: skip

    def _append(self, record: Outgoing, log: PartitionLog) -> Position:
        if not self._begun_there:
            self._broker.transactions.begin(self._session)
            self._begun_there = True
        self._broker.transactions.check(self._session)
        return self._broker.append(record, log, self._session)

    async def _end(self, *, commit: bool) -> None:
        if not self._begun_there:
            self._open = False
            return
        try:
            await self._link.call(
                "commit",
                lambda: self._broker.transactions.end(self._session, commit=commit),
                unknown=OutcomeUnknown,
            )
        except LogError as error:
            raise self._told(error) from error
        except asyncio.CancelledError:
            self._told(OutcomeUnknown("the wait for the commit was cancelled"))
            raise
        self._open = False

    def _told(self, error: LogError) -> LogError:
        self._failure = self._failure or error
        return error

    def _check(self) -> None:
        self._link.check()
        if self._closed:
            raise OutcomeUnknown(f"the producer {self._session.transactional_id} is closed")
        if self._failure is not None:
            raise OutcomeUnknown(f"the producer has failed: {self._failure}")
