"""Signs of life of running attempts: who stops giving them has died, hangs, or cannot reach Kafka any more.

Read from `progress`, from its end and beside the inputs: a beat is worth nothing a moment later, so none is stored.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from collegium.log.errors import LogError
from collegium.log.partitioner import partition_for
from collegium.log.port import Clock, Consumer, Log, Record, TopicPartition
from collegium.log.topics import TopicNames
from collegium_schemas.envelope import EnvelopeError, header

logger = logging.getLogger(__name__)

TOPIC: Final = "progress"
_LOOK_MS: Final = 1_000
_POLL_MS: Final = 200
_POLL_RECORDS: Final = 2_000
_MOST_POLLS: Final = 10


@dataclass(frozen=True, slots=True)
class AttemptId:
    """One attempt at a subtask."""

    run_id: str
    subtask_id: str
    attempt: int


class Owner(Protocol):
    """Who answers for one partition's runs."""

    def awaits(self, attempt: AttemptId) -> bool:
        """Whether the attempt is under way."""
        ...

    def lost(self, attempt: AttemptId) -> None:
        """The attempt has shown no life for too long."""
        ...


class Beats:
    """When each attempt was last heard of: one entry for each that is under way and has been heard of."""

    def __init__(self, lost_ms: int) -> None:
        self._lost_ms = lost_ms
        self._heard: OrderedDict[AttemptId, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._heard)

    def heard(self, attempt: AttemptId, now_ms: int) -> None:
        """It shows life."""
        self._heard[attempt] = now_ms
        self._heard.move_to_end(attempt)

    def anew(self, now_ms: int) -> None:
        """Nothing could be heard for a while: that is no fault of theirs."""
        self._heard = OrderedDict.fromkeys(self._heard, now_ms)

    def silent(self, now_ms: int) -> list[AttemptId]:
        """Take out those that have not been heard of for too long, or have ended meanwhile."""
        found: list[AttemptId] = []
        while self._heard:
            attempt, at_ms = next(iter(self._heard.items()))
            if now_ms - at_ms < self._lost_ms:
                break
            del self._heard[attempt]
            found.append(attempt)
        return found


class BeatReader:
    """Follows `progress` for the partitions that this process owns.

    Args:
        owners: The owners of this process by partition, as they are now.
        partitions: How many partitions the co-partitioned topics have.
        lost_ms: How long an attempt may show no life after it has shown some.
    """

    def __init__(
        self,
        log: Log,
        names: TopicNames,
        owners: Mapping[int, Owner],
        *,
        partitions: int,
        lost_ms: int,
        clock: Clock,
    ) -> None:
        self._log = log
        self._topic = names(TOPIC)
        self._owners = owners
        self._partitions = partitions
        self._look_ms = min(_LOOK_MS, max(1, lost_ms // 4))
        self._deaf_ms = max(lost_ms // 2, 2 * self._look_ms)
        self._clock = clock
        self.beats = Beats(lost_ms)
        self.looks = 0
        """How often the entries have been looked through."""
        self._looked_at_ms = 0

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            self._looked_at_ms = self._clock()
            self.beats.anew(self._looked_at_ms)
            try:
                owned = frozenset(self._owners)
                if wanted := await self._wanted(owned):
                    await self._follow(wanted, owned)
            except LogError as error:
                logger.debug("signs of life are not heard: %s", error)
            await asyncio.sleep(self._look_ms / 1_000)

    async def _wanted(self, owned: Collection[int]) -> list[TopicPartition]:
        """The partitions in which the owned runs' beats lie: the same numbers, if the topic has as many."""
        described = (await self._log.describe([self._topic])).get(self._topic)
        if described is None or not owned:
            return []
        numbers = owned if described.partitions == self._partitions else range(described.partitions)
        return [TopicPartition(self._topic, number) for number in numbers]

    async def _follow(self, wanted: Collection[TopicPartition], owned: Collection[int]) -> None:
        """Read now and then, and fetch nothing in between, until other partitions are owned."""
        consumer = await self._log.assign(dict.fromkeys(wanted, "latest"))
        try:
            while owned == frozenset(self._owners):
                await self._hear(consumer)
                self._look()
                consumer.pause(wanted)
                await asyncio.sleep(self._look_ms / 1_000)
                consumer.resume(wanted)
        finally:
            await consumer.close()

    async def _hear(self, consumer: Consumer) -> None:
        timeout_ms = _POLL_MS
        for _ in range(_MOST_POLLS):
            batches = await consumer.poll(max_records=_POLL_RECORDS, timeout_ms=timeout_ms)
            if not batches:
                return
            now_ms, timeout_ms = self._clock(), 0
            for records in batches.values():
                for record in records:
                    self._heard(record, now_ms)

    def _heard(self, record: Record, now_ms: int) -> None:
        attempt = _attempt(record)
        if attempt is None:
            return
        owner = self._owners.get(partition_for(attempt.run_id.encode(), self._partitions))
        if owner is not None and owner.awaits(attempt):
            self.beats.heard(attempt, now_ms)

    def _look(self) -> None:
        self.looks += 1
        now_ms = self._clock()
        if now_ms - self._looked_at_ms > self._deaf_ms:
            self.beats.anew(now_ms)  # this process was stopped or very busy
        self._looked_at_ms = now_ms
        for attempt in self.beats.silent(now_ms):
            owner = self._owners.get(partition_for(attempt.run_id.encode(), self._partitions))
            if owner is not None and owner.awaits(attempt):
                owner.lost(attempt)


def _attempt(record: Record) -> AttemptId | None:
    """Whose sign of life a record is; the headers say so, the body need not be read."""
    try:
        run_id, subtask_id, attempt = (header(record.headers, "ce_subject") or "").split("/")
        return AttemptId(run_id, subtask_id, int(attempt))
    except (EnvelopeError, ValueError):
        return None
