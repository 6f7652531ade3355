"""How far a group's offsets may move while records finish out of order: never past an unfinished one."""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Final

from collegium.agent.standing import RESERVED, Standing
from collegium.log.port import Record, TopicPartition

_HELD: Final = Standing(open=True)
"""A member has the partition, and nothing is known against its records."""


class PartitionOffsets:
    """One partition's records under way during one assignment.

    Args:
        base: The committed offset that the assignment begins at; None when it is not known.
        standing: What is known of the partition's records.
    """

    def __init__(self, base: int | None = None, standing: Standing = _HELD) -> None:
        self._under_way: deque[int] = deque()
        self._finished: set[int] = set()
        self._base = base
        self._seen: int | None = None
        self._next: int | None = base
        self._committed: int | None = base
        self._reserved = 0 if base is None else base + RESERVED
        self.standing = standing
        """Which of its records are under suspicion."""
        self.revoked = False
        """True once the partition may belong to another member; nothing of it is committed from here any more."""

    def started(self, offset: int) -> None:
        """A record was taken; offsets come in rising order."""
        self._under_way.append(offset)
        self._seen = offset + 1

    @property
    def short(self) -> bool:
        """True when records have been taken almost as far as the last commit said: the next one should say more."""
        return self._next is not None and self._seen is not None and self._seen + RESERVED // 2 > self._reserved

    def finished(self, offset: int) -> None:
        """A record needs no further work. Unknown offsets are ignored."""
        self._finished.add(offset)
        while self._under_way and self._under_way[0] in self._finished:
            self._finished.discard(self._under_way.popleft())
        if self._under_way:
            self._next = self._under_way[0]
        else:
            self._finished.clear()
            self._next = self.seen

    def stands_at(self, position: int) -> None:
        """The reader stands at `position`: past control records, which leave gaps that nobody would ever finish."""
        if not self._under_way and self._seen is not None and position > self._seen:
            self._next = self._seen = position

    def moves_to(self, position: int) -> None:
        """The same for a reader that has found nothing on its way there, nothing being under way."""
        if not self._under_way and self._next is not None and position > self._next:
            self._next = self._seen = position

    def passed(self, offset: int) -> bool:
        """Whether everything up to this record is finished."""
        return self._next is not None and self._next > offset

    @property
    def idle(self) -> bool:
        """True when records were taken and all are finished."""
        return not self._under_way and self._seen is not None

    @property
    def due(self) -> int | None:
        """The offset to commit, or None when there is nothing new. Everything below it is finished."""
        return None if self.revoked or (self._next == self._committed and not self.short) else self._next

    @property
    def last(self) -> int | None:
        """The offset to commit when the partition is given back, be it committed before or not."""
        return None if self.revoked else self._next

    @property
    def seen(self) -> int | None:
        """The offset after the last record taken."""
        return self._base if self._seen is None else self._seen

    def line(self, offset: int, *, leaving: bool = False) -> str:
        """What a commit of this offset says of the partition's records."""
        seen = self.seen
        return self.standing.line(offset, seen=None if leaving else (offset if seen is None else seen))

    def committed(self, offset: int, seen: int | None) -> None:
        """The group's offset was recorded, when records had been taken up to `seen`."""
        self._committed = offset
        self._reserved = RESERVED + (offset if seen is None else seen)

    @property
    def alone(self) -> bool:
        """True while its next record must be worked on alone, or not at all."""
        return self._next is not None and self.standing.alone(self._next)


class OffsetBook:
    """The offsets of every partition that this member owns now."""

    def __init__(self) -> None:
        self._partitions: dict[TopicPartition, PartitionOffsets] = {}
        self._suspicious = False

    def assign(self, partition: TopicPartition, offsets: PartitionOffsets) -> None:
        """The partition is this member's, with this to begin from."""
        self._partitions[partition] = offsets
        self._suspicious = self._suspicious or offsets.alone

    def holds(self, partitions: Iterable[TopicPartition]) -> bool:
        """Whether all of these have been assigned."""
        return all(partition in self._partitions for partition in partitions)

    def take(self, record: Record) -> PartitionOffsets:
        """Note that a record of an assigned partition is under way; tell the result when it is finished."""
        offsets = self._partitions[record.source]
        offsets.started(record.offset)
        return offsets

    def suspected(self) -> tuple[TopicPartition, PartitionOffsets] | None:
        """A partition whose next record must be worked on alone, or not at all."""
        if self._suspicious:
            for partition, offsets in self._partitions.items():
                if offsets.alone:
                    return partition, offsets
            self._suspicious = False
        return None

    def revoke(self, partitions: Iterable[TopicPartition]) -> None:
        """Forget partitions that may belong to another member from now on."""
        for partition in partitions:
            if (offsets := self._partitions.pop(partition, None)) is not None:
                offsets.revoked = True

    def idle(self) -> dict[TopicPartition, PartitionOffsets]:
        """Partitions of which every record taken is finished."""
        return {partition: offsets for partition, offsets in self._partitions.items() if offsets.idle}

    def short(self) -> bool:
        """True when a commit is due only to say that more may be taken."""
        return any(offsets.short for offsets in self._partitions.values())

    def due(self) -> "Commit":
        """What to commit now."""
        found = {each: due for each, offsets in self._partitions.items() if (due := offsets.due) is not None}
        return Commit(self._partitions, found)

    def last(self) -> "Commit":
        """What to commit when every partition is given back."""
        found = {each: last for each, offsets in self._partitions.items() if (last := offsets.last) is not None}
        return Commit(self._partitions, found, leaving=True)


class Commit:
    """Offsets to be committed, with the lines that go with them."""

    def __init__(
        self,
        partitions: Mapping[TopicPartition, PartitionOffsets],
        offsets: Mapping[TopicPartition, int],
        *,
        leaving: bool = False,
    ) -> None:
        self.offsets = offsets
        self.lines = {each: partitions[each].line(offset, leaving=leaving) for each, offset in offsets.items()}
        self._committed = [(partitions[each], offset, partitions[each].seen) for each, offset in offsets.items()]

    def done(self) -> None:
        """It was acknowledged."""
        for offsets, offset, seen in self._committed:
            offsets.committed(offset, seen)
