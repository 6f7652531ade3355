"""Contract: assigned readers: positions, seek, pause, subsets, compaction, truncation."""

import asyncio

import pytest

from collegium.log.errors import LogError, TopicMismatch
from collegium.log.port import Log, Outgoing, TopicPartition
from contract.log.clusters import (
    COMPACTED_SOON,
    Cluster,
    eventually,
    first_record,
    new_topic,
    nothing_comes,
    read,
    written,
)


async def filled(log: Log, count: int, partitions: int = 1) -> str:
    """A topic with `count` numbered records in every partition."""
    topic = await new_topic(log, partitions)
    producer = await log.producer()
    await written(
        producer, *(Outgoing(topic, b"k", b"%d" % n, partition=p) for p in range(partitions) for n in range(count))
    )
    return topic


async def test_reading_starts_where_it_is_told(log: Log) -> None:
    """At an offset, at the earliest or at the latest one."""
    topic = await filled(log, 5, partitions=3)
    sources = [TopicPartition(topic, number) for number in range(3)]
    consumer = await log.assign({sources[0]: 3, sources[1]: "earliest", sources[2]: "latest"})
    assert [await consumer.position(source) for source in sources] == [3, 0, 5]
    await written(await log.producer(), Outgoing(topic, b"k", b"new", partition=2))
    records = await read(consumer, 8)
    assert [each.offset for each in records if each.partition == 0] == [3, 4]
    assert [each.offset for each in records if each.partition == 1] == [0, 1, 2, 3, 4]
    assert [each.value for each in records if each.partition == 2] == [b"new"]


async def test_poll_returns_at_most_what_it_is_asked_for(log: Log) -> None:
    """`max_records` counts over all partitions, and nothing is lost between polls."""
    topic = await filled(log, 10, partitions=2)
    consumer = await log.assign({TopicPartition(topic, number): "earliest" for number in (0, 1)})
    sizes: list[int] = []
    seen: set[tuple[int, int]] = set()
    async with asyncio.timeout(20):
        while len(seen) < 20:
            polled = await consumer.poll(max_records=3, timeout_ms=200)
            sizes.append(sum(map(len, polled.values())))
            seen |= {(each.partition, each.offset) for records in polled.values() for each in records}
    assert max(sizes) == 3
    assert sum(sizes) == 20


async def test_seek_moves_the_position_both_ways(log: Log) -> None:
    """Records that were fetched before a seek are not returned after it."""
    topic = await filled(log, 10)
    source = TopicPartition(topic, 0)
    consumer = await log.assign({source: "earliest"})
    assert [record.offset for record in await read(consumer, 2)] == [0, 1]
    consumer.seek(source, 7)
    assert await consumer.position(source) == 7
    assert [record.offset for record in await read(consumer, 3)] == [7, 8, 9]
    consumer.seek(source, 1)
    assert [record.offset for record in await read(consumer, 1)] == [1]


async def test_a_paused_partition_keeps_its_position(log: Log) -> None:
    """Nothing comes from it until it is resumed; the others go on."""
    topic = await filled(log, 4, partitions=2)
    held, free = TopicPartition(topic, 0), TopicPartition(topic, 1)
    consumer = await log.assign({held: "earliest", free: "earliest"})
    consumer.pause([held])
    assert {record.partition for record in await read(consumer, 4)} == {1}
    assert await nothing_comes(consumer)
    assert await consumer.position(held) == 0
    consumer.resume([held])
    assert [record.offset for record in await read(consumer, 4)] == [0, 1, 2, 3]


async def test_poll_on_a_subset_leaves_the_others_alone(log: Log) -> None:
    """Records of other partitions wait for their own poll."""
    topic = await filled(log, 3, partitions=2)
    first, second = TopicPartition(topic, 0), TopicPartition(topic, 1)
    consumer = await log.assign({first: "earliest", second: "earliest"})
    assert {record.partition for record in await read(consumer, 3, partitions=[second])} == {1}
    assert not await consumer.poll(max_records=10, timeout_ms=200, partitions=[second])
    assert [record.offset for record in await read(consumer, 3, partitions=[first])] == [0, 1, 2]


