"""Faust's Kafka transport with this project's connection, reading committed records only.

Faust 0.15 reads uncommitted records unless its exactly-once mode is on, so that it would show decisions of aborted
transactions; and it waits up to 1.5 s for new ones. Its clients are therefore made here, from the same settings
and in the same way as the Log adapter's: TLS and SASL included.
"""

from collections.abc import Mapping
from typing import ClassVar, Protocol

import aiokafka
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, AppT

from collegium.log.kafka.connection import Connection
from collegium_schemas import limits

FETCH_MAX_WAIT_MS = 50
_MAX_BYTES = limits.MAX_MESSAGE_BYTES + 65_536


class LedgerApp(Protocol):
    """What the transport asks of the application."""

    connection: Connection

    def start_offset(self, tp: TP) -> int | None:
        """Where to read on after tables are restored; None is the partition's beginning."""
        ...

    def positioned(self) -> None:
        """Called when every partition stands where it should and reading begins."""
        ...


def _ledger(app: AppT) -> LedgerApp:
    return app  # type: ignore[return-value]


class LedgerConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread with the consumer of events and changelogs."""

    def _create_worker_consumer(self, transport: driver.Transport) -> aiokafka.AIOKafkaConsumer:
        app = self.app
        self._assignor = app.assignor
        connection = _ledger(app).connection
        settings = connection.settings
        return aiokafka.AIOKafkaConsumer(
            **connection.arguments,
            group_id=app.conf.id,
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            fetch_max_wait_ms=FETCH_MAX_WAIT_MS,
            max_partition_fetch_bytes=_MAX_BYTES,
            max_poll_interval_ms=int((app.conf.broker_max_poll_interval or 300.0) * 1000),
            request_timeout_ms=settings.request_timeout_ms,
            session_timeout_ms=settings.session_timeout_ms,
            heartbeat_interval_ms=settings.heartbeat_interval_ms,
            rebalance_timeout_ms=settings.rebalance_timeout_ms,
        )


class LedgerConsumer(driver.Consumer):
    """Starts from what the restored tables include, not from committed offsets.

    The changelog may be behind the group's offsets after a crash, or empty because someone deleted it. Folding on
    from the offsets would then lose decisions for ever.
    """

    def _new_consumer_thread(self) -> LedgerConsumerThread:
        return LedgerConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def create_topic(self, *args: object, **options: object) -> None:
        """Topics are created by operators, never by Faust."""

    async def perform_seek(self) -> None:
        """Seek to where the tables end; called after recovery, before streams go on."""
        await super().perform_seek()
        app = _ledger(self.app)
        sources = [tp for tp in self.assignment() if not self._is_changelog_tp(tp)]
        beginnings: Mapping[TP, int] = await self.earliest_offsets(*sources) if sources else {}
        for tp in sources:
            offset = app.start_offset(tp)
            offset = beginnings[tp] if offset is None else max(offset, beginnings[tp])
            await self.seek(tp, offset)
            self._committed_offset[tp] = offset or None
        app.positioned()


class LedgerProducer(driver.Producer):
    """Writes changelogs, idempotent and acknowledged by all replicas."""

    async def create_topic(self, *args: object, **options: object) -> None:
        """Topics are created by operators, never by Faust."""

    def _new_producer(self, transactional_id: str | None = None) -> aiokafka.AIOKafkaProducer:
        connection = _ledger(self.app).connection
        return aiokafka.AIOKafkaProducer(
            **connection.arguments,
            acks="all",
            enable_idempotence=True,
            linger_ms=5,
            max_request_size=_MAX_BYTES,
            request_timeout_ms=connection.settings.request_timeout_ms,
        )


class LedgerTransport(driver.Transport):
    """Makes the clients above."""

    # The base class declares protocols here and is given its own classes, as it is now given ours.
    Consumer: ClassVar[type[driver.Consumer]] = LedgerConsumer  # pyright: ignore[reportIncompatibleVariableOverride]
    Producer: ClassVar[type[driver.Producer]] = LedgerProducer  # pyright: ignore[reportIncompatibleVariableOverride]
