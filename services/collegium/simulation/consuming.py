"""Consumers and group membership over a link."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from random import Random
from typing import Final

from collegium.log.errors import LogError, LogUnavailable
from collegium.log.memory.assignors import Assignor
from collegium.log.memory.consumer import MemoryConsumer
from collegium.log.memory.membership import Membership
from collegium.log.metadata import checked
from collegium.log.port import Committed, RebalanceListener, Record, TopicPartition
from collegium.simulation.broker import SimulatedBroker, SimulatedGroup
from collegium.simulation.link import SESSION_TIMEOUT_S, Link

_UNREACHABLE_AFTER_S: Final = 2.0


class SimulatedMembership(Membership):
    """Joins, leaves and hears of rebalances through a link; forgotten by the group when it is silent for too long."""

    def __init__(
        self,
        group: SimulatedGroup,
        topics: tuple[str, ...],
        assignor: Assignor,
        consumer: MemoryConsumer,
        listener: RebalanceListener | None,
        *,
        link: Link,
    ) -> None:
        super().__init__(group, topics, assignor, consumer, listener)
        self._simulated = group
        self._link = link
        self._member.wake = self._told_to_rejoin
        self._left = False

    def _told_to_rejoin(self) -> None:
        """Heartbeats tell of the rebalance; what arrives after it is over means nothing."""
        generation = self._member.generation

        def tell() -> None:
            if self._member.generation == generation:
                self._rejoin.set()

        self._link.notify(tell)

    async def start(self) -> None:
        """Join, and wait for the first assignment; the listener hears of it when this has returned."""
        self._link.watch(self.silent)
        try:
            await self._join()
        except asyncio.CancelledError:
            self._leave()
            raise
        self._task = asyncio.create_task(self._follow(), name=f"member of {self.group}")
        self._may_tell.set()

    @property
    def group(self) -> str:
        """The group's name."""
        return self._simulated.name

    async def _join(self) -> None:
        self._rejoin.clear()
        while True:
            joined = await self._join_request()
            assigned = await joined
            if self._simulated.knows(self._member):
                break
        offsets = self._simulated.offsets
        self._assignee.take_assignment({partition: offsets.get(partition) for partition in assigned})

    async def _join_request(self) -> asyncio.Future[frozenset[TopicPartition]]:
        while True:
            try:
                return await self._link.call("join", self._enter)
            except LogUnavailable:
                self._link.check()

    def _enter(self) -> asyncio.Future[frozenset[TopicPartition]]:
        if self._left:
            raise LogError("the member has left")
        self._link.check()
        return self._simulated.join(self._member)

    def silent(self) -> None:
        """The group has not heard of this member for too long."""
        if self._simulated.knows(self._member):
            self._simulated.expire(self._member)
            self._link.notify(self._rejoin.set)

    def _leave(self) -> None:
        """Say so, if that is possible; heartbeats end in any case."""
        self._left = True
        self._link.after(SESSION_TIMEOUT_S, self.silent)
        if not self._link.severed:
            self._link.send("leave", lambda: self._simulated.leave(self._member), lambda _, __: None)

    async def stop(self) -> None:
        """Leave the group, if it can still be told, and end."""
        self._leave()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])


class SimulatedConsumer:
    """A memory consumer at the near end of a link. Records that it has read are its own; reading needs the link."""

    def __init__(
        self,
        consumer: MemoryConsumer,
        link: Link,
        random: Random,
        broker: SimulatedBroker,
        membership: SimulatedMembership | None,
    ) -> None:
        self._inner = consumer
        self._link = link
        self._random = random.random
        self._broker = broker
        self.membership = membership

    @property
    def closed(self) -> bool:
        """Whether `close` has been called."""
        return self._inner.closed

    async def poll(
        self, *, max_records: int, timeout_ms: int, partitions: Collection[TopicPartition] = ()
    ) -> Mapping[TopicPartition, Sequence[Record]]:
        """The next committed records, if they can get here."""
        link = self._link
        link.check()
        if link.partitioned or link.fetch_stalled:
            partitioned = link.partitioned
            await asyncio.sleep(min(timeout_ms / 1_000, _UNREACHABLE_AFTER_S))
            if partitioned and link.partitioned:
                raise LogUnavailable("the brokers cannot be reached")
            return {}
        draw = self._random()
        if draw < 0.1:
            max_records = min(max_records, 1 + int(draw * 30))
            if timeout_ms:
                await asyncio.sleep(link.latency_s())
        found = await self._inner.poll(max_records=max_records, timeout_ms=timeout_ms, partitions=partitions)
        link.check()
        return found

    def assignment(self) -> frozenset[TopicPartition]:
        """The partitions read now."""
        return self._inner.assignment()

    async def position(self, partition: TopicPartition) -> int:
        """The next offset."""
        return await self._inner.position(partition)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Go on from an offset."""
        self._inner.seek(partition, offset)

    def pause(self, partitions: Iterable[TopicPartition]) -> None:
        """Hold partitions back."""
        self._inner.pause(partitions)

    def resume(self, partitions: Iterable[TopicPartition]) -> None:
        """Read partitions again."""
        self._inner.resume(partitions)

    async def commit(
        self, offsets: Mapping[TopicPartition, int], metadata: Mapping[TopicPartition, str] | None = None
    ) -> None:
        """Record the group's next offsets, through the link."""
        membership = self.membership
        if self._inner.closed or membership is None:
            raise LogError("the consumer is closed, or in no group: it may not commit offsets")
        texts = checked(metadata)
        for partition in offsets:
            await self._inner.position(partition)
        committed = {each: Committed(offset, texts.get(each, "")) for each, offset in offsets.items()}

        def record() -> None:
            before = membership.committed()
            earlier = {each: before[each].offset for each in offsets if each in before}
            membership.commit(committed)
            self._broker.offsets_moved(membership.group, earlier, offsets)

        await self._link.call("offsets", record)

    async def committed(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, Committed]:
        """What the group has recorded; in an order that does not depend on hashes, as all that is answered here."""
        membership = self.membership
        if self._inner.closed or membership is None:
            raise LogError("the consumer is closed, or in no group: it has no committed offsets")
        recorded = await self._link.call("read", membership.committed)
        return {each: recorded[each] for each in sorted(partitions) if each in recorded}

    async def close(self) -> None:
        """Leave the group."""
        await self._inner.close()
