"""One Fetch request to the node that leads a partition, and its answer."""
# pyright: reportUnknownVariableType=false

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiokafka import errors as kafka_errors
from aiokafka.protocol.fetch import FetchRequest

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


async def surely_led_by(wire: Wire, source: TopicPartition, node: int) -> None:
    """Raise a retriable error unless the node that answered leads: one that does not lead knows no later records."""
    if (await wire.confirmed([source]))[source] != node:
        raise kafka_errors.NotLeaderForPartitionError(source)
