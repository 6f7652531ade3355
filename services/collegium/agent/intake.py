"""Taking tasks from the log: group membership, back-pressure, and offsets that follow what is finished."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from collegium.agent.config import RuntimeConfig
from collegium.agent.gate import Gate
from collegium.agent.metrics import AgentMetrics
from collegium.agent.offsets import Commit, OffsetBook, PartitionOffsets
from collegium.agent.patience import Outage
from collegium.agent.standing import holder
from collegium.agent.takeover import taken_over
from collegium.faults.points import Point
from collegium.log.errors import LogError
from collegium.log.port import Clock, Consumer, Log, Record, TopicPartition
from collegium.telemetry.messaging import polled
from collegium.telemetry.tracing import Tracing

_log = logging.getLogger(__name__)

_POLL_MS: Final = 200
_HOLD_MS: Final = 200
_LAST_COMMIT_S: Final = 5

Take = Callable[[Record, PartitionOffsets], None]


class Intake:
    """A member of a role's consumer group. Also the group's rebalance listener.

    While a rebalance is under way it cannot be told whether a record belongs to the assignment before or after it.
    Such records are put back instead of taken: offsets are then tracked per assignment, in rising order, and no
    commit can pass a record that is redelivered.
    """

    def __init__(
        self,
        log: Log,
        topic: str,
        group: str,
        gate: Gate,
        *,
        metrics: AgentMetrics,
        tracing: Tracing,
        config: RuntimeConfig,
        clock: Clock,
    ) -> None:
        self._log = log
        self._topic = topic
        self._group = group
        self._gate = gate
        self._metrics = metrics
        self._tracing = tracing
        self._config = config
        self._clock = clock
        self._book = OffsetBook()
        self._holder = holder(config.worker, clock())
        self._consumer: Consumer | None = None
        self._settled = asyncio.Event()
        self._generation = 0
        self.drain_asked = asyncio.Event()
        """Set once no further task is taken."""
        self._held = False
        self._lone = False
        """True from taking a record that is worked on alone until its commit."""
        self._finished = asyncio.Event()

    @property
    def settled(self) -> bool:
        """True when the group has told which partitions are this member's, be it none."""
        return self._settled.is_set()

    @property
    def draining(self) -> bool:
        """True once no further task is taken."""
        return self.drain_asked.is_set()

    def drain(self) -> None:
        """Take no further task."""
        self.drain_asked.set()

    def finished(self) -> None:
        """A record was finished: offsets may have moved."""
        self._finished.set()

    async def run(self, take: Take) -> None:
        """Take records until drained, staying a member of the group meanwhile.

        Args:
            take: Called with each record and the offsets to tell when it is finished. Must call `Gate.enter`.

        Raises:
            LogGone: the log has been away for longer than the bound.
        """
        outage = Outage(f"reading {self._topic}", self._config.patience)
        consumer = await self._join(outage)
        while consumer is not None and not self.draining:
            try:
                await self._round(consumer, take)
            except LogError as error:
                await outage.wait(error)
            else:
                outage.over()

    async def _join(self, outage: Outage) -> Consumer | None:
        while self._consumer is None and not self.draining:
            try:
                self._consumer = await self._log.subscribe([self._topic], group=self._group, listener=self)
            except LogError as error:
                await outage.wait(error)
        return self._consumer

    async def _round(self, consumer: Consumer, take: Take) -> None:
        if not self._settled.is_set():
            await self._rebalanced()
        if self._lone and not self._gate.in_flight:
            await self.commit()  # until then an end of this process would condemn the record, which has done nothing
            self._lone = False
        suspected = self._book.suspected() if self.settled else None
        if suspected is not None:
            await self._one_by_one(consumer, *suspected, take)
            return
        capacity = self._gate.capacity
        if not capacity:
            await self._hold(consumer, self._gate.opened)
            return
        if self._held:
            consumer.resume(consumer.assignment())
            self._held = False
        generation, settled = self._generation, self.settled
        batches = await self._poll(consumer, capacity)
        if not self._book.holds(batches):
            self._settled.clear()  # the group has given partitions out, and is about to tell which
        elif settled and generation == self._generation:
            for records in batches.values():
                for record in records:
                    take(record, self._book.take(record))
            if self._book.short():
                self._finished.set()
            if not batches:
                await self._pass_gaps(consumer)
            return
        await self._put_back(consumer, batches)

    async def _one_by_one(
        self, consumer: Consumer, partition: TopicPartition, offsets: PartitionOffsets, take: Take
    ) -> None:
        """Work on nothing but the next record of one partition: it may end this process (see `standing`)."""
        if self._gate.in_flight:
            await self._hold(consumer, self._gate.emptied)
            return
        if offsets.standing.condemned is not None and offsets.passed(offsets.standing.condemned):
            offsets.standing = offsets.standing.pardoned()
            return
        consumer.pause(consumer.assignment())
        consumer.resume([partition])
        self._held = True
        generation = self._generation
        batches = await self._poll(consumer, 1, [partition])
        for record in batches.get(partition, ()):
            if generation == self._generation and await self._announced(consumer, record, offsets):
                self._lone = True
                take(record, self._book.take(record))
                return
        await self._put_back(consumer, batches)
        if not batches:
            await self._pass_suspects(consumer, partition, offsets)

    async def _pass_suspects(self, consumer: Consumer, partition: TopicPartition, offsets: PartitionOffsets) -> None:
        """Suspects may be records of aborted transactions, which nobody sees."""
        with suppress(LogError):
            offsets.moves_to(await consumer.position(partition))

    async def _announced(self, consumer: Consumer, record: Record, offsets: PartitionOffsets) -> bool:
        """Say which record is worked on alone, before it is; False when that could not be said for certain."""
        standing = offsets.standing
        if record.offset == standing.condemned or not standing.alone(record.offset):
            return True
        offsets.moves_to(record.offset)
        offsets.standing = replace(standing, trying=record.offset)
        generation = self._generation
        try:
            await consumer.commit({record.source: record.offset}, {record.source: offsets.line(record.offset)})
        except LogError as error:
            _log.warning("%s-%d: offset %d waits: %s", self._topic, record.partition, record.offset, error)
            return False
        self._metrics.tried_alone.inc()
        return generation == self._generation

    async def _poll(
        self, consumer: Consumer, capacity: int, partitions: Collection[TopicPartition] = ()
    ) -> Mapping[TopicPartition, Sequence[Record]]:
        started_ms = self._clock()
        batches = await consumer.poll(max_records=capacity, timeout_ms=_POLL_MS, partitions=partitions)
        if batches:
            records = [record for batch in batches.values() for record in batch]
            polled(self._tracing, records, started_ms=started_ms, ended_ms=self._clock(), group=self._group)
        return batches

    async def _hold(self, consumer: Consumer, gate: Callable[[int], Awaitable[bool]]) -> None:
        """Back-pressure: keep the partitions and the membership, fetch nothing, until the gate opens."""
        consumer.pause(consumer.assignment())
        self._held = True
        if not await gate(_HOLD_MS):
            await self._put_back(consumer, await consumer.poll(max_records=1, timeout_ms=0))

    async def _rebalanced(self) -> None:
        try:
            async with asyncio.timeout(_HOLD_MS / 1000):
                await self._settled.wait()
        except TimeoutError:
            return

    async def _put_back(self, consumer: Consumer, batches: Mapping[TopicPartition, Sequence[Record]]) -> None:
        for partition, records in batches.items():
            while True:
                generation = self._generation
                try:
                    position = await consumer.position(partition)
                except LogError:
                    break  # not this member's any more: whoever owns it starts at the committed offset
                if generation == self._generation:
                    consumer.seek(partition, min(position, records[0].offset))
                    break

    async def _pass_gaps(self, consumer: Consumer) -> None:
        """Transactions end with a record that nobody sees; without this, lag would never show zero."""
        for partition, offsets in self._book.idle().items():
            try:
                offsets.stands_at(await consumer.position(partition))
            except LogError:
                continue
        if self._book.due().offsets:
            self._finished.set()

    async def commits(self) -> None:
        """Commit offsets as they become due, until cancelled."""
        while True:
            await self._finished.wait()
            await asyncio.sleep(self._config.commit_interval_ms / 1000)
            self._finished.clear()
            await self.commit()

    async def commit(self) -> None:
        """Commit what is due now. A refusal is not an error: what is not committed is redelivered."""
        await self._commit(self._book.due())

    async def _commit(self, due: Commit) -> None:
        if self._consumer is None or not due.offsets:
            return
        self._config.reached(Point.AGENT_BEFORE_OFFSETS)
        try:
            await self._consumer.commit(due.offsets, due.lines)
        except LogError as error:
            self._metrics.commit_failures.inc()
            _log.warning("offsets of %s were not committed (%s); finished tasks may come again", self._topic, error)
        else:
            due.done()
            self._config.reached(Point.AGENT_AFTER_OFFSETS)

    async def close(self, *, commit: bool) -> None:
        """Leave the group."""
        if self._consumer is None:
            return
        if commit:
            await self._pass_gaps(self._consumer)
            await self._last_commit()
        await self._consumer.close()

    async def _last_commit(self) -> None:
        """Give the partitions back: nothing that was under way has ended this process."""
        try:
            async with asyncio.timeout(_LAST_COMMIT_S):
                await self._commit(self._book.last())
        except TimeoutError:
            _log.warning("the last commit of %s took too long; finished tasks may come again", self._topic)

    async def revoked(self, partitions: frozenset[TopicPartition]) -> None:
        """Commit what is finished, and nothing of these partitions from then on."""
        self._generation += 1
        self._settled.clear()
        await self._last_commit()
        self._book.revoke(partitions)
        _log.info("%s: %d partitions revoked", self._topic, len(partitions))

    async def assigned(self, partitions: frozenset[TopicPartition]) -> None:
        """Tasks of these partitions are this member's. Records of them may have come before, and are put back."""
        self._generation += 1
        self._settled.clear()
        if self._consumer is not None and partitions:
            begun = await taken_over(self._log, self._consumer, partitions, by=self._holder)
            for partition in sorted(partitions):
                self._book.assign(partition, begun.get(partition) or PartitionOffsets())
        self._settled.set()
        numbers = sorted(partition.partition for partition in partitions)
        _log.info("%s: partitions %s assigned", self._topic, numbers)
