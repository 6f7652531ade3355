"""Contract: where a transaction is open."""

from collegium.log.port import Log, Outgoing, TopicPartition
from contract.log.clusters import new_topic, stable_up_to, written


async def test_only_partitions_with_an_open_transaction_are_unsettled(log: Log) -> None:
    """Neither those that were only written to, nor those that nobody has written to."""
    topic = await new_topic(log, 3)
    sources = [TopicPartition(topic, number) for number in range(3)]
    await written(await log.producer(), Outgoing(topic, b"k", b"v", partition=0))
    producer = await log.transactional_producer(f"{topic}-id")
    await producer.begin()
    await (await producer.send(Outgoing(topic, b"k", b"v", partition=1)))
    assert await log.unsettled(sources) == {sources[1]}
    await producer.commit()
    await stable_up_to(log, sources[1], 2)
    assert not await log.unsettled(sources)


async def test_an_aborted_transaction_is_settled(log: Log) -> None:
    """What it wrote is never shown, and holds nobody up."""
    topic = await new_topic(log, 1)
    source = TopicPartition(topic, 0)
    producer = await log.transactional_producer(f"{topic}-id")
    await producer.begin()
    await (await producer.send(Outgoing(topic, b"k", b"v")))
    await producer.abort()
    await stable_up_to(log, source, 2)
    assert not await log.unsettled([source])


async def test_opening_the_same_id_settles_what_it_left_open(log: Log) -> None:
    """At once: the next owner may read and write when its producer is open."""
    topic = await new_topic(log, 1)
    source = TopicPartition(topic, 0)
    producer = await log.transactional_producer(f"{topic}-id")
    await producer.begin()
    await (await producer.send(Outgoing(topic, b"k", b"v")))
    assert await log.unsettled([source])
    await log.transactional_producer(f"{topic}-id")
    assert not await log.unsettled([source])
