"""Control batches as the log cleaner leaves them."""

import struct

import pytest
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c_py

from collegium.log.kafka.fetching import Answer, CommittedRecords
from collegium.log.kafka.lenient import LenientRecords
from collegium.log.port import TopicPartition

SOURCE = TopicPartition("topic", 0)
PRODUCER = 7
ABORT, COMMIT = 0, 1
CONTROL = 0x20
OFFSET_AT, ATTRIBUTES_AT, CRC_AT = 0, 21, 17


def batch(offset: int, *bodies: bytes, control: bool = False, marker: int | None = None) -> bytes:
    """A transactional batch of the producer; as a control batch with this marker, or without any record."""
    builder = _DefaultRecordBatchBuilderPy(2, 0, 1, PRODUCER, 0, -1, 10_000)
    for place, body in enumerate(bodies):
        builder.append(place, 1_000, b"k", body, [])
    if marker is not None:
        builder.append(0, 1_000, struct.pack(">hh", 0, marker), b"", [])
    made = bytearray(builder.build())
    made[OFFSET_AT : OFFSET_AT + 8] = struct.pack(">q", offset)
    if control or marker is not None:
        [attributes] = struct.unpack_from(">h", made, ATTRIBUTES_AT)
        struct.pack_into(">h", made, ATTRIBUTES_AT, attributes | CONTROL)
        struct.pack_into(">I", made, CRC_AT, calc_crc32c_py(bytes(made[ATTRIBUTES_AT:])))
    return bytes(made)


def values(batches: bytes, kind: type, *, aborted: int | None = None) -> list[bytes | None]:
    """What a reader of committed records sees, when the broker names an aborted transaction that began at an offset."""
    answer = Answer(batches, [] if aborted is None else [(PRODUCER, aborted)], 100)
    return [record.value for record in CommittedRecords(SOURCE, kind(batches), answer, 0)]


@pytest.mark.parametrize("kind", [MemoryRecords, LenientRecords])
def test_a_control_batch_without_records_is_passed_by(kind: type) -> None:
    """The cleaner keeps it while its producer is known; what comes after it can be read."""
    batches = batch(0, b"before") + batch(1, control=True) + batch(2, b"after")
    assert values(batches, kind) == [b"before", b"after"]


@pytest.mark.parametrize("kind", [MemoryRecords, LenientRecords])
def test_markers_end_transactions_as_they_say(kind: type) -> None:
    """An aborted one is passed by up to its marker; what its producer writes later is seen."""
    aborted = batch(0, b"aborted") + batch(1, marker=ABORT) + batch(2, b"later") + batch(3, marker=COMMIT)
    assert values(aborted, kind, aborted=0) == [b"later"]
    assert values(batch(0, b"committed") + batch(1, marker=COMMIT), kind) == [b"committed"]
