"""What only the memory log can be asked."""

import asyncio

import pytest

from collegium.log.errors import LogError, OffsetLost
from collegium.log.memory import MemoryBroker, MemoryLog
from collegium.log.port import NewTopic, Outgoing, TopicPartition

PARTITION = TopicPartition("topic", 0)


@pytest.fixture
def broker() -> MemoryBroker:
    """A broker with one topic, whose clock stands still."""
    broker = MemoryBroker(clock=lambda: 1_234)
    broker.create([NewTopic("topic", 1, {"cleanup.policy": "compact"})])
    return broker


async def test_time_stamps_come_from_the_clock(broker: MemoryBroker) -> None:
    """Nothing else tells the memory log the time."""
    async with MemoryLog(broker) as log:
        await (await (await log.producer()).send(Outgoing("topic", b"k", b"v")))
        assert (await log.read_at(PARTITION, 0, timeout_ms=0)).timestamp_ms == 1_234


async def test_tombstones_can_be_kept(broker: MemoryBroker) -> None:
    """As Kafka does until delete.retention.ms has passed."""
    async with MemoryLog(broker) as log:
        producer = await log.producer()
        for value in (b"v", None):
            await (await producer.send(Outgoing("topic", b"k", value)))
        broker.compact("topic", keep_tombstones=True)
        assert (await log.read_at(PARTITION, 1, timeout_ms=0)).value is None
        broker.compact("topic")
        with pytest.raises(OffsetLost):
            await log.read_at(PARTITION, 1, timeout_ms=0)


async def test_an_open_transaction_is_not_compacted(broker: MemoryBroker) -> None:
    """Compaction stops at the last stable offset."""
    async with MemoryLog(broker) as log:
        plain, transactional = await log.producer(), await log.transactional_producer("id")
        await (await plain.send(Outgoing("topic", b"k", b"old")))
        await transactional.begin()
        await (await transactional.send(Outgoing("topic", b"k", b"new")))
        broker.compact("topic")
        assert (await log.read_at(PARTITION, 0, timeout_ms=0)).value == b"old"
        await transactional.commit()
        broker.compact("topic")
        with pytest.raises(OffsetLost):
            await log.read_at(PARTITION, 0, timeout_ms=0)
        assert (await log.read_at(PARTITION, 1, timeout_ms=0)).value == b"new"


async def test_truncation_beyond_the_end_is_refused(broker: MemoryBroker) -> None:
    """As DeleteRecords does."""
    with pytest.raises(OffsetLost):
        broker.truncate(PARTITION, 1)


async def test_committed_offsets_can_be_asked_for(broker: MemoryBroker) -> None:
    """By group, as the admin tools do."""
    async with MemoryLog(broker) as log:
        consumer = await log.subscribe(["topic"], group="g")
        await consumer.commit({PARTITION: 5})
    assert broker.committed("g") == {PARTITION: 5}
    assert broker.committed("unknown") == {}


async def test_members_with_another_assignor_are_refused(broker: MemoryBroker) -> None:
    """Kafka calls it an inconsistent group protocol."""
    async with MemoryLog(broker) as log:
        await log.subscribe(["topic"], group="g", assignor="range")
        with pytest.raises(LogError, match="assignor"):
            await log.subscribe(["topic"], group="g", assignor="round_robin")


async def test_a_cancelled_subscribe_leaves_the_group(broker: MemoryBroker) -> None:
    """The members that are there do not wait for one that has gone."""
    blocked = asyncio.Event()

    class Blocking:
        async def revoked(self, partitions: frozenset[TopicPartition]) -> None:
            blocked.set()
            await asyncio.Event().wait()

        async def assigned(self, partitions: frozenset[TopicPartition]) -> None:
            pass

    async with MemoryLog(broker) as log:
        await log.subscribe(["topic"], group="g", listener=Blocking())
        joining = asyncio.create_task(log.subscribe(["topic"], group="g"))
        await blocked.wait()
        joining.cancel()
        await asyncio.wait([joining])
        assert joining.cancelled()


async def test_the_same_calls_give_the_same_log() -> None:
    """Two worlds with the same interleaving of producers and consumers end up the same: nothing is left to chance."""
    assert await world() == await world()


async def world() -> list[tuple[int, int, bytes | None]]:
    """Two producers, two members of a group; what the members read, in order."""
    broker = MemoryBroker(clock=lambda: 0)
    seen: list[tuple[int, int, bytes | None]] = []
    async with MemoryLog(broker) as one, MemoryLog(broker) as two:
        await one.create([NewTopic("t", 4, {})])

        async def produce(log: MemoryLog, name: bytes) -> None:
            producer = await log.producer()
            for number in range(50):
                await (await producer.send(Outgoing("t", None if number % 3 else name, name + b"%d" % number)))

        async def consume(log: MemoryLog) -> None:
            consumer = await log.subscribe(["t"], group="g")
            while len(seen) < 100:
                for records in (await consumer.poll(max_records=7, timeout_ms=20)).values():
                    seen.extend((record.partition, record.offset, record.value) for record in records)

        async with asyncio.TaskGroup() as group:
            for log, name in ((one, b"a"), (two, b"b")):
                group.create_task(produce(log, name))
                group.create_task(consume(log))
    return seen
