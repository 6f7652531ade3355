"""The state that memory clients share: topics, transactions and groups. One event loop, no threads, no randomness."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from collegium.log.errors import LogError, OffsetLost, RecordTooLarge, TopicMismatch
from collegium.log.memory.groups import REBALANCE_TIMEOUT_MS, Group
from collegium.log.memory.partition import PartitionLog
from collegium.log.memory.transactions import Session, TransactionCoordinator
from collegium.log.partitioner import partition_for
from collegium.log.port import MAX_RECORD_BYTES, Clock, NewTopic, Outgoing, Position, TopicDescription, TopicPartition
from collegium.log.sizes import record_bytes

_DEFAULTS: Final = {"cleanup.policy": "delete", "max.message.bytes": "1048588"}
"""Kafka's own defaults."""


def wall_clock() -> int:
    """Milliseconds since 1970-01-01T00:00:00Z."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class _Topic:
    name: str
    configuration: Mapping[str, str]
    partitions: tuple[PartitionLog, ...]
    max_bytes: int
    compacted: bool


class MemoryBroker:
    """What a Kafka cluster is to its clients; share one among several `MemoryLog`s."""

    def __init__(self, *, clock: Clock = wall_clock, rebalance_timeout_ms: int = REBALANCE_TIMEOUT_MS) -> None:
        self.transactions = TransactionCoordinator()
        self._clock = clock
        self._rebalance_timeout_ms = rebalance_timeout_ms
        self._topics: dict[str, _Topic] = {}
        self._groups: dict[str, Group] = {}
        self._unkeyed = 0

    def create(self, topics: Collection[NewTopic]) -> None:
        """Create the topics that do not exist yet."""
        for topic in topics:
            if topic.partitions < 1:
                raise LogError(f"topic {topic.name} cannot be created: it needs at least one partition")
            if topic.name not in self._topics:
                self._topics[topic.name] = _new_topic(topic)

    def describe(self, topics: Collection[str]) -> dict[str, TopicDescription]:
        """The existing ones among these topics."""
        return {
            name: TopicDescription(name, len(topic.partitions), dict(topic.configuration))
            for name in topics
            if (topic := self._topics.get(name)) is not None
        }

    def partitions_of(self, topic: str) -> int:
        """A topic's partition count."""
        return len(self._topic(topic).partitions)

    def partition(self, source: TopicPartition) -> PartitionLog:
        """One partition's records."""
        partitions = self._topic(source.topic).partitions
        if not 0 <= source.partition < len(partitions):
            raise TopicMismatch((f"topic {source.topic} has no partition {source.partition}",))
        return partitions[source.partition]

    def unsettled(self, partitions: Collection[TopicPartition]) -> frozenset[TopicPartition]:
        """Those of these partitions in which a transaction is open."""
        return frozenset(each for each in partitions if (log := self.partition(each)).stable < log.end)

    def group(self, name: str) -> Group:
        """A consumer group, new or known."""
        if name not in self._groups:
            self._groups[name] = Group(name, self.partitions_of, self._rebalance_timeout_ms)
        return self._groups[name]

    def committed(self, group: str) -> Mapping[TopicPartition, int]:
        """The offsets that a group has committed."""
        return dict(self.group(group).offsets)

    def route(self, outgoing: Outgoing) -> PartitionLog:
        """The partition that a record belongs to.

        Raises:
            RecordTooLarge: it is over `MAX_RECORD_BYTES`.
            TopicMismatch: there is no such topic or partition.
        """
        if outgoing.key is None and outgoing.value is None:
            raise ValueError("a record needs a key or a value")
        if (size := record_bytes(outgoing)) > MAX_RECORD_BYTES:
            raise RecordTooLarge(f"a record of {size} bytes for {outgoing.topic} is over {MAX_RECORD_BYTES}")
        if outgoing.partition is not None:
            return self.partition(TopicPartition(outgoing.topic, outgoing.partition))
        partitions = self._topic(outgoing.topic).partitions
        if outgoing.key is not None:
            return partitions[partition_for(outgoing.key, len(partitions))]
        self._unkeyed += 1
        return partitions[self._unkeyed % len(partitions)]

    def append(self, outgoing: Outgoing, log: PartitionLog, session: Session | None = None) -> Position:
        """Write a record where `route` said, in the session's open transaction when given.

        Raises:
            RecordTooLarge: it is over the topic's own limit.
            LogError: a compacted topic takes no record without key.
        """
        topic = self._topics[log.source.topic]
        if (size := record_bytes(outgoing)) > topic.max_bytes:
            raise RecordTooLarge(f"a record of {size} bytes is over the {topic.max_bytes} of {topic.name}")
        if topic.compacted and outgoing.key is None:
            raise LogError(f"topic {topic.name} is compacted: a record needs a key")
        producer = None if session is None else self.transactions.touch(session, log)
        offset = log.append(outgoing, self._clock(), producer)
        return Position(topic.name, log.source.partition, offset)

    def compact(self, topic: str, *, keep_tombstones: bool = False) -> None:
        """Do what Kafka's log cleaner would do at some time, now."""
        for log in self._topic(topic).partitions:
            log.compact(keep_tombstones=keep_tombstones)

    def truncate(self, partition: TopicPartition, before: int) -> None:
        """Forget the records below an offset, as retention does."""
        log = self.partition(partition)
        if before > log.end:
            raise OffsetLost(partition.topic, partition.partition, before)
        log.truncate(before)

    def _topic(self, name: str) -> _Topic:
        topic = self._topics.get(name)
        if topic is None:
            raise TopicMismatch((f"topic {name} does not exist",))
        return topic


def _new_topic(topic: NewTopic) -> _Topic:
    configuration = {**_DEFAULTS, **topic.configuration}
    return _Topic(
        name=topic.name,
        configuration=configuration,
        partitions=tuple(PartitionLog(TopicPartition(topic.name, number)) for number in range(topic.partitions)),
        max_bytes=int(configuration["max.message.bytes"]),
        compacted="compact" in configuration["cleanup.policy"],
    )
