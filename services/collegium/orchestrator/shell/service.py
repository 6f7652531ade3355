"""The orchestrator process: one group member, and an owner for every partition that it is given."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from collegium.cancellation import guarded
from collegium.log.errors import LogError, LogUnavailable, TopicMismatch
from collegium.log.port import Consumer, TopicPartition
from collegium.orchestrator.shell.beats import BeatReader
from collegium.orchestrator.shell.owner import INPUTS, OwnerContext, PartitionOwner
from collegium.orchestrator.shell.restoring import Kept

logger = logging.getLogger(__name__)

GROUP: Final = "orchestrator"
_POLL_RECORDS: Final = 2_000
_POLL_MS: Final = 1_000
_OFFSETS_EVERY_S: Final = 2.0
_STOP_S: Final = 10.0
_UNAVAILABLE_S: Final = 1.0


class Deaf(LogUnavailable):
    """Kafka answers others, but not this member of the group."""


class Orchestrator:
    """Runs until cancelled. Several processes may run it at once: the group shares the partitions among them.

    Args:
        shared: What all owners use.
        deaf_ms: How long its consumer may hear nothing while Kafka answers others, before it joins the group anew. A
            new member that hears nothing from the start gives up, for its supervisor to start another process.
    """

    def __init__(self, shared: OwnerContext, *, deaf_ms: int = 30_000) -> None:
        self._shared = shared
        self._deaf_ms = deaf_ms
        self._owners: dict[int, PartitionOwner] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._kept: dict[int, Kept] = {}
        """What the owners knew that the rebalance under way has stopped."""
        self._consumer: Consumer | None = None
        self._assigned_once = False
        self._heard = False
        """Whether this membership has ever been answered."""
        self._torn: TopicMismatch | None = None

    @property
    def ready(self) -> bool:
        """True when the group has been joined and every partition that it gave us is restored."""
        return self._assigned_once and all(owner.ready for owner in self._owners.values())

    @property
    def owned(self) -> tuple[int, ...]:
        """The partitions given to this process."""
        return tuple(sorted(self._owners))

    async def run(self) -> None:
        """Join the group and serve until cancelled.

        Raises:
            LogUnavailable: the group could not be joined within the adapter's bound.
            TopicMismatch: the partitions of the input topics were not given out together.
            ExceptionGroup: of these or `CancelledWithin`, once the group has been joined.
        """
        while True:
            try:
                await self._as_member()
            except ExceptionGroup as group:
                deaf, other = group.split(Deaf)
                if deaf is None or other is not None or not self._heard:
                    raise
                logger.warning("this member hears nothing, though Kafka answers: it joins the group anew")

    async def _as_member(self) -> None:
        """Join the group and serve."""
        topics = [self._shared.names(name) for name in INPUTS]
        self._heard = self._assigned_once = False
        consumer = await self._shared.log.subscribe(
            topics, group=f"{self._shared.names.prefix}{GROUP}", listener=self, start_at="earliest", assignor="range"
        )
        self._consumer = consumer
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(guarded("polling", lambda: self._poll(consumer)), name="orchestrator-poll")
                reporting = guarded("reporting offsets", lambda: self._report_offsets(consumer))
                group.create_task(reporting, name="orchestrator-offsets")
                if self._shared.limits.heartbeat_lost_ms:
                    group.create_task(guarded("reading heartbeats", self._beats().run), name="orchestrator-beats")
        finally:
            self._consumer, self._kept = None, {}
            await self._stop(frozenset(self._owners))
            await consumer.close()

    def _beats(self) -> BeatReader:
        shared = self._shared
        return BeatReader(
            shared.log,
            shared.names,
            self._owners,
            partitions=shared.partitions,
            lost_ms=shared.limits.heartbeat_lost_ms,
            clock=shared.clock,
        )

    # -- RebalanceListener

    async def revoked(self, partitions: frozenset[TopicPartition]) -> None:
        """Step 9: stop the owners; whatever they still had under way dies at the next owner's fence."""
        owners = {tp.partition: owner for tp in partitions if (owner := self._owners.get(tp.partition)) is not None}
        if await self._stop(frozenset(tp.partition for tp in partitions)):
            self._kept = {number: kept for number, owner in owners.items() if (kept := owner.kept()) is not None}

    async def assigned(self, partitions: frozenset[TopicPartition]) -> None:
        """Step 1: start an owner for each partition; its inputs stay paused until it is restored."""
        consumer = self._consumer
        numbers = {tp.partition for tp in partitions}
        torn = [n for n in numbers if sum(tp.partition == n for tp in partitions) != len(INPUTS)]
        if torn:
            self._torn = TopicMismatch((f"partitions {sorted(torn)} of the input topics went to different members",))
        self._assigned_once = True
        if consumer is None:
            return
        consumer.pause(partitions)
        kept, self._kept = self._kept, {}
        for number in sorted(numbers):
            self._start(number, consumer, kept.get(number))

    def _start(self, number: int, consumer: Consumer, kept: Kept | None = None) -> None:
        if number in self._tasks and not self._tasks[number].done():
            return
        owner = PartitionOwner(number, consumer, self._shared, kept=kept)
        self._owners[number] = owner
        self._tasks[number] = asyncio.create_task(owner.run(), name=f"owner-{number}")

    async def _stop(self, numbers: frozenset[int]) -> bool:
        """Whether all of these owners' tasks have ended."""
        stopping = [self._tasks.pop(number) for number in numbers if number in self._tasks]
        for number in numbers:
            owner = self._owners.pop(number, None)
            if owner is not None and owner.ready:
                owner.ready = False
                self._shared.metrics.owned_partitions.dec()
        for task in stopping:
            task.cancel()
        if not stopping:
            return True
        _, pending = await asyncio.wait(stopping, timeout=_STOP_S)
        return not pending

    # -- tasks

    async def _poll(self, consumer: Consumer) -> None:
        for number in sorted({tp.partition for tp in consumer.assignment()} - set(self._owners)):
            consumer.pause([tp for tp in consumer.assignment() if tp.partition == number])
            self._start(number, consumer)
        deaf_since_s: float | None = None
        while True:
            self._raise_failed()
            try:
                batches = await consumer.poll(max_records=_POLL_RECORDS, timeout_ms=_POLL_MS)
            except LogUnavailable as error:
                if deaf_since_s is None:
                    logger.warning("the log does not answer; inputs wait: %s", error)
                deaf_since_s = await self._deaf(deaf_since_s, error)
                continue
            deaf_since_s, self._heard = None, True
            for topic_partition, records in batches.items():
                owner = self._owners.get(topic_partition.partition)
                if owner is not None:
                    owner.deliver(records)

    async def _deaf(self, since_s: float | None, error: LogUnavailable) -> float:
        """Wait a moment; since when this member alone has heard nothing.

        Raises:
            Deaf: Kafka answers others, and for too long not this member: only a new membership mends that.
        """
        await asyncio.sleep(_UNAVAILABLE_S)
        now_s = asyncio.get_running_loop().time()
        try:
            await self._shared.log.end_offsets([TopicPartition(self._shared.names("run-state"), 0)])
        except LogError:
            return now_s
        if since_s is not None and (now_s - since_s) * 1_000 > self._deaf_ms:
            raise Deaf(f"Kafka answers, but not to this member of the group; start anew: {error}") from error
        return now_s if since_s is None else since_s

    def _raise_failed(self) -> None:
        """An owner never ends by itself: what it cannot mend stops the process."""
        if self._torn is not None:
            raise self._torn
        for number, task in list(self._tasks.items()):
            if task.done() and not task.cancelled():
                error = task.exception()
                if error is not None:
                    raise error
                del self._tasks[number]

    async def _report_offsets(self, consumer: Consumer) -> None:
        """Commit group offsets now and then. They serve lag metrics only: the truth is in run-state."""
        reported: dict[TopicPartition, int] = {}
        while True:
            await asyncio.sleep(_OFFSETS_EVERY_S)
            offsets: dict[TopicPartition, int] = {}
            for owner in self._owners.values():
                offsets.update(_changed(owner.offsets(), reported))
            if offsets:
                with suppress(LogError):  # a rebalance or an absent broker: the next round tries again
                    await consumer.commit(offsets)
                    reported.update(offsets)


def _changed(
    offsets: Mapping[TopicPartition, int], reported: Mapping[TopicPartition, int]
) -> dict[TopicPartition, int]:
    return {tp: offset for tp, offset in offsets.items() if reported.get(tp) != offset}
