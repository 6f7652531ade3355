"""The owner of one partition: fences, restores, and then takes inputs, decides, commits and only then believes.

The commit protocol (docs/architecture.md, "Commit protocol"):
1. assigned: inputs are paused and discarded until ready; 2. both producers are opened, which fences the old owner;
3. run-state is read to its end; 4. inputs are sought to the positions found there; 5. a batch is decided; 6. events,
state, tasks and positions are sent and every future awaited, then committed; 7. any error means that the outcome is
unknown: producers and memory are dropped, back to 2; 8. only after the commit does memory change; 9. revoked: the
task is cancelled, and late writes die at the next owner's fence.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final

from collegium.cancellation import CancelledWithin, guarded
from collegium.faults.points import FaultPoint, Point, unarmed
from collegium.log.errors import LogError, LogUnavailable, OutcomeUnknown
from collegium.log.port import Clock, Consumer, Log, Outgoing, Record, TopicPartition, TransactionalProducer
from collegium.log.topics import TopicNames
from collegium.orchestrator.core.model import Rules, Timer, TimerFired
from collegium.orchestrator.shell.beats import AttemptId
from collegium.orchestrator.shell.fencing import fence, settled
from collegium.orchestrator.shell.intake import Intake
from collegium.orchestrator.shell.membership import Pauses, until_ours
from collegium.orchestrator.shell.metrics import OrchestratorMetrics
from collegium.orchestrator.shell.observing import observe
from collegium.orchestrator.shell.restoring import Kept, Restored, existing, restore
from collegium.orchestrator.shell.retelling import Retelling
from collegium.orchestrator.shell.store import DECODED_BYTES, RunStore
from collegium.orchestrator.shell.timers import Timers, follow
from collegium.orchestrator.shell.transaction import Batch, Batcher
from collegium.orchestrator.shell.writing import Writer
from collegium.telemetry.tracing import Tracing
from collegium_schemas.limits import MAX_MESSAGE_BYTES

logger = logging.getLogger(__name__)

INPUTS: Final = ("objectives", "interventions", "results")


@dataclass(frozen=True, slots=True)
class OwnerLimits:
    """Bounds of one partition's owner."""

    batch_records: int = 500
    """Inputs in one transaction."""
    batch_bytes: int = 8_388_608
    """Bodies of inputs in one transaction; the last one may go past it. Large ones must be written in time, too."""
    written_bytes: int = 16_777_216
    """Records of one transaction; once it holds so much, it takes no further input."""
    record_bytes: int = MAX_MESSAGE_BYTES
    """One record's value; a decision that takes more becomes several."""
    inbox_records: int = 4_000
    """Inputs waiting in memory; at this mark the partition's topics are paused."""
    inbox_bytes: int = 67_108_864
    """The same for the bodies of these inputs."""
    decoded_runs: int = 2_000
    decoded_bytes: int = DECODED_BYTES
    ended_runs: int = 20_000
    """Terminal runs remembered; beyond it the oldest is archived before its time."""
    heartbeat_lost_ms: int = 20_000
    """How long an attempt that has shown life may show none before its worker counts as lost; 0 is for ever."""
    transaction_ms: int = 15_000
    """How long one transaction may take before its outcome counts as unknown."""
    settle_ms: int = 5_000
    """How long the end of a transaction is waited for after the fence, before the broker counts as having lost it."""
    restore_ms: int = 120_000
    first_pause_ms: int = 50
    longest_pause_ms: int = 5_000
    """The longest wait between two tries to open the partition; it doubles from the first until a commit succeeds."""
    retell_ms: int = 5_000
    """On restore, spans of decisions this close to the newest are emitted again: longer than spans wait for export."""
    retell_runs: int = 1_000
    """So many of the live runs that were changed last have the spans of their attempts under way emitted again."""
    retell_records: int = 32_000
    """How many records of run-events are looked at for that, at most."""


@dataclass(frozen=True, slots=True)
class OwnerContext:
    """What all owners of a process share."""

    log: Log
    names: TopicNames
    rules: Rules
    intake: Intake
    tracing: Tracing
    metrics: OrchestratorMetrics
    clock: Clock
    entropy: Callable[[], float]
    owner: str
    """This process, as run-events name it."""
    partitions: int
    limits: OwnerLimits
    reached: FaultPoint = unarmed
    """Told of every step's boundary; tests end the process there."""
    restoring: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    """Restores at once: more of them would share one core, and all partitions would be ready late instead of some."""


