"""Following a compacted topic: every partition, from its beginning, and again from there after an outage."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Final

from collegium.agent.patience import Outage, Patience
from collegium.log.errors import LogError
from collegium.log.port import Consumer, Log, Record, TopicPartition

_POLL_MS: Final = 1_000
_CATCH_UP_POLL_MS: Final = 50
_POLL_RECORDS: Final = 500


class Tail(ABC):
    """Hands every record to `take`, in the order of its partition.

    After an outage all records come again, and those that compaction has dropped meanwhile do not: `begin` and
    `interrupted` tell what is known of that.

    Args:
        log: Where the topic is.
        topic: Its full name.
        patience: How long the log may be away.
    """

    def __init__(self, log: Log, topic: str, patience: Patience) -> None:
        self.topic = topic
        self.partitions = 0
        self.caught_up = asyncio.Event()
        """Set when everything has been read that existed when the topic was opened."""
        self._log = log
        self._patience = patience
        self._next: dict[int, int] = {}
        self._moved = asyncio.Event()

    @abstractmethod
    def take(self, record: Record) -> None:
        """One more record; of a tombstone the value is None."""

    @abstractmethod
    def begin(self) -> None:
        """The topic is read from its beginning, for the first time or once more."""

    @abstractmethod
    def interrupted(self) -> None:
        """The log has gone away, or the tail ends: nothing is read until the next `begin`."""

    async def moved(self) -> None:
        """Wait until more has been read."""
        await self._moved.wait()

    async def past(self, partition: int, offset: int) -> None:
        """Wait until a record has been read."""
        while not self.caught_up.is_set() or self._next.get(partition, 0) <= offset:
            await self.moved()

    async def run(self) -> None:
        """Follow until cancelled.

        Raises:
            LogGone: the log has been away for longer than the bound.
        """
        outage = Outage(f"reading {self.topic}", self._patience)
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
                self.interrupted()
                await consumer.close()

    async def _open(self) -> tuple[Consumer, dict[TopicPartition, int]]:
        topics = await self._log.describe([self.topic])
        self.partitions = topics[self.topic].partitions
        partitions = [TopicPartition(self.topic, number) for number in range(self.partitions)]
        ends = dict(await self._log.end_offsets(partitions))
        consumer = await self._log.assign(dict.fromkeys(partitions, "earliest"))
        self._next.clear()
        self.begin()
        return consumer, ends

    async def _follow(self, consumer: Consumer, ends: Mapping[TopicPartition, int], outage: Outage) -> None:
        while True:
            if not self.caught_up.is_set() and all(self._next.get(tp.partition, 0) >= ends[tp] for tp in ends):
                self.caught_up.set()
            self._tell()
            timeout_ms = _POLL_MS if self.caught_up.is_set() else _CATCH_UP_POLL_MS
            batches = await consumer.poll(max_records=_POLL_RECORDS, timeout_ms=timeout_ms)
            outage.over()
            for records in batches.values():
                for record in records:
                    self.take(record)
            for partition in ends:
                self._next[partition.partition] = await consumer.position(partition)

    def _tell(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
