"""The Log port: what Collegium asks of Apache Kafka, and nothing more.

Two adapters implement it: `collegium.log.kafka` (aiokafka) and `collegium.log.memory`. Both pass the contract
suite in tests/contract/log. Topic names are full names, prefix included.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Literal, NamedTuple, Protocol, Self

from collegium_schemas import limits

Headers = tuple[tuple[str, bytes], ...]

MAX_RECORD_BYTES: Final = limits.MAX_MESSAGE_BYTES + 65_536
"""The largest record that may be sent: the largest value, and room for key, headers and framing."""


@dataclass(frozen=True, slots=True, order=True)
class TopicPartition:
    """One partition of a topic."""

    topic: str
    partition: int


class Record(NamedTuple):
    """A record as it was read. A tuple, because readers make millions of them."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    """None is a tombstone."""
    headers: Headers = ()

    @property
    def source(self) -> TopicPartition:
        """Where it was read from."""
        return TopicPartition(self.topic, self.partition)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record to be written. Without a partition, the key's murmur2 hash chooses it, as in Kafka's Java client.

    Key and value are not both None. Without key and partition, the adapter chooses a partition.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """Where a record was written."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Committed:
    """What a group has recorded of a partition."""

    offset: int
    """The next offset."""
    metadata: str
    """What the member that committed it added; empty when it added nothing."""


MAX_METADATA_BYTES: Final = 4_096
"""Kafka's default of `offset.metadata.max.bytes`: longer metadata is refused with its offset."""


class Producer(Protocol):
    """An idempotent producer that acknowledges on all in-sync replicas."""

    async def send(self, record: Outgoing) -> Awaitable[Position]:
        """Enqueue a record; records of one partition keep their order.

        Returns:
            A future that completes when the record is acknowledged. It must be awaited: an unawaited failure
            is a lost record. It fails with LogUnavailable when no acknowledgement comes in time: the record may
            still be written later; with RecordTooLarge when the topic's own limit is smaller than ours.

        Raises:
            RecordTooLarge: the record is over `MAX_RECORD_BYTES`.
            TopicMismatch: the topic does not exist, or not that partition.
            LogUnavailable: the buffer has been full for longer than the request time-out.
        """
        ...

    async def close(self) -> None:
        """Flush within a bound and release the connection. Idempotent."""
        ...


class TransactionalProducer(Protocol):
    """A producer whose records become visible together. Opening one fences every older one of the same id."""

    async def begin(self) -> None:
        """Start a transaction.

        aiokafka waits 20 ms when the broker has not finished this producer's last one: use two in turn.

        Raises:
            OutcomeUnknown: as for every error of a transaction; drop the producer.
        """
        ...

    async def send(self, record: Outgoing) -> Awaitable[Position]:
        """Add a record to the open transaction. Its future must be awaited before `commit`.

        Raises:
            RecordTooLarge: the record is over `MAX_RECORD_BYTES`; the transaction stays open.
            TopicMismatch: the topic does not exist, or not that partition; the transaction stays open.
            OutcomeUnknown: as for every other error, also of the future.
        """
        ...

    async def commit(self) -> None:
        """Make the transaction's records visible to read_committed readers, all at once.

        The decision is durable when this returns; Kafka shows the records, and moves the last stable offset, a few
        milliseconds later. Opening the transactional id again waits for that.

        Raises:
            OutcomeUnknown: it may or may not have been committed; not, if one of its records was rejected.
            Fenced: a newer producer of the same id exists.
        """
        ...

    async def abort(self) -> None:
        """Drop the open transaction's records.

        Raises:
            OutcomeUnknown: as for every error of a transaction; drop the producer.
        """
        ...

    async def close(self) -> None:
        """Release the connection; an open transaction is aborted by the broker. Idempotent."""
        ...


class RebalanceListener(Protocol):
    """Told when a group's partitions move. `poll` returns nothing meanwhile: return soon.

    Not called before `subscribe` has returned, nor by `close`. An exception is raised by every later `poll`.
    """

    async def revoked(self, partitions: frozenset[TopicPartition]) -> None:
        """These partitions, all that the member had, may be another member's as soon as this returns.

        Offsets may still be committed in here. Not called for a member that had none.
        """
        ...

    async def assigned(self, partitions: frozenset[TopicPartition]) -> None:
        """These partitions, perhaps none, are this member's now, unpaused and at the group's committed offsets.

        Records of them may arrive before this returns.
        """
        ...


StartAt = Literal["earliest", "latest"]