class PartitionOwner:
    """Serves one partition from its assignment until it is cancelled."""

    def __init__(self, partition: int, consumer: Consumer, shared: OwnerContext, *, kept: Kept | None = None) -> None:
        self.partition = partition
        self.ready = False
        self._shared = shared
        self._reached = shared.reached
        self._limits = shared.limits
        self._consumer = consumer
        self._inputs = {shared.names(name): TopicPartition(shared.names(name), partition) for name in INPUTS}
        self._inbox: deque[Record] = deque()
        self._inbox_bytes = 0
        self._lost: deque[AttemptId] = deque()
        self._wake = asyncio.Event()
        self._held = False
        self._store = RunStore(self._limits.decoded_runs)
        self._timers = Timers()
        self._positions: dict[str, int] = {}
        self._durable: dict[str, int] = {}
        self._kept = kept
        self._state_end: int | None = None
        """Where run-state ended after the last commit that memory includes; None while that is not certain."""
        self._fired: list[Timer] = []
        """Timers that are taken out and not yet decided on durably."""
        self._pauses = Pauses(shared.limits.first_pause_ms, shared.limits.longest_pause_ms)
        """A commit ends them, an open does not: a partition that opens and then fails to commit must wait longer."""
        self._retelling = Retelling(
            shared.log,
            shared.names,
            shared.tracing,
            partition,
            window_ms=shared.limits.retell_ms,
            most_records=shared.limits.retell_records,
            pause_s=shared.limits.longest_pause_ms / 1000,
        )

    # -- called by the service's poll loop

    def deliver(self, records: Sequence[Record]) -> None:
        """Hand over records of this partition, in order. They are discarded until the partition is ready."""
        if not self.ready:
            return
        self._inbox.extend(records)
        self._inbox_bytes += sum(len(record.value or b"") for record in records)
        full = len(self._inbox) >= self._limits.inbox_records or self._inbox_bytes >= self._limits.inbox_bytes
        if full and not self._held:
            self._held = True
            self._consumer.pause(self._inputs.values())
        self._wake.set()

    def awaits(self, attempt: AttemptId) -> bool:
        """Whether this attempt at a subtask is under way."""
        timer = self._timers.armed(attempt.run_id, attempt.subtask_id)
        return timer is not None and timer.kind == "attempt_deadline" and timer.attempt == attempt.attempt

    def lost(self, attempt: AttemptId) -> None:
        """An attempt under way shows no life any more."""
        if self.ready:
            self._lost.append(attempt)
            self._wake.set()

    @property
    def inputs(self) -> frozenset[TopicPartition]:
        """This partition of every input topic."""
        return frozenset(self._inputs.values())

    def offsets(self) -> Mapping[TopicPartition, int]:
        """Next offsets that are part of committed state, for lag metrics."""
        return {self._inputs[topic]: offset for topic, offset in self._positions.items()} if self.ready else {}

    def kept(self) -> Kept | None:
        """After the task has ended: what it knew, should the partition come back unchanged."""
        if self._state_end is None:
            return None
        self._timers.put_back(self._fired)
        positions = {self._shared.names.short(topic): offset for topic, offset in self._durable.items()}
        return Kept(self._store, self._timers, positions, self._state_end)

    # -- the owner's own task

    async def run(self) -> None:
        """Serve the partition. Ends by cancellation alone."""
        self._reached(Point.OWNER_ASSIGNED)
        try:
            await self._keep_serving()
        finally:
            self._reached(Point.OWNER_REVOKED)

    async def _keep_serving(self) -> None:
        pause_s = self._limits.longest_pause_ms / 1000
        while True:
            try:
                await guarded(f"partition {self.partition}", self._opened)
            except (LogError, CancelledWithin) as error:
                self._forget()
                self._reached(Point.OWNER_DROPPED)
                kind = type(error).__name__
                self._shared.metrics.lost_transactions.labels(kind).inc()
                logger.warning("partition %d restarts after %s: %s", self.partition, kind, error)
                await asyncio.sleep(self._pauses.failed())
                await until_ours(self._shared.log, self._consumer, self.inputs, self._positions, pause_s=pause_s)

    async def _opened(self) -> None:
        async with AsyncExitStack() as open_things:
            await self._serve(await self._open(open_things))

    def _forget(self) -> None:
        """Drop everything that is assumed: the log is the truth."""
        if self.ready:
            self._shared.metrics.owned_partitions.dec()
        self.ready = False
        self._kept = self._state_end = None
        self._empty_inbox()
        self._consumer.pause(self._inputs.values())

    def _empty_inbox(self) -> None:
        self._inbox.clear()
        self._lost.clear()
        self._inbox_bytes = 0
        self._held = False

    async def _open(self, open_things: AsyncExitStack) -> tuple[TransactionalProducer, ...]:
        """Steps 2 to 4: fence, restore, seek."""
        started = perf_counter()
        shared = self._shared
        producers = await self._fence(open_things)
        self._reached(Point.OWNER_FENCED)
        restored = await self._restored()
        history = TopicPartition(shared.names("run-events"), self.partition)
        history_end = (await shared.log.end_offsets([history]))[history]
        self._store, self._timers, self._fired = restored.store, restored.timers, []
        self._reached(Point.OWNER_RESTORED)
        self._durable = {topic: restored.positions.get(shared.names.short(topic), -1) for topic in self._inputs}
        self._positions = await existing(shared.log, self._inputs, self._durable)
        for topic, topic_partition in self._inputs.items():
            self._consumer.seek(topic_partition, self._positions[topic])
        self._reached(Point.OWNER_SOUGHT)
        self._empty_inbox()
        self._state_end = restored.end
        self.ready = True
        self._consumer.resume(self._inputs.values())
        took = perf_counter() - started
        shared.metrics.owned_partitions.inc()
        shared.metrics.restores.inc()
        shared.metrics.restore_seconds.labels(str(self.partition)).set(took)
        counts = self._store.live, self._store.ended
        logger.info("partition %d is ready: %d live runs, %d ended, restored in %.3f s", self.partition, *counts, took)
        telling = asyncio.create_task(self._retelling.tell(restored.latest, history_end))
        open_things.push_async_callback(_ended, telling)
        return producers

    async def _restored(self) -> Restored:
        """Step 3: the partition as run-state has it, or as this process knew it, where nobody has written since."""
        shared, limits = self._shared, self._limits
        source = TopicPartition(shared.names("run-state"), self.partition)
        kept, self._kept = self._kept, None
        restored = None if kept is None else await kept.restored(shared.log, source)
        if restored is not None:
            return restored
        store = RunStore(limits.decoded_runs, limits.decoded_bytes)
        async with shared.restoring:
            try:
                async with asyncio.timeout(limits.restore_ms / 1000):
                    return await restore(shared.log, source, shared.rules, store, latest=limits.retell_runs)
            except TimeoutError as error:
                raise LogUnavailable(f"the partition was not restored in {limits.restore_ms} ms") from error

    async def _fence(self, open_things: AsyncExitStack) -> tuple[TransactionalProducer, ...]:
        """Step 2: fence the owner before, and see that it has left nothing half written."""
        shared = self._shared
        prefix = f"{shared.names.prefix}orchestrator.{self.partition}"
        producers = await fence(shared.log, (f"{prefix}.0", f"{prefix}.1"), open_things)
        written = [TopicPartition(shared.names(name), self.partition) for name in ("run-events", "run-state")]
        await settled(shared.log, written, within_ms=self._limits.settle_ms)
        return producers

    async def _serve(self, producers: tuple[TransactionalProducer, ...]) -> None:
        """Steps 5 to 8, until something goes wrong. The producers take turns, which spares a wait in between."""
        shared, limits = self._shared, self._limits
        batcher = Batcher(
            writer=Writer(
                partition=self.partition, owner=shared.owner, names=shared.names, most_record_bytes=limits.record_bytes
            ),
            partitions=shared.partitions,
            rules=shared.rules,
            intake=shared.intake,
            store=self._store,
            entropy=shared.entropy,
            most_bytes=limits.written_bytes,
        )
        # The first one first: of two owners that opened at the same time, only the one who has it can commit.
        turn, batch = 0, Batch()
        while True:
            records, fired = batch.records_left, batch.fired_left
            if not records and not fired:
                records, fired = await self._next()
            batch = batcher.make(records, fired, self._positions, self._durable, shared.clock())
            self._reached(Point.OWNER_DECIDED)
            if batch.records:
                end = await self._commit(producers[turn], batch.records)
                self._durable, self._state_end = batch.positions, end or self._state_end
                self._pauses.succeeded()
                turn = (turn + 1) % len(producers)
            self._publish(batch, batch.positions)
            self._fired = self._fired[len(fired) - len(batch.fired_left) :]
            self._reached(Point.OWNER_PUBLISHED)

    async def _next(self) -> tuple[list[Record], list[TimerFired]]:
        """Step 5: up to a batch of new inputs and due timers; waits until there is at least one."""
        while True:
            now_ms = self._shared.clock()
            self._fired = self._timers.due(now_ms, self._limits.batch_records)
            fired = [TimerFired(timer) for timer in self._fired]
            fired.extend(self._too_many_ended())
            fired.extend(self._silenced(now_ms))
            records = self._take(self._limits.batch_records - min(len(fired), self._limits.batch_records - 1))
            if records or fired:
                return records, fired
            self._wake.clear()
            next_at_ms = self._timers.next_at_ms()
            wait_s = None if next_at_ms is None else max(0.001, (next_at_ms - now_ms) / 1000)
            try:
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _too_many_ended(self) -> list[TimerFired]:
        most = min(self._store.ended - self._limits.ended_runs, self._limits.batch_records)
        now_ms = self._shared.clock()
        return [TimerFired(Timer(now_ms, run_id, "archive")) for run_id in self._store.oldest_ended(most)]

    def _silenced(self, now_ms: int) -> list[TimerFired]:
        most = min(len(self._lost), self._limits.batch_records)
        lost = [self._lost.popleft() for _ in range(most)]
        return [TimerFired(Timer(now_ms, each.run_id, "silence", each.subtask_id, each.attempt)) for each in lost]

    def _take(self, most: int) -> list[Record]:
        taken, taken_bytes = list[Record](), 0
        while self._inbox and len(taken) < most and taken_bytes < self._limits.batch_bytes:
            record = self._inbox.popleft()
            size = len(record.value or b"")
            self._inbox_bytes -= size
            taken_bytes += size
            if record.offset >= self._positions[record.topic]:
                taken.append(record)
        low = len(self._inbox) <= self._limits.inbox_records // 2 and self._inbox_bytes <= self._limits.inbox_bytes // 2
        if self._held and low:
            self._held = False
            self._consumer.resume(self._inputs.values())
        return taken

    async def _commit(self, producer: TransactionalProducer, records: Sequence[Outgoing]) -> int | None:
        """Step 6. `commit` waits for every record and refuses when one was rejected, as the port demands of it.

        Returns:
            Where run-state ends now: behind the transaction's control record. None when none was written to it.
        """
        state, last = self._shared.names("run-state"), None
        with self._shared.metrics.commit_seconds.time():
            try:
                async with asyncio.timeout(self._limits.transaction_ms / 1000):
                    await producer.begin()
                    self._reached(Point.OWNER_BEGUN)
                    for record in records:
                        sent = await producer.send(record)
                        last = sent if record.topic == state else last
                    self._reached(Point.OWNER_SENT)
                    await producer.commit()
                    self._reached(Point.OWNER_COMMITTED)
                    return None if last is None else (await last).offset + 2
            except TimeoutError as error:
                bound = f"COLLEGIUM_ORCHESTRATOR_TRANSACTION_MS={self._limits.transaction_ms}"
                raise OutcomeUnknown(f"no commit within {bound}") from error

    def _publish(self, batch: Batch, positions: dict[str, int]) -> None:
        """Step 8: what was committed is now true."""
        shared = self._shared
        self._positions = positions
        for run_id, (_, after) in batch.runs.items():
            self._store.publish(run_id, after, batch.changed[run_id])
        for made in batch.made:
            follow(self._timers, made.decided.run_id, made.before, made.after, shared.rules)
        observe(batch, shared.metrics, shared.tracing, shared.names, shared.clock())
        shared.metrics.live_runs.labels(str(self.partition)).set(self._store.live)


async def _ended(task: asyncio.Task[None]) -> None:
    """End a task; what went wrong in it, other than this, is raised."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
