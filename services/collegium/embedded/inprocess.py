"""The whole system in one process on the memory log: no broker, and no files but the corpus and the reports.

The same orchestrator, runtime and specialists as in production, composed differently; for notebooks, tests and
`collegium run`. It uses its caller's event loop, and ends with it.
"""

import asyncio
import os
import random
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Final, Protocol, TypeVar, runtime_checkable

import uuid6

from collegium.agent.config import RuntimeConfig
from collegium.agent.context import ContentCache, ContextReader
from collegium.agent.entries import entry_name
from collegium.agent.metrics import AgentMetrics
from collegium.agent.runtime import AgentRuntime
from collegium.agent.settings import AgentSettings
from collegium.agent.specialist import Specialist
from collegium.log.memory import MemoryBroker, MemoryLog
from collegium.log.partitioner import partition_for
from collegium.log.port import Log, Outgoing, TopicPartition
from collegium.log.topics import TopicNames, required
from collegium.orchestrator.composition import build
from collegium.orchestrator.playbooks import Library, load_library
from collegium.orchestrator.settings import OrchestratorSettings
from collegium.orchestrator.shell.service import Orchestrator
from collegium.telemetry.memory import MemoryTracing
from collegium.telemetry.messaging import send_span
from collegium.telemetry.metrics import Metrics
from collegium.telemetry.tracing import Tracing
from collegium_schemas.base import Message
from collegium_schemas.envelope import Envelope, decode, encode_headers
from collegium_schemas.events import AttemptSucceeded, RunDecided, RunEnded, RunRejected
from collegium_schemas.evidence import Delivery, ReportText
from collegium_schemas.objective import ObjectiveSubmitted, RunStatus
from collegium_schemas.tasks import TaskInput

M = TypeVar("M", bound=Message)
OnDecision = Callable[[RunDecided], None]

_PARTITIONS: Final = 1
_READY_S: Final = 30.0
_LOOK_S: Final = 0.002
_POLL_MS: Final = 1_000
_BATCH_RECORDS: Final = 500
_READ_TIMEOUT_MS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Finished:
    """How a run ended, and what it delivered."""

    run_id: str
    status: RunStatus
    reason: str
    report: ReportText | None
    """None when the run ended without one."""
    delivery: Delivery | None
    """Where its files are."""


@dataclass(frozen=True, slots=True)
class InProcessSystem:
    """A running system. `log` is a connection of its own, for whoever wants to read or write topics directly."""

    log: Log
    names: TopicNames
    tracing: Tracing
    partitions: int = _PARTITIONS
    """Of the co-partitioned topics, where the log is another system's."""

    async def submit(self, objective: ObjectiveSubmitted) -> str:
        """Send an objective.

        Returns:
            Its run_id; one is chosen when the objective has none.
        """
        run_id = objective.run_id or str(uuid6.uuid7())
        topic = self.names("objectives")
        with send_span(self.tracing, topic, message_id=run_id) as span:
            envelope = Envelope(run_id, "/collegium/inprocess", objective.TYPE, _now_ms(), run_id, span.context)
            body = objective.model_copy(update={"run_id": run_id}).to_json()
            producer = await self.log.producer()
            try:
                await (await producer.send(Outgoing(topic, run_id.encode(), body, encode_headers(envelope))))
            finally:
                await producer.close()
        return run_id

    async def decisions(self, run_id: str) -> AsyncGenerator[RunDecided]:
        """Every decision on a run, from its first one, as they are made; ends with the run."""
        topic = self.names("run-events")
        key = run_id.encode()
        home = TopicPartition(topic, partition_for(key, self.partitions))
        consumer = await self.log.assign({home: "earliest"})
        try:
            while True:
                for records in (await consumer.poll(max_records=_BATCH_RECORDS, timeout_ms=_POLL_MS)).values():
                    for record in records:
                        if record.key == key:
                            decided = decode(record.headers, record.value, RunDecided)
                            yield decided
                            if _ending(decided) is not None:
                                return
        finally:
            await consumer.close()

    async def output(self, made_by: Sequence[RunDecided], kind: type[M]) -> M | None:
        """The newest output of a type that a run's decisions accepted; None when there is none.

        Raises:
            SpecialistFailure: its content is gone or does not match its hash.
        """
        found = [
            TaskInput(subtask_id=event.subtask_id, step=event.subtask_id, ref=ref)
            for decided in made_by
            for event in decided.events
            if isinstance(event, AttemptSucceeded)
            for ref in event.outputs
            if ref.name == entry_name(kind)
        ]
        if not found:
            return None
        reader = ContextReader(self.log, self.names("context"), ContentCache(0), read_timeout_ms=_READ_TIMEOUT_MS)
        [content] = await reader.contents(found[-1:])
        return kind.read(content)

    async def finish(self, run_id: str, on_decision: OnDecision | None = None) -> Finished:
        """Follow a run to its end.

        Args:
            run_id: A run that was submitted.
            on_decision: Called with each decision as it is made.
        """
        history: list[RunDecided] = []
        async for decided in self.decisions(run_id):
            history.append(decided)
            if on_decision is not None:
                on_decision(decided)
        status, reason = _ending(history[-1]) or (RunStatus.FAILED, "")
        report = await self.output(history, ReportText)
        return Finished(run_id, status, reason, report, await self.output(history, Delivery))


