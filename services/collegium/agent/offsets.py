"""How far a group's offsets may move while records finish out of order: never past an unfinished one."""

from collections import deque
from collections.abc import Iterable

from collegium.log.port import Record, TopicPartition


class PartitionOffsets:
    """One partition's records under way during one assignment."""

    def __init__(self) -> None:
        self._under_way: deque[int] = deque()
        self._finished: set[int] = set()
        self._seen: int | None = None
        self._next: int | None = None
        self._committed: int | None = None
        self.revoked = False
        """True once the partition may belong to another member; nothing of it is committed from here any more."""

    def started(self, offset: int) -> None:
        """A record was taken; offsets come in rising order."""
        self._under_way.append(offset)
        self._seen = offset + 1

    def finished(self, offset: int) -> None:
        """A record needs no further work. Unknown offsets are ignored."""
        self._finished.add(offset)
        while self._under_way and self._under_way[0] in self._finished:
            self._finished.discard(self._under_way.popleft())
        if self._under_way:
            self._next = self._under_way[0]
        else:
            self._finished.clear()
            self._next = self._seen

    def stands_at(self, position: int) -> None:
        """The reader stands at `position`: past control records, which leave gaps that nobody would ever finish."""
        if not self._under_way and self._seen is not None and position > self._seen:
            self._next = self._seen = position

    @property
    def idle(self) -> bool:
        """True when records were taken and all are finished."""
        return not self._under_way and self._seen is not None

    @property
    def due(self) -> int | None:
        """The offset to commit, or None when there is nothing new. Everything below it is finished."""
        return None if self.revoked or self._next == self._committed else self._next

    def committed(self, offset: int) -> None:
        """The group's offset was recorded."""
        self._committed = offset


class OffsetBook:
    """The offsets of every partition that this member owns now."""

    def __init__(self) -> None:
        self._partitions: dict[TopicPartition, PartitionOffsets] = {}

    def take(self, record: Record) -> PartitionOffsets:
        """Note that a record is under way; tell the result when it is finished."""
        offsets = self._partitions.setdefault(record.source, PartitionOffsets())
        offsets.started(record.offset)
        return offsets

    def revoke(self, partitions: Iterable[TopicPartition]) -> None:
        """Forget partitions that may belong to another member from now on."""
        for partition in partitions:
            if (offsets := self._partitions.pop(partition, None)) is not None:
                offsets.revoked = True

    def idle(self) -> dict[TopicPartition, PartitionOffsets]:
        """Partitions of which every record taken is finished."""
        return {partition: offsets for partition, offsets in self._partitions.items() if offsets.idle}

    def due(self) -> dict[TopicPartition, int]:
        """What to commit now."""
        return {partition: due for partition, offsets in self._partitions.items() if (due := offsets.due) is not None}

    def committed(self, offsets: dict[TopicPartition, int]) -> None:
        """A commit of these was acknowledged."""
        for partition, offset in offsets.items():
            if (known := self._partitions.get(partition)) is not None:
                known.committed(offset)
