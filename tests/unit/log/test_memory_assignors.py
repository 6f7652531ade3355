"""The memory log's assignors give what Kafka's do."""

from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.structs import PartitionMetadata
from hypothesis import given
from hypothesis import strategies as st

from collegium.log.memory.assignors import Assignor, assign
from collegium.log.port import TopicPartition

TOPICS = ["t0", "t1", "t2"]
COUNTS = st.fixed_dictionaries({topic: st.integers(1, 7) for topic in TOPICS})
SUBSCRIPTIONS = st.dictionaries(
    st.sampled_from([f"member-{n}" for n in range(5)]),
    st.lists(st.sampled_from(TOPICS), min_size=1, unique=True),
    min_size=1,
)


def numbers(topic: str, *partitions: int) -> set[TopicPartition]:
    """Partitions of a topic."""
    return {TopicPartition(topic, number) for number in partitions}


def test_the_example_of_the_range_assignor() -> None:
    """Two members, two topics of three partitions: the first gets 0 and 1 of both."""
    shares = assign("range", {"c0": ["t0", "t1"], "c1": ["t0", "t1"]}, {"t0": 3, "t1": 3})
    assert shares == {"c0": numbers("t0", 0, 1) | numbers("t1", 0, 1), "c1": numbers("t0", 2) | numbers("t1", 2)}


def test_the_example_of_the_round_robin_assignor() -> None:
    """Three members with different topics: each partition goes to the next one who wants it."""
    subscriptions = {"c0": ["t0"], "c1": ["t0", "t1"], "c2": ["t0", "t1", "t2"]}
    shares = assign("round_robin", subscriptions, {"t0": 1, "t1": 2, "t2": 3})
    assert shares == {
        "c0": numbers("t0", 0),
        "c1": numbers("t1", 0),
        "c2": numbers("t1", 1) | numbers("t2", 0, 1, 2),
    }


@given(st.sampled_from(["range", "round_robin"]), SUBSCRIPTIONS, COUNTS)
def test_any_group_is_shared_as_by_aiokafka(
    assignor: Assignor, subscriptions: dict[str, list[str]], counts: dict[str, int]
) -> None:
    """Whatever members, topics and partition counts."""
    theirs = RangePartitionAssignor if assignor == "range" else RoundRobinPartitionAssignor
    cluster = ClusterMetadata()
    cluster._partitions = {
        topic: {number: PartitionMetadata(topic, number, 0, [], [], 0) for number in range(count)}
        for topic, count in counts.items()
    }
    expected = theirs.assign(cluster, {name: theirs.metadata(topics) for name, topics in subscriptions.items()})
    assert assign(assignor, subscriptions, counts) == {
        name: {TopicPartition(each.topic, each.partition) for each in share.partitions()}
        for name, share in expected.items()
    }
