"""Contract: what a producer writes, where, and what is refused."""

import asyncio

import pytest

from collegium.log.errors import LogError, RecordTooLarge, TopicMismatch
from collegium.log.partitioner import partition_for
from collegium.log.port import MAX_RECORD_BYTES, Log, Outgoing, TopicPartition
from collegium_schemas.limits import MAX_MESSAGE_BYTES
from contract.log.clusters import new_topic, read, written


async def test_a_keyed_record_lands_on_its_murmur2_partition(log: Log) -> None:
    """The partition is what Java's default partitioner would choose."""
    topic = await new_topic(log, 7)
    keys = [f"run-{number}".encode() for number in range(40)]
    positions = await written(await log.producer(), *(Outgoing(topic, key, b"") for key in keys))
    assert [position.partition for position in positions] == [partition_for(key, 7) for key in keys]


async def test_a_record_comes_back_as_it_was_sent(log: Log) -> None:
    """Key, value, headers (in order, repeated names included) and position survive; a tombstone stays one."""
    topic = await new_topic(log, 1)
    headers = (("ce_type", b"a"), ("ce_type", b"b"), ("empty", b""), ("ünï", bytes(range(256))))
    sent = [Outgoing(topic, b"k", b"v", headers), Outgoing(topic, b"k", None), Outgoing(topic, b"", b"")]
    positions = await written(await log.producer(), *sent)
    records = await read(await log.assign({TopicPartition(topic, 0): "earliest"}), 3)
    assert [(each.key, each.value, each.headers) for each in records] == [
        (each.key, each.value, each.headers) for each in sent
    ]
    assert [each.offset for each in records] == [position.offset for position in positions] == [0, 1, 2]
    assert all(each.timestamp_ms > 0 for each in records)


async def test_a_named_partition_wins_over_the_key(log: Log) -> None:
    """A record with a partition goes there, whatever its key."""
    topic = await new_topic(log, 5)
    producer = await log.producer()
    for partition in range(5):
        [position] = await written(producer, Outgoing(topic, b"same", b"", partition=partition))
        assert position.partition == partition


async def test_records_without_key_spread_over_the_partitions(log: Log) -> None:
    """No partition stays empty when many records have no key."""
    topic = await new_topic(log, 3)
    positions = await written(await log.producer(), *(Outgoing(topic, None, b"v") for _ in range(60)))
    assert {position.partition for position in positions} == {0, 1, 2}


async def test_order_is_kept_per_partition(log: Log) -> None:
    """Records that are in flight at once stay in the order of their `send`s."""
    topic = await new_topic(log, 2)
    producer = await log.producer()
    futures = [await producer.send(Outgoing(topic, b"%d" % (n % 5), b"%d" % n)) for n in range(500)]
    await asyncio.gather(*futures)
    records = await read(await log.assign({TopicPartition(topic, n): "earliest" for n in (0, 1)}), 500)
    for partition in (0, 1):
        numbers = [int(each.value or b"") for each in records if each.partition == partition]
        assert numbers == sorted(numbers)


async def test_the_largest_message_passes(log: Log) -> None:
    """A value of the contracts' limit with some headers is accepted by a topic of ours, and can be read."""
    topic = await new_topic(log, 1, max_message_bytes=str(MAX_RECORD_BYTES))
    value = bytes(MAX_MESSAGE_BYTES)
    await written(await log.producer(), Outgoing(topic, b"k" * 500, value, (("traceparent", b"x" * 55),)))
    [record] = await read(await log.assign({TopicPartition(topic, 0): "earliest"}), 1)
    assert record.value == value


async def test_a_record_over_the_limit_is_refused(log: Log) -> None:
    """It is refused by `send`, and nothing of it is written."""
    topic = await new_topic(log, 1, max_message_bytes=str(MAX_RECORD_BYTES))
    producer = await log.producer()
    with pytest.raises(RecordTooLarge):
        await producer.send(Outgoing(topic, b"k", bytes(MAX_RECORD_BYTES)))
    [position] = await written(producer, Outgoing(topic, b"k", b"small"))
    assert position.offset == 0


async def test_a_topic_with_a_smaller_limit_rejects_the_record_but_not_the_next_ones(log: Log) -> None:
    """The rejected record's future fails; the producer goes on."""
    topic = await new_topic(log, 1, max_message_bytes="2000")
    producer = await log.producer()
    rejected = await producer.send(Outgoing(topic, b"k", bytes(5_000)))
    with pytest.raises(RecordTooLarge):
        await rejected
    positions = await written(producer, *(Outgoing(topic, b"k", b"%d" % n) for n in range(3)))
    assert [position.offset for position in positions] == [0, 1, 2]


async def test_a_compacted_topic_takes_no_record_without_key(log: Log) -> None:
    """The future fails; the producer goes on."""
    topic = await new_topic(log, 1, cleanup_policy="compact")
    producer = await log.producer()
    rejected = await producer.send(Outgoing(topic, None, b"v"))
    with pytest.raises(LogError):
        await rejected
    [position] = await written(producer, Outgoing(topic, b"k", b"v"))
    assert position.offset == 0


async def test_a_record_needs_a_key_or_a_value(log: Log) -> None:
    """Sending neither is a mistake of the caller."""
    topic = await new_topic(log, 1)
    producer = await log.producer()
    with pytest.raises(ValueError, match="key or a value"):
        await producer.send(Outgoing(topic, None, None))


async def test_missing_topics_and_partitions_are_told(log: Log) -> None:
    """Writing where nothing is raises, and creates nothing."""
    topic = await new_topic(log, 2)
    producer = await log.producer()
    with pytest.raises(TopicMismatch, match="absent"):
        await producer.send(Outgoing(f"{topic}-absent", b"k", b"v"))
    with pytest.raises(TopicMismatch, match="partition 2"):
        await producer.send(Outgoing(topic, b"k", b"v", partition=2))
    assert await log.describe([f"{topic}-absent"]) == {}


async def test_a_closed_producer_refuses_records(log: Log) -> None:
    """Closing twice is fine; sending afterwards is not."""
    topic = await new_topic(log, 1)
    producer = await log.producer()
    await producer.close()
    await producer.close()
    with pytest.raises(LogError):
        await producer.send(Outgoing(topic, b"k", b"v"))


async def test_closing_flushes(log: Log) -> None:
    """Records that were sent before `close` are in the log after it."""
    topic = await new_topic(log, 1)
    producer = await log.producer()
    futures = [await producer.send(Outgoing(topic, b"k", b"%d" % n)) for n in range(50)]
    await producer.close()
    assert [(await future).offset for future in futures] == list(range(50))
