"""Following the compacted `control` topic: which runs were told to stop."""

import asyncio
import logging
from collections.abc import Callable

from collegium.agent.patience import Outage, Patience
from collegium.agent.stopped import StoppedRuns
from collegium.log.errors import LogError
from collegium.log.port import Consumer, Log, Record, TopicPartition
from collegium_schemas.envelope import EnvelopeError, decode
from collegium_schemas.tasks import ControlScope, ControlState

_log = logging.getLogger(__name__)
_POLL_MS = 1_000
_POLL_RECORDS = 500


class ControlTail:
    """Reads orders from the topic's beginning and tells of every run that is stopped.

    An order that cannot be read is logged and passed by: the topic is compacted, so its next version replaces it,
    and the orchestrator has ended the run in any case.
    """

    def __init__(
        self, log: Log, topic: str, stopped: StoppedRuns, on_stop: Callable[[str], None], patience: Patience
    ) -> None:
        self._log = log
        self._topic = topic
        self._stopped = stopped
        self._on_stop = on_stop
        self._patience = patience
        self.caught_up = asyncio.Event()
        """Set when every order that existed at the start has been read."""

    async def caught_up_or(self, asked: asyncio.Event) -> None:
        """Wait until caught up, or until asked to end first."""
        waits = [asyncio.ensure_future(event.wait()) for event in (self.caught_up, asked)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def run(self) -> None:
        """Follow until cancelled.

        Raises:
            LogGone: the log has been away for longer than the bound.
        """
        outage = Outage(f"reading {self._topic}", self._patience)
        while True:
            try:
                consumer, ends = await self._open()
            except LogError as error:
                await outage.wait(error)
                continue
            try:
                await self._follow(consumer, ends, outage)
            except LogError as error:
                await outage.wait(error)
            finally:
                await consumer.close()

    async def _open(self) -> tuple[Consumer, dict[TopicPartition, int]]:
        topics = await self._log.describe([self._topic])
        partitions = [TopicPartition(self._topic, number) for number in range(topics[self._topic].partitions)]
        ends = dict(await self._log.end_offsets(partitions))
        return await self._log.assign(dict.fromkeys(partitions, "earliest")), ends

    async def _follow(self, consumer: Consumer, ends: dict[TopicPartition, int], outage: Outage) -> None:
        while True:
            if not self.caught_up.is_set() and await _reached(consumer, ends):
                self.caught_up.set()
            timeout_ms = _POLL_MS if self.caught_up.is_set() else 50
            batches = await consumer.poll(max_records=_POLL_RECORDS, timeout_ms=timeout_ms)
            outage.over()
            for records in batches.values():
                for record in records:
                    self._apply(record)

    def _apply(self, record: Record) -> None:
        key = (record.key or b"").decode("utf-8", "replace")
        scope, _, name = key.partition("/")
        if scope != ControlScope.RUN:
            return
        if record.value is None:
            self._stopped.release(name)
            return
        try:
            order = decode(record.headers, record.value, ControlState)
        except EnvelopeError as error:
            _log.warning("control record %s at offset %d cannot be read: %s", key[:100], record.offset, error.reason)
            return
        if order.stopped:
            self._stopped.stop(order.name)
            self._on_stop(order.name)
        else:
            self._stopped.release(order.name)


async def _reached(consumer: Consumer, ends: dict[TopicPartition, int]) -> bool:
    for partition, end in ends.items():
        if await consumer.position(partition) < end:
            return False
    return True
