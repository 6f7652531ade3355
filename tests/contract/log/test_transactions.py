"""Contract: transactions are atomic, invisible until committed, and fenced."""

import asyncio

import pytest

from collegium.log.errors import Fenced, OutcomeUnknown, RecordTooLarge, TopicMismatch
from collegium.log.port import MAX_RECORD_BYTES, Log, Outgoing, TopicPartition, TransactionalProducer
from contract.log.clusters import Cluster, eventually, new_topic, nothing_comes, read, stable_up_to, written


async def transact(producer: TransactionalProducer, *records: Outgoing, commit: bool = True) -> list[int]:
    """One whole transaction; returns the records' offsets."""
    await producer.begin()
    positions = await asyncio.gather(*[await producer.send(record) for record in records])
    await (producer.commit() if commit else producer.abort())
    return [position.offset for position in positions]


async def test_a_transaction_is_invisible_until_committed_and_then_whole(log: Log) -> None:
    """Records of several topics and partitions appear together, after the commit."""
    one, two = await new_topic(log, 2), await new_topic(log, 1)
    places = {
        TopicPartition(one, 0): "earliest",
        TopicPartition(one, 1): "earliest",
        TopicPartition(two, 0): "earliest",
    }
    consumer = await log.assign(places)
    producer = await log.transactional_producer(f"{one}-id")
    await producer.begin()
    records = [Outgoing(place.topic, b"k", b"v", partition=place.partition) for place in places]
    await asyncio.gather(*[await producer.send(record) for record in records])
    assert await nothing_comes(consumer)
    await producer.commit()
    assert {record.source for record in await read(consumer, 3)} == set(places)


async def test_an_aborted_transaction_is_never_seen(log: Log) -> None:
    """Readers skip its records, and go on behind them."""
    topic = await new_topic(log, 1)
    producer = await log.transactional_producer(f"{topic}-id")
    await transact(producer, Outgoing(topic, b"k", b"aborted"), commit=False)
    await transact(producer, Outgoing(topic, b"k", b"committed"))
    [record] = await read(await log.assign({TopicPartition(topic, 0): "earliest"}), 1)
    assert record.value == b"committed"


async def test_control_records_take_offsets(log: Log) -> None:
    """Each commit or abort leaves a gap of one offset in every partition it touched."""
    topic = await new_topic(log, 1)
    source = TopicPartition(topic, 0)
    producer = await log.transactional_producer(f"{topic}-id")
    assert await transact(producer, *[Outgoing(topic, b"k", b"a")] * 2) == [0, 1]
    assert await transact(producer, Outgoing(topic, b"k", b"b"), commit=False) == [3]
    assert await transact(producer, Outgoing(topic, b"k", b"c")) == [5]
    await stable_up_to(log, source, 7)
    consumer = await log.assign({source: "earliest"})
    assert [record.offset for record in await read(consumer, 3)] == [0, 1, 5]
    assert await nothing_comes(consumer)
    assert await consumer.position(source) == 7


async def test_an_open_transaction_holds_later_records_back(log: Log) -> None:
    """The last stable offset is the open transaction's first record: end_offsets says it, readers stop there."""
    topic = await new_topic(log, 1)
    source = TopicPartition(topic, 0)
    plain, transactional = await log.producer(), await log.transactional_producer(f"{topic}-id")
    await written(plain, Outgoing(topic, b"k", b"before"))
    await transactional.begin()
    await (await transactional.send(Outgoing(topic, b"k", b"inside")))
    await written(plain, Outgoing(topic, b"k", b"after"))
    consumer = await log.assign({source: "earliest"})
    assert [record.value for record in await read(consumer, 1)] == [b"before"]
    assert await nothing_comes(consumer)
    assert await log.end_offsets([source]) == {source: 1}
    await transactional.commit()
    assert [record.value for record in await read(consumer, 2)] == [b"inside", b"after"]
    await stable_up_to(log, source, 4)


async def test_two_open_transactions_are_stable_up_to_the_earlier_one(log: Log) -> None:
    """Committing the later transaction shows nothing while the earlier one is open."""
    topic = await new_topic(log, 1)
    first, second = [await log.transactional_producer(f"{topic}-{n}") for n in (1, 2)]
    for producer, value in ((first, b"1"), (second, b"2")):
        await producer.begin()
        await (await producer.send(Outgoing(topic, b"k", value)))
    await second.commit()
    consumer = await log.assign({TopicPartition(topic, 0): "earliest"})
    assert await nothing_comes(consumer)
    await first.abort()
    assert [record.value for record in await read(consumer, 1)] == [b"2"]


async def test_opening_a_transactional_id_again_fences_the_older_producer(cluster: Cluster) -> None:
    """The older producer's open transaction is aborted, and none of its later calls succeeds."""
    old_log, new_log = cluster.connect(), cluster.connect()
    topic = await new_topic(old_log, 1)
    old = await old_log.transactional_producer(f"{topic}-id")
    await old.begin()
    await (await old.send(Outgoing(topic, b"k", b"old")))
    new = await new_log.transactional_producer(f"{topic}-id")
    with pytest.raises(Fenced):
        await old.commit()
    with pytest.raises(OutcomeUnknown):
        await old.begin()
    await transact(new, Outgoing(topic, b"k", b"new"))
    [record] = await read(await new_log.assign({TopicPartition(topic, 0): "earliest"}), 1)
    assert record.value == b"new"


