"""Contract: what a commit adds to an offset is kept with it, and read by whoever owns the partition next."""

from uuid import uuid4

import pytest

from collegium.log.errors import LogError
from collegium.log.port import MAX_METADATA_BYTES, Committed, Log, TopicPartition
from contract.log.clusters import Cluster, Recorder, eventually, new_topic


@pytest.fixture
def group() -> str:
    """A group of the test's own."""
    return f"group-{uuid4().hex[:12]}"


async def test_metadata_outlives_the_member_that_wrote_it(cluster: Cluster, group: str) -> None:
    """The next member reads offset and text as they were committed; a partition without commit is left out."""
    logs = [cluster.connect(), cluster.connect()]
    topic = await new_topic(logs[0], 3)
    sources = [TopicPartition(topic, number) for number in range(3)]
    first = await logs[0].subscribe([topic], group=group)
    await first.commit({sources[0]: 3, sources[1]: 4}, {sources[0]: "tätig"})
    await first.close()
    second = await logs[1].subscribe([topic], group=group)
    assert await second.committed(sources) == {sources[0]: Committed(3, "tätig"), sources[1]: Committed(4, "")}
    assert await second.committed([]) == {}


async def test_a_commit_without_metadata_clears_it(log: Log, group: str) -> None:
    """Text belongs to one commit only."""
    topic = await new_topic(log)
    source = TopicPartition(topic, 0)
    member = await log.subscribe([topic], group=group)
    await member.commit({source: 1}, {source: "x"})
    await member.commit({source: 1})
    assert await member.committed([source]) == {source: Committed(1, "")}


async def test_a_listener_may_read_and_commit(log: Log, group: str) -> None:
    """While it is told of its partitions, the member reads what was recorded of them, and records more."""
    topic = await new_topic(log)
    source = TopicPartition(topic, 0)

    class Marking(Recorder):
        async def assigned(self, partitions: frozenset[TopicPartition]) -> None:
            before = await member.committed(partitions)
            await member.commit({source: 5}, {source: f"had {len(before)}"})
            await super().assigned(partitions)

    listener = Marking()
    member = await log.subscribe([topic], group=group, listener=listener)
    await eventually(lambda: bool(listener.calls), member)
    assert await member.committed([source]) == {source: Committed(5, "had 0")}


async def test_metadata_is_bounded(log: Log, group: str) -> None:
    """As much as a broker takes by default is taken; more is refused before anything is sent."""
    topic = await new_topic(log)
    source = TopicPartition(topic, 0)
    member = await log.subscribe([topic], group=group)
    await member.commit({source: 1}, {source: "x" * MAX_METADATA_BYTES})
    with pytest.raises(ValueError, match="4096"):
        await member.commit({source: 2}, {source: "ü" * (MAX_METADATA_BYTES // 2 + 1)})
    assert (await member.committed([source]))[source].offset == 1


async def test_only_members_have_committed_offsets(log: Log, group: str) -> None:
    """A reader without a group, or a closed one, has none."""
    topic = await new_topic(log)
    source = TopicPartition(topic, 0)
    reader = await log.assign({source: "earliest"})
    with pytest.raises(LogError):
        await reader.committed([source])
    member = await log.subscribe([topic], group=group)
    await member.close()
    with pytest.raises(LogError):
        await member.committed([source])
