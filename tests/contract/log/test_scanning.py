"""Contract: reading a partition in bulk, keys and values only."""

import pytest

from collegium.log.errors import OffsetLost
from collegium.log.port import Log, Outgoing, TopicPartition
from contract.log.clusters import COMPACTED_SOON, Cluster, new_topic, stable_up_to, written

Pair = tuple[bytes | None, bytes | None]


async def scanned(log: Log, source: TopicPartition, at: int = 0) -> tuple[list[Pair], int]:
    """Everything from an offset to the partition's end, and how many answers that took."""
    [end] = (await log.end_offsets([source])).values()
    found: list[Pair] = []
    answers = 0
    while at < end:
        pairs, following = await log.scan(source, at)
        assert following > at
        found += pairs
        answers, at = answers + 1, following
    assert at == end
    return found, answers


async def test_keys_and_values_come_in_order_tombstones_and_missing_keys_too(log: Log) -> None:
    """Headers and times are left out."""
    topic = await new_topic(log, 1)
    pairs: list[Pair] = [(b"a", b"1"), (b"b", None), (None, b"3"), (b"a", b"")]
    await written(await log.producer(), *(Outgoing(topic, key, value, (("h", b"x"),)) for key, value in pairs))
    assert await scanned(log, TopicPartition(topic, 0)) == (pairs, 1)


async def test_a_scan_begins_anywhere(log: Log) -> None:
    """Also within what was written at once."""
    topic = await new_topic(log, 1)
    await written(await log.producer(), *(Outgoing(topic, b"k", b"%d" % n) for n in range(20)))
    found, _ = await scanned(log, TopicPartition(topic, 0), 7)
    assert [value for _, value in found] == [b"%d" % n for n in range(7, 20)]


async def test_more_than_one_answer_holds_is_read_by_several(log: Log) -> None:
    """Nothing is missed or read twice between them."""
    topic = await new_topic(log, 1)
    producer = await log.producer()
    body = bytes(4_000)
    for first in range(0, 2_000, 100):
        await written(producer, *(Outgoing(topic, b"%d" % n, body) for n in range(first, first + 100)))
    found, answers = await scanned(log, TopicPartition(topic, 0))
    assert [key for key, _ in found] == [b"%d" % n for n in range(2_000)]
    assert answers > 1


async def test_aborted_and_control_records_are_passed_by(log: Log) -> None:
    """Only what was committed is there, whichever producer wrote in between."""
    topic = await new_topic(log, 1)
    first, second = [await log.transactional_producer(f"{topic}-{name}") for name in ("a", "b")]
    for producer, value, commit in ((first, b"1", False), (second, b"2", True), (first, b"3", True)):
        await producer.begin()
        await (await producer.send(Outgoing(topic, b"k", value)))
        await (producer.commit() if commit else producer.abort())
    await stable_up_to(log, TopicPartition(topic, 0), 6)
    found, _ = await scanned(log, TopicPartition(topic, 0))
    assert found == [(b"k", b"2"), (b"k", b"3")]


async def test_what_is_not_committed_yet_is_not_there(log: Log) -> None:
    """A scan ends before an open transaction, and there is nothing to read at it."""
    topic = await new_topic(log, 1)
    await written(await log.producer(), Outgoing(topic, b"k", b"before"))
    producer = await log.transactional_producer(f"{topic}-id")
    await producer.begin()
    await (await producer.send(Outgoing(topic, b"k", b"open")))
    source = TopicPartition(topic, 0)
    assert await scanned(log, source) == ([(b"k", b"before")], 1)
    with pytest.raises(OffsetLost):
        await log.scan(source, 1)
    await producer.commit()
    await stable_up_to(log, source, 3)
    assert (await log.scan(source, 1)).pairs == [(b"k", b"open")]


async def test_offsets_out_of_range_are_lost(cluster: Cluster, log: Log) -> None:
    """Before the first that exists, at the end, and beyond it."""
    topic = await new_topic(log, 1)
    await written(await log.producer(), *(Outgoing(topic, b"k", b"v%d" % n) for n in range(3)))
    source = TopicPartition(topic, 0)
    await cluster.truncate(source, 2)
    for offset in (1, 3, 1_000):
        with pytest.raises(OffsetLost):
            await log.scan(source, offset)
    assert await scanned(log, source, 2) == ([(b"k", b"v2")], 1)


async def test_compacted_records_are_passed_by(cluster: Cluster, log: Log) -> None:
    """The latest of each key is left; a scan may begin where nothing is any more."""
    topic = await new_topic(log, 1, **COMPACTED_SOON)
    producer = await log.producer()
    for key, value in ((b"a", b"old"), (b"b", b"kept"), (b"a", b"new")):
        await written(producer, Outgoing(topic, key, value))
    await cluster.compact(topic, 0, 0)
    found, _ = await scanned(log, TopicPartition(topic, 0))
    assert found[:2] == [(b"b", b"kept"), (b"a", b"new")]