async def test_a_zombie_that_begins_after_the_fence_writes_nothing(cluster: Cluster) -> None:
    """A paused owner that wakes up and starts a whole new transaction fails, somewhere before its commit returns."""
    topic = await new_topic(cluster.connect(), 1)
    old = await cluster.connect().transactional_producer(f"{topic}-id")
    await transact(old, Outgoing(topic, b"k", b"1"))
    log = cluster.connect()
    new = await log.transactional_producer(f"{topic}-id")
    with pytest.raises(OutcomeUnknown):
        await transact(old, Outgoing(topic, b"k", b"zombie"))
    await transact(new, Outgoing(topic, b"k", b"2"))
    records = await read(await log.assign({TopicPartition(topic, 0): "earliest"}), 2)
    assert [record.value for record in records] == [b"1", b"2"]


async def test_opening_again_aborts_what_a_dead_producer_left_open(cluster: Cluster) -> None:
    """The next owner need not wait for the dead one's time-out before its inputs are readable."""
    topic = await new_topic(cluster.connect(), 1)
    dead = await cluster.connect().transactional_producer(f"{topic}-id")
    await dead.begin()
    await (await dead.send(Outgoing(topic, b"k", b"left open")))
    log = cluster.connect()
    await log.transactional_producer(f"{topic}-id")
    await written(await log.producer(), Outgoing(topic, b"k", b"after"))
    [record] = await read(await log.assign({TopicPartition(topic, 0): "earliest"}), 1)
    assert record.value == b"after"


async def test_closing_aborts_what_is_open(log: Log) -> None:
    """A producer that is closed in the middle of a transaction does not hold readers back."""
    topic = await new_topic(log, 1)
    producer = await log.transactional_producer(f"{topic}-id")
    await producer.begin()
    await (await producer.send(Outgoing(topic, b"k", b"unfinished")))
    await producer.close()
    await producer.close()
    await written(await log.producer(), Outgoing(topic, b"k", b"after"))
    [record] = await read(await log.assign({TopicPartition(topic, 0): "earliest"}), 1)
    assert record.value == b"after"


async def test_two_producers_in_turn_commit_in_order(log: Log) -> None:
    """The orchestrator's way: a transaction of one producer after a transaction of the other."""
    topic = await new_topic(log, 1)
    producers = [await log.transactional_producer(f"{topic}-{n}") for n in (0, 1)]
    for number in range(20):
        await transact(producers[number % 2], Outgoing(topic, b"k", b"%d" % number))
    records = await read(await log.assign({TopicPartition(topic, 0): "earliest"}), 20)
    assert [int(record.value or b"") for record in records] == list(range(20))


async def test_a_refused_record_leaves_the_transaction_open(log: Log) -> None:
    """A record over the limit, or for a topic that is not there, is refused before it is sent."""
    topic = await new_topic(log, 1)
    producer = await log.transactional_producer(f"{topic}-id")
    await producer.begin()
    with pytest.raises(RecordTooLarge):
        await producer.send(Outgoing(topic, b"k", bytes(MAX_RECORD_BYTES)))
    with pytest.raises(TopicMismatch):
        await producer.send(Outgoing(f"{topic}-absent", b"k", b"v"))
    await (await producer.send(Outgoing(topic, b"k", b"fine")))
    await producer.commit()
    [record] = await read(await log.assign({TopicPartition(topic, 0): "earliest"}), 1)
    assert record.value == b"fine"


async def test_a_transaction_with_a_rejected_record_cannot_be_committed(log: Log) -> None:
    """Also when nobody awaits the rejected record's future; afterwards only abort and close are left."""
    topic, small = await new_topic(log, 1), await new_topic(log, 1, max_message_bytes="2000")
    producer = await log.transactional_producer(f"{topic}-id")
    await producer.begin()
    await producer.send(Outgoing(topic, b"k", b"whole"))
    rejected = await producer.send(Outgoing(small, b"k", bytes(5_000)))
    with pytest.raises(OutcomeUnknown):
        await producer.commit()
    with pytest.raises(RecordTooLarge):
        await rejected
    await producer.abort()
    with pytest.raises(OutcomeUnknown):
        await producer.begin()
    consumer = await log.assign({TopicPartition(topic, 0): "earliest"})
    assert await nothing_comes(consumer)


async def test_an_empty_transaction_commits(log: Log) -> None:
    """It writes nothing, not even a control record."""
    topic = await new_topic(log, 1)
    source = TopicPartition(topic, 0)
    producer = await log.transactional_producer(f"{topic}-id")
    await transact(producer)
    await transact(producer, commit=False)
    assert await log.end_offsets([source]) == {source: 0}


async def test_a_sleeping_reader_wakes_at_the_commit(log: Log) -> None:
    """A poll that began before the commit returns the records, well before its own time-out."""
    topic = await new_topic(log, 1)
    consumer = await log.assign({TopicPartition(topic, 0): "earliest"})
    producer = await log.transactional_producer(f"{topic}-id")
    polling = asyncio.create_task(consumer.poll(max_records=10, timeout_ms=60_000))
    await transact(producer, Outgoing(topic, b"k", b"v"))
    await eventually(polling.done)
    assert [record.value for records in (await polling).values() for record in records] == [b"v"]
