"""Producers of the memory log: records are in the log at once, their acknowledgement comes a loop turn later."""

import asyncio
from collections.abc import Awaitable

from collegium.log.errors import LogError, OutcomeUnknown
from collegium.log.memory.broker import MemoryBroker
from collegium.log.memory.transactions import Session
from collegium.log.port import Outgoing, Position


class _Acknowledgements:
    """Completes futures in the next turn of the event loop, all of a turn with one callback."""

    def __init__(self) -> None:
        self._due: list[tuple[asyncio.Future[Position], Position | LogError]] = []

    def later(self, outcome: Position | LogError) -> asyncio.Future[Position]:
        """A future that will have this outcome."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        if not self._due:
            loop.call_soon(self._settle)
        self._due.append((future, outcome))
        return future

    def _settle(self) -> None:
        due, self._due = self._due, []
        for future, outcome in due:
            if future.done():
                continue
            if isinstance(outcome, LogError):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)


class MemoryProducer:
    """An idempotent producer of the memory log."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker
        self._acknowledgements = _Acknowledgements()
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether `close` has been called."""
        return self._closed

    async def send(self, record: Outgoing) -> Awaitable[Position]:
        """Append a record."""
        if self._closed:
            raise LogError("the producer is closed")
        log = self._broker.route(record)
        try:
            outcome = self._broker.append(record, log)
        except LogError as error:
            return self._acknowledgements.later(error)
        return self._acknowledgements.later(outcome)

    async def close(self) -> None:
        """Refuse further records."""
        self._closed = True


class MemoryTransactionalProducer:
    """A transactional producer of the memory log."""

    def __init__(self, broker: MemoryBroker, session: Session) -> None:
        self._broker = broker
        self._session = session
        self._acknowledgements = _Acknowledgements()
        self._failed = False
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether `close` has been called."""
        return self._closed

    async def begin(self) -> None:
        """Start a transaction."""
        self._check()
        self._broker.transactions.begin(self._session)

    async def send(self, record: Outgoing) -> Awaitable[Position]:
        """Append a record to the open transaction."""
        self._check()
        self._broker.transactions.check(self._session)
        log = self._broker.route(record)
        try:
            outcome = self._broker.append(record, log, self._session)
        except OutcomeUnknown:
            raise
        except LogError as error:
            self._failed = True
            return self._acknowledgements.later(error)
        return self._acknowledgements.later(outcome)

    async def commit(self) -> None:
        """Make the transaction visible."""
        self._check()
        await self._end(commit=True)

    async def abort(self) -> None:
        """Drop the transaction; the only thing that is left to do after a rejected record."""
        await self._end(commit=False)

    async def close(self) -> None:
        """Abort what is open and refuse further calls."""
        if not self._closed:
            self._closed = True
            self._broker.transactions.release(self._session)

    async def _end(self, *, commit: bool) -> None:
        self._check_open()
        await asyncio.sleep(0)
        self._broker.transactions.end(self._session, commit=commit)

    def _check(self) -> None:
        self._check_open()
        if self._failed:
            raise OutcomeUnknown(f"a record of {self._session.transactional_id} was rejected: abort, and drop it")

    def _check_open(self) -> None:
        if self._closed:
            raise OutcomeUnknown(f"the producer {self._session.transactional_id} is closed")
