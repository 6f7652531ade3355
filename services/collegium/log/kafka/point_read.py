"""Reading exactly one committed record, or one batch of them, with a single Fetch request."""
# pyright: reportUnknownVariableType=false

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Final, cast

from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import ConsumerRecord

from collegium.log.errors import OffsetLost
from collegium.log.kafka.fetching import Answer, CommittedRecords, ask, surely_led_by
from collegium.log.kafka.lenient import LenientRecords
from collegium.log.kafka.records import to_record
from collegium.log.kafka.wire import Wire
from collegium.log.port import Record, TopicPartition

_ONE_BATCH_BYTES: Final = 1
"""The broker returns the first batch whole, however large it is (KIP-74), and nothing after it."""

_LAST_OFFSET: Final = 2**63 - 1
"""A larger one, which JSON may well hold, cannot even be asked for."""

_AGAIN_AFTER_S: Final = 0.01
_LONGEST_PAUSE_S: Final = 0.16
_LAST_ANSWER_MS: Final = 1_000
"""How long the answer may take to a question that is asked again just before the time is over."""


async def read_at(wire: Wire, source: TopicPartition, offset: int, timeout_ms: int) -> Record:
    """The committed record at an offset; waits, within the time-out, for an offset that is not stable yet.

    Raises:
        OffsetLost: compacted, expired, aborted, a control record, or nothing there in time.
        LogUnavailable: no answer in time.
    """
    if offset > _LAST_OFFSET:
        raise OffsetLost(source.topic, source.partition, offset)
    now = asyncio.get_running_loop().time
    deadline, pause_s = now() + timeout_ms / 1_000, _AGAIN_AFTER_S
    await wire.check([source])
    least_ms = 1
    while True:
        remaining_ms = max(least_ms, int((deadline - now()) * 1_000))
        found = await wire.retrying("read one record", lambda: _fetch(wire, source, offset), remaining_ms)
        least_ms = _LAST_ANSWER_MS  # it answers: that the record is not there must not look like silence
        if found is not None:
            return found
        if now() + pause_s >= deadline:
            raise OffsetLost(source.topic, source.partition, offset)
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


async def read_batch(wire: Wire, source: TopicPartition, offset: int) -> tuple[Sequence[Record], int]:
    """The committed records of the batch at an offset, whatever their headers are called.

    Returns:
        The records at and after the offset, and where to go on.

    Raises:
        LogUnavailable: no answer in time.
    """
    await wire.check([source])
    answer = await wire.retrying("read a batch", lambda: ask(wire, source, offset, _ONE_BATCH_BYTES))
    records = CommittedRecords(source, LenientRecords(answer.batches), answer, offset)
    visible = cast("Iterable[ConsumerRecord[bytes | None, bytes | None]]", records)
    found = [to_record(record) for record in visible]
    return found, records.next_fetch_offset


async def _fetch(wire: Wire, source: TopicPartition, offset: int) -> Record | None:
    """The record, or None when the offset is not stable yet."""
    asked = await wire.leader(source)
    try:
        answer = await ask(wire, source, offset, _ONE_BATCH_BYTES)
    except OffsetLost:
        await surely_led_by(wire, source, asked)
        raise
    records = MemoryRecords(answer.batches)
    if not records.has_next() and answer.last_stable <= offset:
        await surely_led_by(wire, source, asked)
        return None
    try:
        first = _first(source, records, answer, offset)
    except UnicodeDecodeError:  # in the name of a header
        first = _first(source, LenientRecords(answer.batches), answer, offset)
    if first is None or first.offset != offset:
        raise OffsetLost(source.topic, source.partition, offset)
    return to_record(first)


def _first(
    source: TopicPartition,
    records: Any,  # noqa: ANN401 - aiokafka's records, or ours in their place
    answer: Answer,
    offset: int,
) -> ConsumerRecord[bytes | None, bytes | None] | None:
    return next(CommittedRecords(source, records, answer, offset), None)