class Consumer(Protocol):
    """A read_committed reader: a member of a group, or of partitions it names itself."""

    async def poll(
        self, *, max_records: int, timeout_ms: int, partitions: Collection[TopicPartition] = ()
    ) -> Mapping[TopicPartition, Sequence[Record]]:
        """The next committed records, in order per partition; empty when none came in time.

        Args:
            max_records: At most this many over all partitions.
            timeout_ms: How long to wait for the first record.
            partitions: Only these, when given.

        A position that no longer exists (expired, truncated) moves to the earliest or latest offset, as `start_at`
        says, and to the earliest for a consumer from `assign` that named an offset.

        Raises:
            LogUnavailable: the broker cannot be reached for longer than the adapter's bound; poll on, or close.
            LogError: the consumer is closed, or may not read.
        """
        ...

    def assignment(self) -> frozenset[TopicPartition]:
        """The partitions that this consumer reads now."""
        ...

    async def position(self, partition: TopicPartition) -> int:
        """The offset of the next record that `poll` will look at.

        Raises:
            LogError: the partition is not assigned.
        """
        ...

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Go on from `offset`; records fetched before are dropped.

        Raises:
            LogError: the partition is not assigned.
        """
        ...

    def pause(self, partitions: Iterable[TopicPartition]) -> None:
        """Keep the partitions, but return no records of them until `resume`. Those not assigned are ignored."""
        ...

    def resume(self, partitions: Iterable[TopicPartition]) -> None:
        """Return records of the partitions again. Those not assigned are ignored."""
        ...

    async def commit(
        self, offsets: Mapping[TopicPartition, int], metadata: Mapping[TopicPartition, str] | None = None
    ) -> None:
        """Record the group's next offsets.

        Args:
            offsets: The next offset of each partition.
            metadata: Text kept with a partition's offset, at most `MAX_METADATA_BYTES`; without it, none is kept.

        Raises:
            LogError: the member is no longer in the group, or the broker cannot be reached; offsets are unchanged.
            ValueError: metadata is too long.
        """
        ...

    async def committed(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, Committed]:
        """What the group has recorded of these partitions; those of which nothing is recorded are left out.

        May be called in a rebalance listener.

        Raises:
            LogError: the consumer is closed or in no group, or the broker cannot be reached.
        """
        ...

    async def close(self) -> None:
        """Leave the group and release the connection. Idempotent."""
        ...


class Scanned(NamedTuple):
    """A part of a partition."""

    pairs: Sequence[tuple[bytes | None, bytes | None]]
    """Key and value of each visible record; the value None is a tombstone."""
    next_offset: int
    """Where to go on."""


@dataclass(frozen=True, slots=True)
class TopicDescription:
    """A topic as it exists."""

    name: str
    partitions: int
    configuration: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class NewTopic:
    """A topic to create. `configuration` uses Kafka's own names, such as `cleanup.policy`."""

    name: str
    partitions: int
    configuration: Mapping[str, str]
    replication_factor: int = -1
    """-1 lets the broker choose its default."""


class Log(Protocol):
    """A connection to one log. Use as an async context manager; leaving closes whatever is still open."""

    async def producer(self) -> Producer:
        """Open an idempotent producer.

        Raises:
            LogUnavailable: no broker answers within the bound.
        """
        ...

    async def transactional_producer(self, transactional_id: str) -> TransactionalProducer:
        """Open a transactional producer, fencing older ones of the same id and aborting what they left open."""
        ...

    async def subscribe(
        self,
        topics: Sequence[str],
        *,
        group: str,
        listener: RebalanceListener | None = None,
        start_at: StartAt = "earliest",
        assignor: Literal["range", "round_robin"] = "range",
    ) -> Consumer:
        """Join a consumer group over topics. Offsets are committed by `commit` only.

        Returns when the first partitions are assigned.

        Args:
            topics: Full names; they must exist.
            group: The group's name.
            listener: Told of every assignment after `subscribe` has returned, the first included.
            start_at: Where to start in a partition without committed offset.
            assignor: All members of a group must name the same one.

        Raises:
            TopicMismatch: a topic does not exist.
            LogUnavailable: no broker answers within the bound.
        """
        ...

    async def assign(self, partitions: Mapping[TopicPartition, int | StartAt]) -> Consumer:
        """Read given partitions (at least one) from given offsets, without a group.

        Raises:
            TopicMismatch: a topic does not exist, or not that partition.
            LogUnavailable: no broker answers within the bound.
        """
        ...

    async def end_offsets(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Each partition's last stable offset: where a read_committed reader that has read everything stands."""
        ...

    async def unsettled(self, partitions: Collection[TopicPartition]) -> frozenset[TopicPartition]:
        """Those of these partitions in which records wait for the end of their transaction.

        Raises:
            LogUnavailable: no answer in time.
        """
        ...

    async def beginning_offsets(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Each partition's first offset that still exists."""
        ...

    async def read_at(self, partition: TopicPartition, offset: int, *, timeout_ms: int) -> Record:
        """Read exactly one committed record: a point read.

        An offset at or beyond the last stable one is waited for, up to `timeout_ms`.

        Raises:
            OffsetLost: there is no committed record at that offset.
            LogUnavailable: no answer in time.
        """
        ...

    async def scan(self, partition: TopicPartition, offset: int) -> Scanned:
        """Keys and values of the committed records from an offset on, in order, as many as one answer holds.

        For reading a partition in bulk: a third of a consumer's cost per record. Keeps no position; go on at
        `next_offset`, which lies beyond `offset`. Pairs may be empty where nothing is visible.

        Raises:
            OffsetLost: the offset is before the first that exists, or not before the last stable one.
            LogUnavailable: no answer in time.
        """
        ...

    async def describe(self, topics: Collection[str]) -> Mapping[str, TopicDescription]:
        """The existing ones among these topics."""
        ...

    async def create(self, topics: Collection[NewTopic]) -> None:
        """Create topics; one that exists already is left as it is.

        Raises:
            LogError: a topic could not be created; the message names it and says why.
        """
        ...

    async def close(self) -> None:
        """Close everything that was opened here. Idempotent."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


Clock = Callable[[], int]
"""Milliseconds since 1970-01-01T00:00:00Z."""
