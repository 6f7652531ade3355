"""The broker's group coordinator: members, generations, eager rebalances and committed offsets."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from collegium.log.errors import LogError
from collegium.log.memory.assignors import Assignor, assign
from collegium.log.port import Committed, TopicPartition

REBALANCE_TIMEOUT_MS: Final = 10_000
"""A member that has not come back this long after a rebalance began is thrown out of the group."""


@dataclass(slots=True, eq=False)
class Member:
    """One consumer's place in a group."""

    topics: tuple[str, ...]
    assignor: Assignor
    wake: Callable[[], None]
    """Called when the member has to give its partitions back and rejoin."""
    id: str = ""
    generation: int = -1
    joined: asyncio.Future[frozenset[TopicPartition]] | None = field(default=None, repr=False)


class Group:
    """A consumer group. Eager protocol: in a rebalance all members give everything back before anyone gets any."""

    def __init__(self, name: str, partitions_of: Callable[[str], int], rebalance_timeout_ms: int) -> None:
        self.name = name
        self.generation = 0
        self._partitions_of = partitions_of
        self._rebalance_timeout_s = rebalance_timeout_ms / 1_000
        self._members: dict[str, Member] = {}
        self._committed: dict[TopicPartition, Committed] = {}
        self._named = 0
        self._deadline: asyncio.TimerHandle | None = None

    @property
    def offsets(self) -> Mapping[TopicPartition, int]:
        """The committed offsets."""
        return {partition: committed.offset for partition, committed in self._committed.items()}

    @property
    def committed(self) -> Mapping[TopicPartition, Committed]:
        """The committed offsets, with what was added to them."""
        return self._committed

    def join(self, member: Member) -> asyncio.Future[frozenset[TopicPartition]]:
        """Enter, or rejoin after a wake. The future completes when every member has come (or been thrown out)."""
        if member.id not in self._members:
            self._admit(member)
        joined = asyncio.get_running_loop().create_future()
        member.joined = joined
        self._complete_if_all_joined()
        return joined

    def _admit(self, member: Member) -> None:
        other = next(iter(self._members.values()), None)
        if other is not None and other.assignor != member.assignor:
            raise LogError(f"group {self.name} uses the assignor {other.assignor}, not {member.assignor}")
        self._named += 1
        member.id = f"member-{self._named:06d}"
        self._members[member.id] = member
        self._request_rejoin(member)

    def leave(self, member: Member) -> None:
        """Leave for good; the others share its partitions."""
        if self._members.pop(member.id, None) is None:
            return
        if member.joined is not None:
            member.joined.cancel()
            member.joined = None
        self._request_rejoin(member)
        self._complete_if_all_joined()

    def commit(self, member: Member, offsets: Mapping[TopicPartition, Committed]) -> None:
        """Record offsets, if the member is of the current generation."""
        if member.id not in self._members or member.generation != self.generation:
            raise LogError(f"a member that is no longer in group {self.name} may not commit offsets")
        self._committed.update(offsets)

    def _request_rejoin(self, cause: Member) -> None:
        for member in self._members.values():
            if member is not cause and member.joined is None:
                member.wake()
        if self._members and self._deadline is None:
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_later(self._rebalance_timeout_s, self._throw_out_the_missing)

    def _throw_out_the_missing(self) -> None:
        self._deadline = None
        self._members = {id: member for id, member in self._members.items() if member.joined is not None}
        self._complete_if_all_joined()

    def _complete_if_all_joined(self) -> None:
        waiting = [(member, member.joined) for member in self._members.values() if member.joined is not None]
        if len(waiting) < len(self._members):
            return
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        self.generation += 1
        shares = self._share_out(self._members.values())
        for member, joined in waiting:
            member.joined = None
            member.generation = self.generation
            if not joined.done():
                joined.set_result(shares[member.id])

    def _share_out(self, members: Iterable[Member]) -> Mapping[str, frozenset[TopicPartition]]:
        subscriptions = {member.id: member.topics for member in members}
        if not subscriptions:
            return {}
        topics = {topic for topics in subscriptions.values() for topic in topics}
        counts = {topic: self._partitions_of(topic) for topic in topics}
        assignor = next(iter(self._members.values())).assignor
        return assign(assignor, subscriptions, counts)