async def run_in_process(
    objective: ObjectiveSubmitted,
    specialists: Sequence[Specialist],
    *,
    on_decision: OnDecision | None = None,
    library: Library | None = None,
    tracing: Tracing | None = None,
) -> Finished:
    """Run one objective to its end, with everything in this process.

    Args:
        objective: What is asked for. Its corpus and playbook are found by the retrieval specialist and the library.
        specialists: One for each role of the playbook.
        on_decision: Called with each decision as it is made.
        library: The playbooks; the built-in ones when absent.
        tracing: Where spans go; kept in memory when absent.

    Raises:
        ExceptionGroup: a part of the system failed.
    """
    async with in_process(specialists, library=library, tracing=tracing) as system:
        return await system.finish(await system.submit(objective), on_decision)


@asynccontextmanager
async def in_process(
    specialists: Sequence[Specialist],
    *,
    library: Library | None = None,
    tracing: Tracing | None = None,
    concurrency: int = 4,
) -> AsyncGenerator[InProcessSystem]:
    """A running system of one orchestrator and these specialists, ended when the block ends.

    Args:
        specialists: One for each role.
        library: The playbooks; the built-in ones when absent.
        tracing: Where spans go; kept in memory when absent.
        concurrency: Attempts that each specialist performs at once.

    Raises:
        ExceptionGroup: a part of the system failed; the block is cancelled then.
        TimeoutError: the parts did not find each other in time.
    """
    seen = tracing or MemoryTracing("collegium")
    broker, names, metrics = MemoryBroker(), TopicNames(), Metrics("collegium-inprocess", "0", process_collectors=False)
    config = RuntimeConfig(worker=f"inprocess@{os.getpid()}", names=names, concurrency=concurrency)
    async with AsyncExitStack() as logs:
        log, of_orchestrator = [await logs.enter_async_context(MemoryLog(broker)) for _ in range(2)]
        await log.create(required(names, [specialist.role for specialist in specialists], _PARTITIONS))
        runtimes = [
            AgentRuntime(
                specialist,
                await logs.enter_async_context(MemoryLog(broker)),
                seen,
                AgentMetrics(metrics, specialist.role),
                config,
                clock=_now_ms,
            )
            for specialist in specialists
        ]
        orchestrator = _orchestrator(of_orchestrator, names, library or load_library(), seen, metrics)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(part.run()) for part in (orchestrator, *runtimes)]
            await _ready(orchestrator, runtimes)
            yield InProcessSystem(log, names, seen)
            for task in tasks:
                task.cancel()


@contextmanager
def installed(roles: Iterable[str], settings: AgentSettings) -> Generator[Sequence[Specialist]]:
    """The specialists of these roles, as their own processes would build them; closed at the end.

    A role's package is `collegium.ROLE`, and its `__main__` has `build(settings)`.

    Raises:
        ModuleNotFoundError: there is no such package.
    """
    with ExitStack() as at_end:
        built: list[Specialist] = []
        for role in roles:
            specialist: Specialist = import_module(f"collegium.{role}.__main__").build(settings)
            if isinstance(specialist, _Closable):
                at_end.callback(specialist.close)
            built.append(specialist)
        yield built


@runtime_checkable
class _Closable(Protocol):
    def close(self) -> None: ...


def _orchestrator(log: Log, names: TopicNames, library: Library, tracing: Tracing, metrics: Metrics) -> Orchestrator:
    return build(
        log=log,
        names=names,
        library=library,
        settings=OrchestratorSettings(),  # pyright: ignore[reportCallIssue] - every field has a default
        partitions=_PARTITIONS,
        tracing=tracing,
        registry=metrics.registry,
        clock=_now_ms,
        entropy=random.random,
        owner="orchestrator@inprocess",
    )


async def _ready(orchestrator: Orchestrator, runtimes: Sequence[AgentRuntime]) -> None:
    async with asyncio.timeout(_READY_S):
        while not (orchestrator.ready and all(runtime.ready() is True for runtime in runtimes)):  # noqa: ASYNC110 - many parts, no common event
            await asyncio.sleep(_LOOK_S)


def _ending(decided: RunDecided) -> tuple[RunStatus, str] | None:
    for event in decided.events:
        if isinstance(event, RunEnded):
            return event.status, event.reason
        if isinstance(event, RunRejected):
            return RunStatus.FAILED, event.reason
    return None


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
