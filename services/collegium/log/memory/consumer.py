"""A read_committed reader of the memory log."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from collegium.log.errors import LogError
from collegium.log.memory.broker import MemoryBroker
from collegium.log.memory.membership import Membership
from collegium.log.memory.partition import PartitionLog
from collegium.log.metadata import checked
from collegium.log.port import Committed, Record, StartAt, TopicPartition


@dataclass(slots=True)
class _Reading:
    log: PartitionLog
    position: int
    paused: bool = False


class MemoryConsumer:
    """Reads assigned partitions; the group, where there is one, changes the assignment through `Membership`."""

    def __init__(self, broker: MemoryBroker, start_at: StartAt) -> None:
        self._broker = broker
        self._start_at: StartAt = start_at
        self._readings: dict[TopicPartition, _Reading] = {}
        self._turn = 0
        self._rebalancing = False
        self._closed = False
        self._error: BaseException | None = None
        self._sleepers: dict[asyncio.Future[None], None] = {}
        self.membership: Membership | None = None
        """Set by `MemoryLog.subscribe`."""

    async def poll(
        self, *, max_records: int, timeout_ms: int, partitions: Collection[TopicPartition] = ()
    ) -> Mapping[TopicPartition, Sequence[Record]]:
        """The next committed records."""
        if self._closed:
            raise LogError("the consumer is closed")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_ms / 1_000
        await asyncio.sleep(0)  # readers with a backlog must not starve the other tasks
        while not self._closed:
            if self._error is not None:
                raise self._error
            chosen = self._choose(partitions)
            if found := self._take(chosen, max_records):
                return found
            remaining_s = deadline - loop.time()
            if remaining_s <= 0:
                break
            await self._sleep(chosen, remaining_s)
        return {}

    def _choose(self, partitions: Collection[TopicPartition]) -> list[tuple[TopicPartition, _Reading]]:
        if self._rebalancing:
            return []
        return [
            (source, reading)
            for source, reading in self._readings.items()
            if not reading.paused and (not partitions or source in partitions)
        ]

    def _take(
        self, chosen: Sequence[tuple[TopicPartition, _Reading]], max_records: int
    ) -> dict[TopicPartition, Sequence[Record]]:
        found: dict[TopicPartition, Sequence[Record]] = {}
        if chosen:
            self._turn = (self._turn + 1) % len(chosen)
        for source, reading in (*chosen[self._turn :], *chosen[: self._turn]):
            if max_records == 0:
                break
            log = reading.log
            if not log.start <= reading.position <= log.end:
                reading.position = self._initial(log)
            if reading.position >= log.stable:
                continue
            records, reading.position = log.read(reading.position, max_records)
            if records:
                found[source] = records
                max_records -= len(records)
        return found

    async def _sleep(self, chosen: Sequence[tuple[TopicPartition, _Reading]], timeout_s: float) -> None:
        loop = asyncio.get_running_loop()
        sleeper: asyncio.Future[None] = loop.create_future()
        self._sleepers[sleeper] = None
        alarm = loop.call_later(timeout_s, _complete, sleeper)
        for _, reading in chosen:
            reading.log.add_waiter(sleeper)
        try:
            await sleeper
        finally:
            alarm.cancel()
            del self._sleepers[sleeper]
            for _, reading in chosen:
                reading.log.remove_waiter(sleeper)

    def wake(self) -> None:
        """Let waiting polls look again."""
        for sleeper in self._sleepers:
            _complete(sleeper)

    @property
    def closed(self) -> bool:
        """Whether `close` has been called."""
        return self._closed

    def assignment(self) -> frozenset[TopicPartition]:
        """The partitions read now."""
        return frozenset(self._readings)

    async def position(self, partition: TopicPartition) -> int:
        """The next offset."""
        return self._reading(partition).position

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Go on from an offset."""
        if offset < 0:
            raise ValueError(f"no offset is negative: {offset}")
        self._reading(partition).position = offset
        self.wake()

    def pause(self, partitions: Iterable[TopicPartition]) -> None:
        """Hold partitions back."""
        self._set_paused(partitions, paused=True)

    def resume(self, partitions: Iterable[TopicPartition]) -> None:
        """Read partitions again."""
        self._set_paused(partitions, paused=False)

    def _set_paused(self, partitions: Iterable[TopicPartition], *, paused: bool) -> None:
        for partition in partitions:
            if (reading := self._readings.get(partition)) is not None:
                reading.paused = paused
        self.wake()

    async def commit(
        self, offsets: Mapping[TopicPartition, int], metadata: Mapping[TopicPartition, str] | None = None
    ) -> None:
        """Record the group's next offsets."""
        if self._closed or self.membership is None:
            raise LogError("the consumer is closed, or in no group: it may not commit offsets")
        texts = checked(metadata)
        await asyncio.sleep(0)
        for partition in offsets:
            self._reading(partition)
        self.membership.commit({each: Committed(offset, texts.get(each, "")) for each, offset in offsets.items()})

    async def committed(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, Committed]:
        """What the group has recorded."""
        if self._closed or self.membership is None:
            raise LogError("the consumer is closed, or in no group: it has no committed offsets")
        await asyncio.sleep(0)
        recorded = self.membership.committed()
        return {each: recorded[each] for each in partitions if each in recorded}

    async def close(self) -> None:
        """Leave the group."""
        if self._closed:
            return
        self._closed = True
        self.wake()
        if self.membership is not None:
            await self.membership.stop()

    def begin_rebalance(self) -> None:
        """Return nothing until the next assignment."""
        self._rebalancing = True

    def take_assignment(self, offsets: Mapping[TopicPartition, int | StartAt | None]) -> None:
        """Read these partitions from these offsets; None is where `start_at` says."""
        self._readings = {
            source: self._new_reading(source, offset) for source, offset in sorted(offsets.items(), key=_by_source)
        }
        self._rebalancing = False
        self.wake()

    def fail(self, error: BaseException) -> None:
        """Raise this from every poll."""
        self._error = error
        self.wake()

    def _new_reading(self, source: TopicPartition, offset: int | StartAt | None) -> _Reading:
        log = self._broker.partition(source)
        if isinstance(offset, int):
            return _Reading(log, offset)
        return _Reading(log, self._initial(log, offset))

    def _initial(self, log: PartitionLog, start_at: StartAt | None = None) -> int:
        return log.start if (start_at or self._start_at) == "earliest" else log.stable

    def _reading(self, partition: TopicPartition) -> _Reading:
        reading = self._readings.get(partition)
        if reading is None:
            raise LogError(f"{partition.topic}-{partition.partition} is not assigned to this consumer")
        return reading


def _complete(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)


def _by_source(item: tuple[TopicPartition, object]) -> TopicPartition:
    return item[0]
