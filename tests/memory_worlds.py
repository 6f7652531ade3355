"""Orchestrators and small specialists on the memory log, in one process: for tests of the shell."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from collegium.log.memory import MemoryBroker, MemoryLog
from collegium.log.port import Clock, Log, Outgoing, Record, TopicPartition
from collegium.log.topics import TopicNames, check, required
from collegium.orchestrator.composition import build
from collegium.orchestrator.core.model import Rules
from collegium.orchestrator.playbooks import Library
from collegium.orchestrator.settings import OrchestratorSettings
from collegium.orchestrator.shell.intake import Intake
from collegium.orchestrator.shell.metrics import OrchestratorMetrics
from collegium.orchestrator.shell.owner import OwnerContext, OwnerLimits
from collegium.orchestrator.shell.service import Orchestrator
from collegium.telemetry.memory import MemoryTracing
from collegium_schemas.envelope import Envelope, encode_headers
from collegium_schemas.events import RunDecided
from collegium_schemas.playbook import Playbook
from collegium_schemas.tasks import TaskFailed, TaskRequested, TaskSucceeded

Outcome = TaskSucceeded | TaskFailed
Work = Callable[[TaskRequested], Outcome | None]
NAMES = TopicNames()


def now_ms() -> int:
    """The wall clock."""
    return time.time_ns() // 1_000_000


def done(task: TaskRequested) -> TaskSucceeded:
    """A task's success, without outputs."""
    return TaskSucceeded(
        run_id=task.run_id,
        subtask_id=task.subtask_id,
        attempt=task.attempt,
        role=task.role,
        worker="test",
        started_at_ms=now_ms(),
        ended_at_ms=now_ms(),
    )


