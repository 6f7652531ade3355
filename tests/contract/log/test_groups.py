"""Contract: consumer groups: sharing, rebalances, committed offsets, stale members."""

import asyncio
from uuid import uuid4

import pytest

from collegium.log.errors import LogError, TopicMismatch
from collegium.log.port import Consumer, Log, Outgoing, TopicPartition
from contract.log.clusters import BOUND_S, Cluster, Recorder, eventually, new_topic, nothing_comes, read, written


@pytest.fixture
def group() -> str:
    """A group of the test's own."""
    return f"group-{uuid4().hex[:12]}"


def partitions(topic: str, *numbers: int) -> set[TopicPartition]:
    """Partitions of a topic."""
    return {TopicPartition(topic, number) for number in numbers}


async def shared(*members: Consumer, count: int) -> None:
    """Wait until the members have `count` partitions between them, nobody having none."""
    await eventually(
        lambda: (
            all(member.assignment() for member in members)
            and sum(len(member.assignment()) for member in members) == count
        ),
        *members,
    )


async def test_one_member_reads_everything(log: Log, group: str) -> None:
    """The assignment is there when `subscribe` returns."""
    one, two = await new_topic(log, 2), await new_topic(log, 1)
    consumer = await log.subscribe([one, two], group=group)
    assert consumer.assignment() == partitions(one, 0, 1) | partitions(two, 0)
    records = [Outgoing(one, b"k", b"", partition=0), Outgoing(one, b"k", b"", partition=1), Outgoing(two, b"k", b"")]
    await written(await log.producer(), *records)
    assert {record.source for record in await read(consumer, 3)} == consumer.assignment()


async def test_range_members_get_the_same_numbers_of_every_topic(cluster: Cluster, group: str) -> None:
    """Two members share co-partitioned topics so that each owns whole homes."""
    logs = [cluster.connect(), cluster.connect()]
    topics = [await new_topic(logs[0], 4) for _ in range(3)]
    members = [await log.subscribe(topics, group=group) for log in logs]
    await shared(*members, count=12)
    for member in members:
        numbers = {topic: {each.partition for each in member.assignment() if each.topic == topic} for topic in topics}
        assert len(set(map(frozenset, numbers.values()))) == 1
        assert len(numbers[topics[0]]) == 2
    assert not members[0].assignment() & members[1].assignment()


async def test_round_robin_members_share_evenly(cluster: Cluster, group: str) -> None:
    """Three topics of one partition each: two members get two and one, range would give all three to one."""
    logs = [cluster.connect(), cluster.connect()]
    topics = [await new_topic(logs[0], 1) for _ in range(3)]
    members = [await log.subscribe(topics, group=group, assignor="round_robin") for log in logs]
    await shared(*members, count=3)
    assert sorted(len(member.assignment()) for member in members) == [1, 2]


async def test_more_members_than_partitions(cluster: Cluster, group: str) -> None:
    """The member that gets nothing is told so, and its poll is empty."""
    logs = [cluster.connect(), cluster.connect()]
    topic = await new_topic(logs[0], 1)
    listeners = [Recorder(), Recorder()]
    members = [
        await log.subscribe([topic], group=group, listener=listener)
        for log, listener in zip(logs, listeners, strict=True)
    ]
    await eventually(
        lambda: (
            {frozenset(), frozenset(partitions(topic, 0))}
            == {listener.calls[-1][1] for listener in listeners if listener.calls}
        ),
        *members,
    )
    idle = next(member for member in members if not member.assignment())
    assert await nothing_comes(idle)


