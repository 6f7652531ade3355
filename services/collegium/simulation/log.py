"""The Log port as one simulated node sees it: the memory broker at the far end of a link."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from random import Random
from types import TracebackType
from typing import Final, Protocol, Self, TypeVar

from collegium.log.errors import LogError, LogUnavailable, OffsetLost
from collegium.log.memory.assignors import Assignor
from collegium.log.memory.consumer import MemoryConsumer
from collegium.log.memory.transactions import Session
from collegium.log.port import NewTopic, RebalanceListener, Record, Scanned, StartAt, TopicDescription, TopicPartition
from collegium.simulation.broker import SimulatedBroker
from collegium.simulation.consuming import SimulatedConsumer, SimulatedMembership
from collegium.simulation.link import REQUEST_TIMEOUT_S, Link
from collegium.simulation.producing import SimulatedProducer, SimulatedTransactionalProducer

_COMPLETING_RETRY_S: Final = 0.02
_LOOK_S: Final = 0.02
_SCANNED_RECORDS: Final = 400


class Reads(Protocol):
    """Who wants to know which node reads what: the checker, for who owns a partition."""

    def reading(self, node: str, partitions: Collection[TopicPartition]) -> None:
        """A node begins to read partitions without a group."""
        ...

    def opened(self, node: str, session: Session) -> None:
        """A node has opened a transactional producer, which fences the ones before."""
        ...


class _Closable(Protocol):
    @property
    def closed(self) -> bool: ...

    async def close(self) -> None: ...


_Opened = TypeVar("_Opened", bound=_Closable)


class SimulatedLog:
    """One node's connection to the world's brokers.

    Args:
        broker: The brokers.
        link: The node's way there.
        random: For what a network decides.
        node: The node's name.
        reads: Told what the node reads and opens.
    """

    def __init__(self, broker: SimulatedBroker, link: Link, random: Random, node: str, reads: Reads) -> None:
        self._broker = broker
        self._link = link
        self._random = random
        self._node = node
        self._reads = reads
        self._opened: list[_Closable] = []
        self._closed = False

    async def producer(self) -> SimulatedProducer:
        """Open a producer."""
        self._check()
        await self._link.call("read", _nothing)
        return self._keep(SimulatedProducer(self._broker, self._link))

    async def transactional_producer(self, transactional_id: str) -> SimulatedTransactionalProducer:
        """Open a transactional producer; older ones of the id are fenced from now on."""
        self._check()
        while True:
            session = await self._link.call("open", lambda: self._open(transactional_id))
            if session is not None:
                return self._keep(SimulatedTransactionalProducer(self._broker, self._link, session))
            await asyncio.sleep(_COMPLETING_RETRY_S)

    def _open(self, transactional_id: str) -> Session | None:
        """None while the id's last transaction is not shown everywhere."""
        coordinator = self._broker.coordinator
        if coordinator.completing(transactional_id):
            return None
        session = coordinator.open(transactional_id)
        if coordinator.completing(transactional_id):  # the one it has just aborted
            return None
        self._reads.opened(self._node, session)
        return session

    async def subscribe(
        self,
        topics: Sequence[str],
        *,
        group: str,
        listener: RebalanceListener | None = None,
        start_at: StartAt = "earliest",
        assignor: Assignor = "range",
    ) -> SimulatedConsumer:
        """Join a group."""
        self._check()
        for topic in topics:
            self._broker.partitions_of(topic)
        consumer = MemoryConsumer(self._broker, start_at)
        membership = SimulatedMembership(
            self._broker.group(group), tuple(topics), assignor, consumer, listener, link=self._link
        )
        consumer.membership = membership
        await membership.start()
        return self._keep(SimulatedConsumer(consumer, self._link, self._random, self._broker, membership))

    async def assign(self, partitions: Mapping[TopicPartition, int | StartAt]) -> SimulatedConsumer:
        """Read partitions without a group."""
        self._check()
        if not partitions:
            raise ValueError("at least one partition is needed")
        await self._link.call("read", _nothing)
        self._reads.reading(self._node, partitions)
        consumer = MemoryConsumer(self._broker, "earliest")
        consumer.take_assignment(partitions)
        return self._keep(SimulatedConsumer(consumer, self._link, self._random, self._broker, None))

    async def end_offsets(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Last stable offsets."""
        self._check()
        return await self._link.call(
            "read", lambda: {each: self._broker.partition(each).stable for each in sorted(partitions)}
        )

    async def unsettled(self, partitions: Collection[TopicPartition]) -> frozenset[TopicPartition]:
        """Where a transaction is open."""
        self._check()
        return await self._link.call("read", lambda: self._broker.unsettled(partitions))

    async def beginning_offsets(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """First offsets: where whoever reads partitions in bulk begins, be there something or not."""
        self._check()
        self._reads.reading(self._node, partitions)
        return await self._link.call(
            "read", lambda: {each: self._broker.partition(each).start for each in sorted(partitions)}
        )

    async def read_at(self, partition: TopicPartition, offset: int, *, timeout_ms: int) -> Record:
        """One committed record."""
        self._check()
        deadline = asyncio.get_running_loop().time() + timeout_ms / 1_000
        log = self._broker.partition(partition)
        while True:
            stable = await self._link.call("read", lambda: log.stable)
            if offset < stable or asyncio.get_running_loop().time() >= deadline:
                break
            await asyncio.sleep(_LOOK_S)
        record = log.at(offset)
        if record is None:
            raise OffsetLost(partition.topic, partition.partition, offset)
        return record

    async def scan(self, partition: TopicPartition, offset: int) -> Scanned:
        """Keys and values from an offset on, sometimes a few at a time; while fetches stall, no answer."""
        self._check()
        if self._link.fetch_stalled:
            await asyncio.sleep(REQUEST_TIMEOUT_S)
            raise LogUnavailable("no answer to a fetch")
        most = 1 + int(self._random.random() * _SCANNED_RECORDS)
        return await self._link.call("read", lambda: self._broker.partition(partition).scan(offset, most))

    async def describe(self, topics: Collection[str]) -> Mapping[str, TopicDescription]:
        """The existing ones among these topics."""
        self._check()
        return await self._link.call("read", lambda: self._broker.describe(topics))

    async def create(self, topics: Collection[NewTopic]) -> None:
        """Create topics."""
        self._check()
        await self._link.call("read", lambda: self._broker.create(topics))

    async def close(self) -> None:
        """Close everything that was opened here."""
        self._closed = True
        while self._opened:
            await self._opened.pop().close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _check(self) -> None:
        if self._closed:
            raise LogError("the log is closed")
        if self._link.severed:
            raise LogUnavailable(f"{self._node} is dead")

    def _keep(self, opened: _Opened) -> _Opened:
        self._opened = [*(other for other in self._opened if not other.closed), opened]
        return opened


def _nothing() -> None:
    """What a client asks of the brokers before it may go on: where they are."""
