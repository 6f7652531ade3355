"""How a group's partitions are shared out, as Kafka's range and round-robin assignors do."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Literal

from collegium.log.port import TopicPartition

Assignor = Literal["range", "round_robin"]
Assignments = dict[str, frozenset[TopicPartition]]


def assign(
    assignor: Assignor, subscriptions: Mapping[str, Sequence[str]], partitions: Mapping[str, int]
) -> Assignments:
    """Share partitions among members.

    Args:
        assignor: `range` gives each member the same partition numbers of every topic; `round_robin` deals them out.
        subscriptions: Topics by member id.
        partitions: Partition counts by topic.

    Returns:
        Each member's partitions; perhaps none.
    """
    shares = _range(subscriptions, partitions) if assignor == "range" else _round_robin(subscriptions, partitions)
    return {member: frozenset(share) for member, share in shares.items()}


def _range(
    subscriptions: Mapping[str, Sequence[str]], partitions: Mapping[str, int]
) -> dict[str, list[TopicPartition]]:
    shares: dict[str, list[TopicPartition]] = {member: [] for member in subscriptions}
    for topic in sorted({topic for topics in subscriptions.values() for topic in topics}):
        members = sorted(member for member, topics in subscriptions.items() if topic in topics)
        each, extra = divmod(partitions[topic], len(members))
        start = 0
        for index, member in enumerate(members):
            count = each + (index < extra)
            shares[member] += [TopicPartition(topic, number) for number in range(start, start + count)]
            start += count
    return shares


def _round_robin(
    subscriptions: Mapping[str, Sequence[str]], partitions: Mapping[str, int]
) -> dict[str, list[TopicPartition]]:
    shares: dict[str, list[TopicPartition]] = {member: [] for member in subscriptions}
    topics = sorted({topic for topics in subscriptions.values() for topic in topics})
    members = cycle(sorted(subscriptions))
    for topic in topics:
        for number in range(partitions[topic]):
            member = next(member for member in members if topic in subscriptions[member])
            shares[member].append(TopicPartition(topic, number))
    return shares
