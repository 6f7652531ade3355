"""Reading exactly one committed record with a single Fetch request."""
# pyright: reportUnknownVariableType=false

import asyncio
from typing import Final

from aiokafka import errors as kafka_errors
from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import ConsumerRecord

from collegium.log.errors import OffsetLost
from collegium.log.kafka.records import to_record
from collegium.log.kafka.wire import READ_COMMITTED, Wire
from collegium.log.port import Record, TopicPartition

_ONE_BATCH_BYTES: Final = 1
"""The broker returns the first batch whole, however large it is (KIP-74), and nothing after it."""

_RESPONSE_BYTES: Final = 1
_LAST_OFFSET: Final = 2**63 - 1
"""A larger one, which JSON may well hold, cannot even be asked for."""

_AGAIN_AFTER_S: Final = 0.01

_SINCE_PREFERRED_REPLICA: Final = 11
"""From this version of Fetch on, a field stands between the aborted transactions and the records (KIP-392)."""


async def read_at(wire: Wire, source: TopicPartition, offset: int, timeout_ms: int) -> Record:
    """The committed record at an offset; waits, within the time-out, for an offset that is not stable yet.

    Raises:
        OffsetLost: compacted, expired, aborted, a control record, or nothing there in time.
        LogUnavailable: no answer in time.
    """
    if offset > _LAST_OFFSET:
        raise OffsetLost(source.topic, source.partition, offset)
    deadline = asyncio.get_running_loop().time() + timeout_ms / 1_000
    await wire.check([source])
    while True:
        remaining_ms = int((deadline - asyncio.get_running_loop().time()) * 1_000)
        found = await wire.retrying("read one record", lambda: _fetch(wire, source, offset), max(remaining_ms, 1))
        if found is not None:
            return found
        if asyncio.get_running_loop().time() + _AGAIN_AFTER_S >= deadline:
            raise OffsetLost(source.topic, source.partition, offset)
        await asyncio.sleep(_AGAIN_AFTER_S)


async def _fetch(wire: Wire, source: TopicPartition, offset: int) -> Record | None:
    """The record, or None when the offset is not stable yet."""
    partition = (source.partition, offset, _ONE_BATCH_BYTES)
    request = FetchRequest(0, 0, _RESPONSE_BYTES, READ_COMMITTED, [(source.topic, [partition])])
    response = await wire.send(await wire.leader(source), request)
    [(_, [(_, code, _, last_stable, *rest)])] = response.topics
    if code == kafka_errors.OffsetOutOfRangeError.errno:
        raise OffsetLost(source.topic, source.partition, offset)
    wire.check_code(code, source)
    records = MemoryRecords(rest[-1])
    if not records.has_next() and last_stable <= offset:
        return None
    aborted = rest[-3] if response.API_VERSION >= _SINCE_PREFERRED_REPLICA else rest[-2]
    visible = PartitionRecords(
        source, records, aborted, offset, None, None, check_crcs=True, isolation_level=READ_COMMITTED
    )
    first: ConsumerRecord[bytes | None, bytes | None] | None = next(visible, None)
    if first is None or first.offset != offset:
        raise OffsetLost(source.topic, source.partition, offset)
    return to_record(first)
