"""Contract: reading one record by its position."""

import asyncio

import pytest

from collegium.log.errors import OffsetLost
from collegium.log.port import Log, Outgoing, Record, TopicPartition
from contract.log.clusters import Cluster, new_topic, written

SOON_MS = 2_000


async def test_every_record_of_a_batch_can_be_read_by_its_offset(log: Log) -> None:
    """Also from several tasks at once."""
    topic = await new_topic(log, 1)
    producer = await log.producer()
    positions = await written(
        producer, *(Outgoing(topic, b"k%d" % n, b"v%d" % n, (("h", b"%d" % n),)) for n in range(30))
    )
    source = TopicPartition(topic, 0)
    found = await asyncio.gather(*(log.read_at(source, each.offset, timeout_ms=SOON_MS) for each in positions))
    assert [(each.offset, each.key, each.value, each.headers) for each in found] == [
        (n, b"k%d" % n, b"v%d" % n, (("h", b"%d" % n),)) for n in range(30)
    ]


async def test_a_large_record_is_read_whole(log: Log) -> None:
    """The size of a context entry at its limit."""
    topic = await new_topic(log, 1)
    value = bytes(range(256)) * 4_000
    [position] = await written(await log.producer(), Outgoing(topic, b"k", value))
    record = await log.read_at(TopicPartition(topic, 0), position.offset, timeout_ms=SOON_MS)
    assert record.value == value


async def test_aborted_and_control_records_are_not_there(log: Log) -> None:
    """Only the committed record of the two transactions can be read."""
    topic = await new_topic(log, 1)
    producer = await log.transactional_producer(f"{topic}-id")
    for value, commit in ((b"aborted", False), (b"committed", True)):
        await producer.begin()
        await (await producer.send(Outgoing(topic, b"k", value)))
        await (producer.commit() if commit else producer.abort())
    source = TopicPartition(topic, 0)
    assert (await log.read_at(source, 2, timeout_ms=SOON_MS)).value == b"committed"
    for offset in (0, 1, 3):
        with pytest.raises(OffsetLost) as caught:
            await log.read_at(source, offset, timeout_ms=SOON_MS)
        assert (caught.value.topic, caught.value.partition, caught.value.offset) == (topic, 0, offset)


async def test_offsets_that_do_not_exist_yet(log: Log) -> None:
    """The next offset is waited for in vain, one far beyond is refused at once."""
    topic = await new_topic(log, 1)
    await written(await log.producer(), Outgoing(topic, b"k", b"v"))
    source = TopicPartition(topic, 0)
    with pytest.raises(OffsetLost):
        await log.read_at(source, 1, timeout_ms=100)
    with pytest.raises(OffsetLost):
        await log.read_at(source, 1_000, timeout_ms=60_000)


async def test_a_record_of_an_open_transaction_is_waited_for(log: Log) -> None:
    """It can be read as soon as it is committed."""
    topic = await new_topic(log, 1)
    producer = await log.transactional_producer(f"{topic}-id")
    await producer.begin()
    await (await producer.send(Outgoing(topic, b"k", b"v")))
    source = TopicPartition(topic, 0)
    with pytest.raises(OffsetLost):
        await log.read_at(source, 0, timeout_ms=100)
    reading: asyncio.Task[Record] = asyncio.create_task(log.read_at(source, 0, timeout_ms=20_000))
    await asyncio.wait([reading], timeout=0.05)
    assert not reading.done()
    await producer.commit()
    assert (await reading).value == b"v"


async def test_a_truncated_record_is_lost(cluster: Cluster, log: Log) -> None:
    """Retention has taken it."""
    topic = await new_topic(log, 1)
    await written(await log.producer(), *(Outgoing(topic, b"k", b"v") for _ in range(3)))
    source = TopicPartition(topic, 0)
    await cluster.truncate(source, 2)
    with pytest.raises(OffsetLost):
        await log.read_at(source, 1, timeout_ms=SOON_MS)
    assert (await log.read_at(source, 2, timeout_ms=SOON_MS)).offset == 2


async def test_a_compacted_record_is_lost(cluster: Cluster, log: Log) -> None:
    """A later record of its key has taken its place; the later one is there."""
    topic = await new_topic(
        log, 1, cleanup_policy="compact", segment_ms="100", **{"min.cleanable.dirty.ratio": "0.001"}
    )
    producer = await log.producer()
    for key, value in ((b"a", b"old"), (b"b", b"kept"), (b"a", b"new")):
        await written(producer, Outgoing(topic, key, value))
    await cluster.compact(topic, 0, 0)
    source = TopicPartition(topic, 0)
    with pytest.raises(OffsetLost):
        await log.read_at(source, 0, timeout_ms=SOON_MS)
    assert (await log.read_at(source, 1, timeout_ms=SOON_MS)).value == b"kept"
    assert (await log.read_at(source, 2, timeout_ms=SOON_MS)).value == b"new"
