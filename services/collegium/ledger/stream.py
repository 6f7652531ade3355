"""The Faust application: run-events in, a table of views out. Nothing else is ever written by it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from typing import Any, Final, TypedDict, cast

import faust
from faust.tables.manager import TableManager
from faust.types import TP, EventT, StreamT
from mode.supervisors import CrashingSupervisor
from yarl import URL

from collegium.ledger.errors import StreamFailed
from collegium.ledger.shelf import Shelf
from collegium.ledger.topics import VIEWS
from collegium.ledger.transport import LedgerTransport
from collegium.log.kafka.connection import Connection
from collegium.log.port import Headers, Record
from collegium.log.topics import TopicNames


class _Serialization(TypedDict):
    key_type: type[bytes]
    value_type: type[bytes]
    key_serializer: str
    value_serializer: str


OnRecord = Callable[[Shelf, Record], Awaitable[None]]
"""Given a record of run-events; folds it."""

logger = logging.getLogger("collegium.ledger.restoring")

_WATCH_S: Final = 1.0

_BYTES: Final = _Serialization(key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
"""The types alone are not enough: Faust would decode JSON, and end at the first record that is none."""


class FaustTable(MutableMapping[str, bytes]):
    """A Faust table with text keys. Writing works only while a record of its partition is being handled."""

    def __init__(self, table: faust.Table[bytes, bytes]) -> None:
        self._table = table

    def __getitem__(self, key: str) -> bytes:
        return self._table[key.encode()]

    def __setitem__(self, key: str, value: bytes) -> None:
        self._table[key.encode()] = value

    def __delitem__(self, key: str) -> None:
        del self._table[key.encode()]

    def __iter__(self) -> Iterator[str]:
        return (key.decode() for key in self._table)

    def __len__(self) -> int:
        return len(self._table)


class LedgerStream(faust.App):
    """Folds run-events into a shelf of views that survives restarts in a compacted changelog.

    At-least-once processing: the fold drops what it has seen. Faust's exactly-once mode is never used.

    Args:
        connection: Where Kafka is.
        names: Topic names.
        partitions: The co-partitioned count.
        runs: How many runs are kept over all partitions.
        on_record: Folds one record.
    """

    def __init__(
        self, connection: Connection, names: TopicNames, *, partitions: int, runs: int, on_record: OnRecord
    ) -> None:
        self.connection = connection
        self._events_topic = names("run-events")
        self._partitions = partitions
        self._ready = False
        self._restored = False
        super().__init__(
            names("ledger"),
            env={},  # else variables such as WEB_ENABLED or PROCESSING_GUARANTEE would win over these arguments
            autodiscover=False,
            origin=__name__,
            broker=f"kafka://{connection.settings.bootstrap.replace(',', ';')}",
            store="memory://",
            processing_guarantee="at_least_once",
            topic_allow_declare=False,
            topic_disable_leader=True,
            topic_partitions=partitions,
            table_standby_replicas=0,
            web_enabled=False,
            stream_recovery_delay=0.0,
            broker_commit_interval=1.0,
            broker_request_timeout=connection.settings.request_timeout_ms / 1000,
            broker_session_timeout=connection.settings.session_timeout_ms / 1000,
            broker_rebalance_timeout=connection.settings.rebalance_timeout_ms / 1000,
        )
        url = [URL("kafka://")]  # not used: clients connect as `connection` says
        self.transport = self.producer_transport = LedgerTransport(url, self, loop=None)
        self.shelf = self._shelf(names, max(1, runs // partitions))
        self._listen(on_record)

    async def run(self, *, start_timeout_ms: int, stall_ms: int, stop_timeout_ms: int) -> None:
        """Fold until cancelled.

        Args:
            start_timeout_ms: How long the start may take.
            stall_ms: How long restoring after a rebalance may show no progress.
            stop_timeout_ms: How long stopping may take.

        Raises:
            StreamFailed: it could not start in time, has broken or has stalled; views in Kafka are as they were.
        """
        try:
            async with asyncio.timeout(start_timeout_ms / 1000):
                await self.start()
            stopped = asyncio.create_task(self.wait_until_stopped())
            stalled = asyncio.create_task(self._stalled(stall_ms))
            try:
                await asyncio.wait({stopped, stalled}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (stopped, stalled):
                    task.cancel()
        except TimeoutError as error:
            raise StreamFailed(f"views were not restored within {start_timeout_ms / 1000:g} s") from error
        finally:
            async with asyncio.timeout(stop_timeout_ms / 1000):
                await self.stop()
        reason = self.crash_reason
        if reason is None:
            raise StreamFailed(f"restoring views has made no progress for {stall_ms / 1000:g} s after a rebalance")
        raise StreamFailed(f"the stream has ended: {reason!r}") from reason

    async def _stalled(self, stall_ms: int) -> None:
        """Return when restoring has made no progress for too long.

        Faust drops what it has fetched when a rebalance comes meanwhile, without going back: its recovery then waits
        for ever for changelog records that it has passed. Starting the recovery again reads them.
        """
        loop = asyncio.get_running_loop()
        recovery = cast("TableManager", self.tables).recovery
        seen, since_s = 0, loop.time()
        while loop.time() - since_s < stall_ms / 1000:
            await asyncio.sleep(_WATCH_S)
            left = 0 if self.ready else 1 + recovery.active_remaining_total()
            if self.ready or left != seen:
                seen, since_s = left, loop.time()
            elif recovery.in_recovery:
                logger.warning("restoring views again: %d changelog records are missing", left - 1)
                recovery.signal_recovery_start.set()

    @property
    def ready(self) -> bool:
        """Whether views are restored and events are being read."""
        return self._ready and not self.rebalancing

    @property
    def complete(self) -> bool:
        """Whether every partition of run-events is read by this process."""
        return self.ready and len(self._owned()) == self._partitions

    def start_offset(self, tp: TP) -> int | None:
        """Where to read on: after the last decision that the table includes.

        Raises:
            StreamFailed: the table could not be restored.
        """
        if not self._restored:
            raise StreamFailed("the kept views could not be restored; an exception above says why")
        return self.shelf.next_offset(tp.partition)

    def positioned(self) -> None:
        """Reading begins."""
        self._ready = True

    async def on_first_start(self) -> None:
        """Faust would create directories for its stores; the memory store needs none."""

    def _owned(self) -> set[int]:
        return {tp.partition for tp in self.consumer.assignment() if tp.topic == self._events_topic}

    def _shelf(self, names: TopicNames, runs_per_partition: int) -> Shelf:
        changelog = self.topic(names(VIEWS), partitions=self._partitions, compacting=True, **_BYTES)
        table = cast(
            "faust.Table[bytes, bytes]",
            self.Table(
                "views",
                key_type=bytes,
                value_type=bytes,
                partitions=self._partitions,
                changelog_topic=changelog,
                on_recover=self._recovered,
            ),
        )
        return Shelf(FaustTable(table), runs_per_partition=runs_per_partition)

    async def _recovered(self) -> None:
        # Faust loses what a recovery callback raises, so success is noted and asked for later.
        self._restored = False
        self.shelf.rebuild(self._owned())
        self._restored = True

    def _listen(self, on_record: OnRecord) -> None:
        source = self.topic(self._events_topic, **_BYTES)

        async def fold(stream: StreamT[bytes]) -> None:
            # Faust declares `events` as a coroutine; it is an asynchronous generator.
            events = cast("AsyncIterator[EventT[bytes]]", stream.events())
            async for event in events:
                await on_record(self.shelf, _record(event.message))

        self.agent(source, name="fold", supervisor_strategy=CrashingSupervisor)(fold)


def _record(message: Any) -> Record:  # noqa: ANN401 - Faust's message has no complete type
    return Record(
        topic=str(message.topic),
        partition=int(message.partition),
        offset=int(message.offset),
        timestamp_ms=int((message.timestamp or 0.0) * 1000),
        key=cast("bytes | None", message.key),
        value=cast("bytes | None", message.value),
        headers=cast("Headers", tuple(message.headers or ())),
    )
