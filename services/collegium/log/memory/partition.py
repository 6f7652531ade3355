"""One partition: records at offsets, open transactions, the last stable offset, compaction and truncation."""

import asyncio
from bisect import bisect_left
from typing import Final

from collegium.log.errors import OffsetLost
from collegium.log.port import Outgoing, Record, Scanned, TopicPartition

_SCANNED_RECORDS: Final = 1_000


class PartitionLog:
    """An append-only sequence as a read_committed reader may see it.

    Control records and aborted records keep their offsets and are never shown, as in Kafka. Nothing at or beyond
    the last stable offset, the first offset of the earliest open transaction, is shown.
    """

    __slots__ = ("_offsets", "_open", "_records", "_waiters", "end", "source", "stable", "start")

    def __init__(self, source: TopicPartition) -> None:
        self.source = source
        self.start = 0
        """The first offset that still exists."""
        self.end = 0
        """The offset of the next record."""
        self.stable = 0
        """The last stable offset."""
        self._offsets: list[int] = []
        self._records: list[Record | None] = []
        self._open: dict[int, list[int]] = {}
        self._waiters: dict[asyncio.Future[None], None] = {}

    def append(self, outgoing: Outgoing, timestamp_ms: int, transaction: int | None) -> int:
        """Write a record, in an open transaction of this producer id when given; returns its offset."""
        offset = self.end
        topic, partition = self.source.topic, self.source.partition
        record = Record(topic, partition, offset, timestamp_ms, outgoing.key, outgoing.value, outgoing.headers)
        if transaction is not None:
            self._open.setdefault(transaction, []).append(offset)
        self._write(record)
        return offset

    def finish(self, transaction: int, *, commit: bool) -> None:
        """Write the control record that ends a producer id's transaction here."""
        offsets = self._open.pop(transaction)
        if not commit:
            for offset in offsets:
                index = bisect_left(self._offsets, offset)
                if index < len(self._offsets) and self._offsets[index] == offset:
                    self._records[index] = None
        self._write(None)

    def open_records(self, transaction: int) -> list[Record]:
        """What a producer id's open transaction has written here, in order."""
        found: list[Record] = []
        for offset in self._open.get(transaction, ()):
            index = bisect_left(self._offsets, offset)
            if index < len(self._offsets) and self._offsets[index] == offset:
                record = self._records[index]
                if record is not None:
                    found.append(record)
        return found

    def _write(self, record: Record | None) -> None:
        self._offsets.append(self.end)
        self._records.append(record)
        self.end += 1
        stable = min((offsets[0] for offsets in self._open.values()), default=self.end)
        if stable > self.stable:
            self.stable = stable
            self._wake()

    def read(self, position: int, max_records: int) -> tuple[list[Record], int]:
        """The visible records from a position on, and the position after them."""
        found: list[Record] = []
        first = bisect_left(self._offsets, position)
        last = bisect_left(self._offsets, self.stable)
        for index in range(first, last):
            record = self._records[index]
            if record is not None:
                found.append(record)
                if len(found) == max_records:
                    return found, record.offset + 1
        return found, max(position, self.stable)

    def scan(self, offset: int, most: int = _SCANNED_RECORDS) -> Scanned:
        """Keys and values of the visible records from an offset on, at most so many of them.

        Raises:
            OffsetLost: the offset is before the first that exists, or not before the last stable one.
        """
        if not self.start <= offset < self.stable:
            raise OffsetLost(self.source.topic, self.source.partition, offset)
        records, following = self.read(offset, most)
        return Scanned([(record.key, record.value) for record in records], following)

    def at(self, offset: int) -> Record | None:
        """The visible record at exactly this offset."""
        index = bisect_left(self._offsets, offset)
        if offset < self.stable and index < len(self._offsets) and self._offsets[index] == offset:
            return self._records[index]
        return None

    def compact(self, *, keep_tombstones: bool) -> None:
        """Keep the last record of every key below the last stable offset; offsets stay as they are."""
        latest: dict[bytes | None, int] = {}
        stable = bisect_left(self._offsets, self.stable)
        for record in self._records[:stable]:
            if record is not None:
                latest[record.key] = record.offset
        kept = [
            (offset, record)
            for index, (offset, record) in enumerate(zip(self._offsets, self._records, strict=True))
            if index >= stable
            or (record is not None and latest[record.key] == offset and (keep_tombstones or record.value is not None))
        ]
        self._offsets = [offset for offset, _ in kept]
        self._records = [record for _, record in kept]

    def truncate(self, before: int) -> None:
        """Forget every record below an offset, up to the last stable one: what retention does."""
        self.start = max(self.start, min(before, self.stable))
        index = bisect_left(self._offsets, self.start)
        del self._offsets[:index]
        del self._records[:index]

    def add_waiter(self, waiter: asyncio.Future[None]) -> None:
        """Complete this future when the last stable offset has moved."""
        self._waiters[waiter] = None

    def remove_waiter(self, waiter: asyncio.Future[None]) -> None:
        """Forget a future that is not waited for any more."""
        self._waiters.pop(waiter, None)

    def _wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()