async def test_listeners_hear_every_rebalance_in_order(cluster: Cluster, group: str) -> None:
    """A join: everything is revoked from the old member, then both are told their share. A leave: the reverse."""
    logs = [cluster.connect(), cluster.connect()]
    topic = await new_topic(logs[0], 2)
    everything = frozenset(partitions(topic, 0, 1))
    one, two = Recorder(), Recorder()
    first = await logs[0].subscribe([topic], group=group, listener=one)
    await eventually(lambda: one.calls == [("assigned", everything)], first)
    second = await logs[1].subscribe([topic], group=group, listener=two)
    await eventually(lambda: len(one.calls) >= 3 and bool(two.calls), first, second)
    assert one.calls[1] == ("revoked", everything)
    assert [name for name, _ in one.calls] == ["assigned", "revoked", "assigned"]
    assert {one.calls[2][1], two.calls[0][1]} == {frozenset({each}) for each in everything}
    assert two.calls[0][0] == "assigned"
    await second.close()
    await eventually(lambda: one.calls[-1] == ("assigned", everything), first)
    assert [name for name, _ in two.calls] == ["assigned"], "close tells the listener nothing"


async def test_the_listener_is_not_told_before_subscribe_returns(log: Log, group: str) -> None:
    """So that it can use the consumer."""
    topic = await new_topic(log, 1)
    seen: list[Consumer] = []

    class Late(Recorder):
        async def assigned(self, partitions: frozenset[TopicPartition]) -> None:
            seen.append(consumer)
            await super().assigned(partitions)

    listener = Late()
    consumer = await log.subscribe([topic], group=group, listener=listener)
    await eventually(lambda: bool(listener.calls), consumer)
    assert seen == [consumer]


async def test_a_listeners_error_reaches_the_poller(log: Log, group: str) -> None:
    """It is not swallowed: every poll raises it from then on."""
    topic = await new_topic(log, 1)

    class Broken(Recorder):
        async def assigned(self, partitions: frozenset[TopicPartition]) -> None:
            await super().assigned(partitions)
            raise ZeroDivisionError

    listener = Broken()
    consumer = await log.subscribe([topic], group=group, listener=listener)
    with pytest.raises(ZeroDivisionError):
        await eventually(lambda: False, consumer)
    with pytest.raises(ZeroDivisionError):
        await consumer.poll(max_records=1, timeout_ms=20)


async def test_committed_offsets_are_resumed(log: Log, group: str) -> None:
    """The next member of the group goes on where the last one committed, not where it read to."""
    topic = await new_topic(log, 1)
    source = TopicPartition(topic, 0)
    await written(await log.producer(), *(Outgoing(topic, b"k", b"%d" % n) for n in range(10)))
    first = await log.subscribe([topic], group=group)
    await read(first, 8)
    await first.commit({source: 5})
    await first.close()
    second = await log.subscribe([topic], group=group)
    assert await second.position(source) == 5
    assert [record.offset for record in await read(second, 5)] == [5, 6, 7, 8, 9]


async def test_uncommitted_partitions_start_where_told(log: Log, group: str) -> None:
    """`earliest` reads what was there before, `latest` only what comes after `subscribe`."""
    topic = await new_topic(log, 1)
    producer = await log.producer()
    await written(producer, Outgoing(topic, b"k", b"before"))
    early = await log.subscribe([topic], group=f"{group}-early", start_at="earliest")
    late = await log.subscribe([topic], group=f"{group}-late", start_at="latest")
    await written(producer, Outgoing(topic, b"k", b"after"))
    assert [record.value for record in await read(early, 2)] == [b"before", b"after"]
    assert [record.value for record in await read(late, 1)] == [b"after"]


async def test_a_leaver_gives_its_partitions_back(cluster: Cluster, group: str) -> None:
    """The remaining member reads everything, from the committed offsets."""
    logs = [cluster.connect(), cluster.connect()]
    topic = await new_topic(logs[0], 2)
    members = [await log.subscribe([topic], group=group) for log in logs]
    await shared(*members, count=2)
    await members[1].close()
    await eventually(lambda: members[0].assignment() == partitions(topic, 0, 1), members[0])
    producer = await logs[0].producer()
    await written(producer, *(Outgoing(topic, b"k", b"", partition=number) for number in (0, 1)))
    assert {record.partition for record in await read(members[0], 2)} == {0, 1}