@dataclass
class MemoryWorld:
    """A broker, and what runs on it."""

    playbook: Playbook
    partitions: int = 2
    broker: MemoryBroker = field(default_factory=lambda: MemoryBroker(clock=now_ms))
    tracing: MemoryTracing = field(default_factory=MemoryTracing)
    dispatched: list[str] = field(default_factory=list)
    """Task ids in the order in which specialists received them."""

    @property
    def roles(self) -> set[str]:
        """The playbook's roles."""
        return {step.role for step in self.playbook.steps}

    async def prepare(self) -> None:
        """Create the topics."""
        async with MemoryLog(self.broker) as log:
            await log.create(required(NAMES, self.roles, self.partitions))
            assert await check(log, NAMES, self.roles) == self.partitions

    def orchestrator(self, owner: str, log: Log | None = None) -> Orchestrator:
        """An orchestrator that does not run yet."""
        return build(
            log=log or MemoryLog(self.broker),
            names=NAMES,
            library=Library({self.playbook.name: self.playbook}),
            settings=OrchestratorSettings(),
            partitions=self.partitions,
            tracing=self.tracing,
            registry=CollectorRegistry(),
            clock=now_ms,
            entropy=random.random,
            owner=owner,
        )

    def context(
        self,
        log: Log | None = None,
        limits: OwnerLimits | None = None,
        *,
        rules: Rules | None = None,
        registry: CollectorRegistry | None = None,
        clock: Clock = now_ms,
    ) -> OwnerContext:
        """What the owners of an orchestrator share, for tests that build one themselves."""
        return OwnerContext(
            log=log or MemoryLog(self.broker),
            names=NAMES,
            rules=rules or Rules({self.playbook.name: self.playbook}),
            intake=Intake(NAMES, self.tracing.run_trace),
            tracing=self.tracing,
            metrics=OrchestratorMetrics(registry or CollectorRegistry()),
            clock=clock,
            entropy=random.random,
            owner="one",
            partitions=self.partitions,
            limits=limits or OwnerLimits(),
        )

    async def specialist(self, role: str, work: Work) -> None:
        """Answer a role's tasks until cancelled."""
        async with MemoryLog(self.broker) as log:
            consumer = await log.subscribe([NAMES.tasks(role)], group=f"test-{role}")
            producer = await log.producer()
            while True:
                for records in (await consumer.poll(max_records=100, timeout_ms=1_000)).values():
                    for record in records:
                        await self._answer(record, work, producer.send)

    async def _answer(self, record: Record, work: Work, send: Callable[[Outgoing], object]) -> None:
        task = TaskRequested.read(record.value or b"")
        self.dispatched.append(task.task_id)
        outcome = work(task)
        if outcome is not None:
            headers = encode_headers(Envelope(task.task_id, "/test", outcome.TYPE, now_ms()))
            future = await send(Outgoing(NAMES("results"), record.key, outcome.to_json(), headers))  # type: ignore[misc]
            await future

    async def send(self, topic: str, value: bytes | None, key: str | None = None, partition: int | None = None) -> None:
        """Write a record as any client would."""
        async with MemoryLog(self.broker) as log:
            producer = await log.producer()
            await (await producer.send(Outgoing(NAMES(topic), key.encode() if key else None, value, (), partition)))

    async def read(self, topic: str) -> list[Record]:
        """Everything committed in a topic so far."""
        async with MemoryLog(self.broker) as log:
            count = (await log.describe([NAMES(topic)]))[NAMES(topic)].partitions
            partitions = [TopicPartition(NAMES(topic), number) for number in range(count)]
            ends = await log.end_offsets(partitions)
            reader = await log.assign(dict.fromkeys(partitions, "earliest"))
            records: list[Record] = []
            while any([await reader.position(tp) < ends[tp] for tp in partitions]):
                for batch in (await reader.poll(max_records=1_000, timeout_ms=50)).values():
                    records.extend(batch)
            return records

    async def history(self) -> dict[str, list[RunDecided]]:
        """Every run's decisions in order."""
        runs: dict[str, list[RunDecided]] = {}
        for record in await self.read("run-events"):
            decided = RunDecided.read(record.value or b"")
            runs.setdefault(decided.run_id, []).append(decided)
        return runs

    async def until_history(
        self, holds: Callable[[dict[str, list[RunDecided]]], bool], *, within_s: float = 20
    ) -> dict[str, list[RunDecided]]:
        """Wait until something holds of the committed history."""
        async with asyncio.timeout(within_s):
            while True:
                runs = await self.history()
                if holds(runs):
                    return runs
                await asyncio.sleep(0.02)

    async def until_ended(self, count: int) -> dict[str, list[RunDecided]]:
        """Wait until so many runs have a terminal status."""
        return await self.until_history(lambda runs: sum(is_ended(history) for history in runs.values()) >= count)


async def until(holds: Callable[[], bool], *, within_s: float = 20) -> None:
    """Wait until a condition of this process holds."""
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110 - what is awaited has no event of its own
            await asyncio.sleep(0.01)


def transactions(records: Sequence[Record]) -> list[list[Record]]:
    """One partition's records by their transaction: its control record took an offset after them."""
    parts: list[list[Record]] = []
    for record in records:
        if not parts or parts[-1][-1].offset + 1 != record.offset:
            parts.append([])
        parts[-1].append(record)
    return parts


def transaction_sizes(records: Sequence[Record]) -> list[int]:
    """How many records each transaction left in one partition."""
    return [len(part) for part in transactions(records)]


def is_ended(history: list[RunDecided]) -> bool:
    """True when the history holds a terminal event."""
    return any(event.type in {"run_ended", "run_rejected"} for decided in history for event in decided.events)


@asynccontextmanager
async def running(*work: object) -> AsyncIterator[list[asyncio.Task[None]]]:
    """Run coroutines in the background; a failure of one of them fails the test."""
    tasks = [asyncio.ensure_future(each) for each in work]  # type: ignore[arg-type]
    try:
        yield tasks
        for task in tasks:
            if task.done() and not task.cancelled():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)
