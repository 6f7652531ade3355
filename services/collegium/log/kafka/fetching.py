"""One Fetch request to the node that leads a partition, its answer, and the committed records in it."""
# pyright: reportUnknownVariableType=false, reportPrivateUsage=false, reportIncompatibleMethodOverride=false

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import errors as kafka_errors
from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.control_record import ABORT_MARKER, ControlRecord

from collegium.log.errors import OffsetLost
from collegium.log.kafka.wire import READ_COMMITTED, Wire
from collegium.log.port import TopicPartition

_SINCE_PREFERRED_REPLICA: Final = 11
"""From this version of Fetch on, a field stands between the aborted transactions and the records (KIP-392)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a Fetch request brought; empty where nothing is committed yet."""

    batches: bytes
    """Whole batches, the first of which may begin before the offset; the last may be cut."""
    aborted: Sequence[tuple[int, int]]
    """Producer ids, and the first offset that each aborted."""
    last_stable: int


async def ask(wire: Wire, source: TopicPartition, offset: int, most_bytes: int) -> Answer:
    """Fetch from an offset on, without waiting for anything to arrive there.

    Args:
        wire: Where to send it.
        source: The partition.
        offset: Where to begin.
        most_bytes: At most so much, but the first batch whole, however large it is (KIP-74).

    Raises:
        OffsetLost: the offset is out of the partition's range, as the node that was asked sees it.
        KafkaError: the request failed.
    """
    partition = (source.partition, offset, most_bytes)
    request = FetchRequest(0, 0, most_bytes, READ_COMMITTED, [(source.topic, [partition])])
    response = await wire.send(await wire.leader(source), request)
    if not response.topics:  # a quota holds this client back
        raise kafka_errors.RequestTimedOutError(f"throttled for {response.throttle_time_ms} ms")
    [(_, [(_, code, _, last_stable, *rest)])] = response.topics
    if code == kafka_errors.OffsetOutOfRangeError.errno:
        raise OffsetLost(source.topic, source.partition, offset)
    wire.check_code(code, source)
    aborted = rest[-3] if response.API_VERSION >= _SINCE_PREFERRED_REPLICA else rest[-2]
    return Answer(rest[-1], aborted, last_stable)


class CommittedRecords(PartitionRecords):
    """aiokafka's reading of the committed records of an answer, at and after the offset that was asked for.

    Args:
        source: The partition.
        records: The batches of the answer, as an object of aiokafka's.
        answer: What came.
        offset: What was asked for.
    """

    def __init__(
        self,
        source: TopicPartition,
        records: Any,  # noqa: ANN401 - aiokafka's records, or ours in their place
        answer: Answer,
        offset: int,
    ) -> None:
        super().__init__(
            source, records, answer.aborted, offset, None, None, check_crcs=True, isolation_level=READ_COMMITTED
        )

    def _contains_abort_marker(self, next_batch: Any) -> bool:  # noqa: ANN401 - compiled
        return ends_in_abort(next_batch)


def ends_in_abort(control_batch: Any) -> bool:  # noqa: ANN401 - compiled
    """Whether a control batch says that a transaction was aborted.

    One without records says nothing: the cleaner has taken its marker, and keeps the batch while its producer is known.
    aiokafka raises there.
    """
    marker = next(control_batch, None)
    return marker is not None and ControlRecord.parse(marker.key) == ABORT_MARKER


async def surely_led_by(wire: Wire, source: TopicPartition, node: int) -> None:
    """Raise a retriable error unless the node that answered leads: one that does not lead knows no later records."""
    if (await wire.confirmed([source]))[source] != node:
        raise kafka_errors.NotLeaderForPartitionError(source)
