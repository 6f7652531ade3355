"""Reading a partition in bulk: keys and values only, by Fetch requests of our own.

A consumer makes two objects with eleven and seven fields of each record, which is most of what a restore of 900,000
records costs.
"""

# pyright: reportUnknownVariableType=false, reportPrivateUsage=false, reportIncompatibleMethodOverride=false

from collections.abc import Iterable
from typing import Any, Final, cast

from aiokafka import errors as kafka_errors
from aiokafka.record.memory_records import MemoryRecords

from collegium.log.errors import OffsetLost
from collegium.log.kafka.fetching import Answer, CommittedRecords, ask, surely_led_by
from collegium.log.kafka.lenient import LenientRecords
from collegium.log.kafka.wire import Wire
from collegium.log.port import Scanned, TopicPartition

_BYTES: Final = 2_097_152
"""Of one answer: about 5 ms of work, in which nothing else happens."""


class _Pairs(CommittedRecords):
    """aiokafka's reading of committed records, giving their keys and values."""

    def _consumer_record(self, _: object, record: Any) -> tuple[bytes | None, bytes | None]:  # noqa: ANN401 - compiled
        return record.key, record.value


async def scan(wire: Wire, source: TopicPartition, offset: int) -> Scanned:
    """Keys and values of the committed records from an offset on, as many as one answer holds.

    Raises:
        OffsetLost: the offset has expired, or nothing is committed there yet.
        LogUnavailable: no answer in time.
    """
    await wire.check([source])
    return await wire.retrying("scan", lambda: _scan(wire, source, offset))


async def _scan(wire: Wire, source: TopicPartition, offset: int) -> Scanned:
    asked = await wire.leader(source)
    try:
        answer = await ask(wire, source, offset, _BYTES)
    except OffsetLost:
        await surely_led_by(wire, source, asked)
        raise
    if answer.last_stable <= offset:
        await surely_led_by(wire, source, asked)
        raise OffsetLost(source.topic, source.partition, offset)
    try:
        scanned = _read(source, MemoryRecords(answer.batches), answer, offset)
    except UnicodeDecodeError:  # in the name of a header
        scanned = _read(source, LenientRecords(answer.batches), answer, offset)
    if scanned.next_offset == offset:  # what has read nothing must not be taken for an empty log
        raise kafka_errors.RequestTimedOutError(f"an empty answer for {source.topic}-{source.partition} at {offset}")
    return scanned


def _read(
    source: TopicPartition,
    records: Any,  # noqa: ANN401 - aiokafka's records, or ours in their place
    answer: Answer,
    offset: int,
) -> Scanned:
    visible = _Pairs(source, records, answer, offset)
    pairs = list(cast("Iterable[tuple[bytes | None, bytes | None]]", visible))
    return Scanned(pairs, visible.next_fetch_offset)