async def test_partitions_that_are_not_assigned(log: Log) -> None:
    """Pausing them is ignored, since they may just have been revoked; their position and seek are an error."""
    topic = await filled(log, 1, partitions=2)
    consumer = await log.assign({TopicPartition(topic, 0): "earliest"})
    foreign = TopicPartition(topic, 1)
    consumer.pause([foreign])
    consumer.resume([foreign])
    with pytest.raises(LogError):
        consumer.seek(foreign, 0)
    with pytest.raises(LogError):
        await consumer.position(foreign)
    with pytest.raises(LogError):
        await consumer.commit({TopicPartition(topic, 0): 1})
    assert consumer.assignment() == {TopicPartition(topic, 0)}


async def test_missing_topics_and_partitions_are_told(log: Log) -> None:
    """Assigning what is not there raises, and so do questions about it."""
    topic = await new_topic(log, 1)
    for absent in (TopicPartition(f"{topic}-absent", 0), TopicPartition(topic, 1)):
        with pytest.raises(TopicMismatch):
            await log.assign({absent: "earliest"})
        with pytest.raises(TopicMismatch):
            await log.end_offsets([absent])
        with pytest.raises(TopicMismatch):
            await log.read_at(absent, 0, timeout_ms=200)
    with pytest.raises(ValueError, match="partition"):
        await log.assign({})


async def test_closing_ends_a_waiting_poll(log: Log) -> None:
    """The poll returns empty; a later one is an error."""
    topic = await new_topic(log, 1)
    consumer = await log.assign({TopicPartition(topic, 0): "earliest"})
    polling = asyncio.create_task(consumer.poll(max_records=1, timeout_ms=60_000))
    await asyncio.wait([polling], timeout=0.05)
    await consumer.close()
    await consumer.close()
    await eventually(polling.done)
    assert not await polling
    with pytest.raises(LogError):
        await consumer.poll(max_records=1, timeout_ms=10)


async def test_cancelling_a_poll_loses_nothing(log: Log) -> None:
    """A cancelled poll has moved no position."""
    topic = await new_topic(log, 1)
    consumer = await log.assign({TopicPartition(topic, 0): "earliest"})
    producer = await log.producer()
    seen: list[int] = []
    for number in range(30):
        polling = asyncio.create_task(consumer.poll(max_records=10, timeout_ms=1_000))
        sent = await producer.send(Outgoing(topic, b"k", b"%d" % number))
        if number % 2:
            await sent
        polling.cancel()
        await asyncio.wait([polling])
        if not polling.cancelled():
            seen += [each.offset for records in polling.result().values() for each in records]
        await sent
    seen += [record.offset for record in await read(consumer, 30 - len(seen))] if len(seen) < 30 else []
    assert seen == list(range(30))


async def test_beginning_and_end_offsets(log: Log) -> None:
    """Of an empty partition both are zero."""
    topic = await filled(log, 3, partitions=1)
    empty = TopicPartition(await new_topic(log, 1), 0)
    full = TopicPartition(topic, 0)
    assert await log.beginning_offsets([full, empty]) == {full: 0, empty: 0}
    assert await log.end_offsets([full, empty]) == {full: 3, empty: 0}
    assert await log.end_offsets([]) == {}


async def test_truncation_moves_readers_to_the_first_record_left(cluster: Cluster, log: Log) -> None:
    """A position that no longer exists goes on at the earliest offset; beginning_offsets says which."""
    topic = await filled(log, 10)
    source = TopicPartition(topic, 0)
    await cluster.truncate(source, 6)
    assert await log.beginning_offsets([source]) == {source: 6}
    consumer = await log.assign({source: 2})
    assert [record.offset for record in await read(consumer, 4)] == [6, 7, 8, 9]


async def test_compaction_keeps_the_last_value_of_every_key(cluster: Cluster, log: Log) -> None:
    """Offsets stay, superseded records and old tombstones go, readers step over the gaps."""
    topic = await new_topic(log, 1, **COMPACTED_SOON)
    source = TopicPartition(topic, 0)
    producer = await log.producer()
    for key, value in ((b"a", b"1"), (b"b", b"2"), (b"a", b"3"), (b"c", b"4"), (b"c", None), (b"b", b"5")):
        await written(producer, Outgoing(topic, key, value))
    await cluster.compact(topic, 0, 0)
    assert (await first_record(log, source, 0)).offset == 2
    consumer = await log.assign({source: "earliest"})
    records = [await read(consumer, 1) for _ in range(2)]
    while records[-1][0].offset < 5:  # Kafka may keep the tombstone for a while
        records.append(await read(consumer, 1))
    values = [(each.offset, each.key, each.value) for [each] in records if each.value is not None]
    assert values == [(2, b"a", b"3"), (5, b"b", b"5")]