async def test_a_rebalance_resets_pauses_and_uncommitted_positions(cluster: Cluster, group: str) -> None:
    """After a rebalance a member starts afresh from the committed offsets, also in partitions that it keeps."""
    logs = [cluster.connect(), cluster.connect()]
    topic = await new_topic(logs[0], 2)
    producer = await logs[0].producer()
    await written(producer, *(Outgoing(topic, b"k", b"", partition=number) for number in (0, 1)))
    first = await logs[0].subscribe([topic], group=group)
    await read(first, 2)
    first.pause(first.assignment())
    second = await logs[1].subscribe([topic], group=group)
    await eventually(lambda: len(first.assignment()) == 1 and len(second.assignment()) == 1, second)
    assert {record.partition for record in await read(first, 1)} == {each.partition for each in first.assignment()}


async def test_offsets_may_be_committed_while_they_are_revoked(cluster: Cluster, group: str) -> None:
    """The last moment for it: the next owner starts there."""
    logs = [cluster.connect(), cluster.connect()]
    topic = await new_topic(logs[0], 1)
    source = TopicPartition(topic, 0)
    await written(await logs[0].producer(), *(Outgoing(topic, b"k", b"%d" % n) for n in range(5)))

    class Committing(Recorder):
        async def revoked(self, partitions: frozenset[TopicPartition]) -> None:
            await first.commit({source: 3})
            await super().revoked(partitions)

    listener = Committing()
    first = await logs[0].subscribe([topic], group=group, listener=listener)
    await read(first, 5)
    second = await logs[1].subscribe([topic], group=group)
    found: list[int] = []
    async with asyncio.timeout(BOUND_S):
        while 4 not in found:
            for member in (first, second):
                polled = await member.poll(max_records=2, timeout_ms=50)
                found += [record.offset for records in polled.values() for record in records]
    assert "revoked" in [name for name, _ in listener.calls]
    assert found == [3, 4]


async def test_a_stale_member_may_not_commit(cluster: Cluster, group: str) -> None:
    """A member that does not give its partitions back in time is thrown out; the next owner's offsets stand."""
    logs = [cluster.connect(), cluster.connect()]
    topic = await new_topic(logs[0], 1)
    source = TopicPartition(topic, 0)
    stuck, free = asyncio.Event(), asyncio.Event()

    class Stuck(Recorder):
        async def revoked(self, partitions: frozenset[TopicPartition]) -> None:
            stuck.set()
            await free.wait()

    stale = await logs[0].subscribe([topic], group=group, listener=Stuck())
    owner = await logs[1].subscribe([topic], group=group)
    await eventually(lambda: owner.assignment() == {source}, owner)
    assert stuck.is_set()
    await owner.commit({source: 7})
    with pytest.raises(LogError):
        await stale.commit({source: 1})
    await owner.close()
    free.set()
    await stale.close()
    late = await logs[1].subscribe([topic], group=group)
    assert await late.position(source) == 7


async def test_two_groups_do_not_share(log: Log, group: str) -> None:
    """Each group reads everything, with its own offsets."""
    topic = await new_topic(log, 1)
    await written(await log.producer(), *(Outgoing(topic, b"k", b"%d" % n) for n in range(3)))
    for name in (f"{group}-1", f"{group}-2"):
        consumer = await log.subscribe([topic], group=name)
        assert [record.offset for record in await read(consumer, 3)] == [0, 1, 2]
        await consumer.commit({TopicPartition(topic, 0): 3})


async def test_a_missing_topic_is_told(log: Log, group: str) -> None:
    """Subscribing to what is not there raises, and creates nothing."""
    topic = await new_topic(log, 1)
    with pytest.raises(TopicMismatch, match="absent"):
        await log.subscribe([topic, f"{topic}-absent"], group=group)
    assert await log.describe([f"{topic}-absent"]) == {}
