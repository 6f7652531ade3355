# pyright: basic, reportMissingTypeStubs=false
"""What one event costs in plans of different sizes, and over a run's life: CPU time and bytes committed.

The whole orchestrator serves one partition of the memory log, one input in each transaction, so that nothing but its
own work is measured. A plan of n subtasks is n/2 pairs: each first subtask's success dispatches its second. A run's
state is put on the log as an owner would have left it, with every first subtask under way. Used by recovery.py.
"""

import asyncio
import contextlib
import random
import statistics
import time
import uuid
from collections.abc import AsyncIterator

from prometheus_client import CollectorRegistry

from collegium.log.memory import MemoryBroker, MemoryLog
from collegium.log.partitioner import partition_for
from collegium.log.port import Outgoing, TopicPartition
from collegium.log.sizes import record_bytes
from collegium.log.topics import TopicNames, required
from collegium.orchestrator.core.folding import evolve
from collegium.orchestrator.core.model import Rules, Run
from collegium.orchestrator.shell.intake import Intake
from collegium.orchestrator.shell.metrics import OrchestratorMetrics
from collegium.orchestrator.shell.owner import OwnerContext, OwnerLimits
from collegium.orchestrator.shell.parts import changed_parts
from collegium.orchestrator.shell.service import Orchestrator
from collegium.telemetry.memory import MemoryTracing
from collegium.telemetry.tracing import run_trace
from collegium_schemas.envelope import Envelope, encode_headers
from collegium_schemas.events import AttemptDispatched, Event, Origin, PlanAdopted, RunAccepted, RunDecided
from collegium_schemas.objective import ObjectiveSubmitted
from collegium_schemas.plan import PlanChange, SubtaskSpec
from collegium_schemas.playbook import Playbook
from collegium_schemas.state import SubtaskPart
from collegium_schemas.tasks import TaskSucceeded

NAMES = TopicNames()
ROLE = "alpha"
WIDE = Playbook.model_validate(
    {"name": "wide", "max_steps": 100_000, "steps": [{"id": "s", "role": ROLE, "instruction": "work"}]}
)
DECISIONS = 300
"""At least so many are measured for each size of plan."""

INSTRUCTION = "Group the claims of the passages that were found, and mark where they contradict each other."


def pairs(subtasks: int) -> list[SubtaskSpec]:
    """A plan: all first subtasks, then the one that waits for each."""
    half = subtasks // 2 + subtasks % 2

    def spec(name: str, *after: str) -> SubtaskSpec:
        return SubtaskSpec(
            subtask_id=name, step="s", role=ROLE, instruction=INSTRUCTION, depends_on=after, timeout_ms=86_400_000
        )

    return [*(spec(f"a{n}") for n in range(half)), *(spec(f"b{n}", f"a{n}") for n in range(subtasks - half))]


def live_run(run_id: str, specs: list[SubtaskSpec], now_ms: int) -> Run:
    """The run with its first subtasks under way, by events, in decisions of a size that a record can hold."""
    objective = ObjectiveSubmitted(goal="work", run_id=run_id, playbook=WIDE.name)
    accepted = RunAccepted(
        objective=objective,
        objective_sha256="0" * 64,
        deadline_at_ms=now_ms + 86_400_000,
        trace=run_trace(run_id, None),
    )
    firsts = [spec.subtask_id for spec in specs if not spec.depends_on]
    steps: list[list[Event]] = [[accepted]]
    for number, at in enumerate(range(0, len(specs), 1_000), 1):
        steps.append(
            [PlanAdopted(change=PlanChange(version=number, reason="part", added=tuple(specs[at : at + 1_000])))]
        )
    for at in range(0, len(firsts), 1_000):
        steps.append(
            [
                AttemptDispatched(
                    subtask_id=first, attempt=1, strategy="deterministic", deadline_at_ms=now_ms + 86_400_000
                )
                for first in firsts[at : at + 1_000]
            ]
        )
    run = None
    for version, events in enumerate(steps, 1):
        decided = RunDecided(
            run_id=run_id, version=version, at_ms=now_ms, origin=Origin(kind="timer"), owner="b", events=tuple(events)
        )
        run = evolve(run, decided)
    if run is None:
        raise LookupError(run_id)
    return run


def success(run_id: str, part: SubtaskPart, now_ms: int) -> Outgoing:
    """The result record of a subtask's first attempt."""
    outcome = TaskSucceeded(
        run_id=run_id,
        subtask_id=part.spec.subtask_id,
        attempt=1,
        role=ROLE,
        worker="w",
        started_at_ms=now_ms,
        ended_at_ms=now_ms,
    )
    headers = encode_headers(Envelope(outcome.task_id, "/benchmark", outcome.TYPE, now_ms))
    return Outgoing(NAMES("results"), run_id.encode(), outcome.to_json(), headers, 0)


class World:
    """One partition of a memory log with one live run on it."""

    def __init__(self, subtasks: int) -> None:
        self.now_ms = time.time_ns() // 1_000_000
        self.run_id = str(uuid.uuid4())
        self.run = live_run(self.run_id, pairs(subtasks), self.now_ms)
        self.broker = MemoryBroker(clock=self.clock)
        self.log = MemoryLog(self.broker)

    def clock(self) -> int:
        """The wall clock."""
        return time.time_ns() // 1_000_000

    async def prepare(self) -> None:
        """Topics, and the run's state."""
        await self.log.create(required(NAMES, [ROLE], 1))
        producer = await self.log.producer()
        for name, part in changed_parts(None, self.run):
            if part is not None:
                headers = encode_headers(Envelope(name, "/benchmark", part.TYPE, self.now_ms))
                key = f"{self.run_id}/{name}".encode()
                await (await producer.send(Outgoing(NAMES("run-state"), key, part.to_json(), headers, 0)))

    def orchestrator(self) -> Orchestrator:
        """One input in each transaction."""
        return Orchestrator(
            OwnerContext(
                log=MemoryLog(self.broker),
                names=NAMES,
                rules=Rules({WIDE.name: WIDE}),
                intake=Intake(NAMES, MemoryTracing().run_trace),
                tracing=MemoryTracing(),
                metrics=OrchestratorMetrics(CollectorRegistry()),
                clock=self.clock,
                entropy=random.random,
                owner="benchmark",
                partitions=1,
                limits=OwnerLimits(batch_records=1, decoded_bytes=1 << 30),
            )
        )

    async def committed(self, topic: str) -> int:
        """How many records a topic's partition has held, its control records included."""
        source = await self.home(topic)
        return (await self.log.end_offsets([source]))[source]

    async def home(self, topic: str) -> TopicPartition:
        """The run's partition of a topic."""
        partitions = (await self.log.describe([NAMES(topic)]))[NAMES(topic)].partitions
        return TopicPartition(NAMES(topic), partition_for(self.run_id.encode(), partitions))

    async def sizes(self, topic: str, first: int) -> list[int]:
        """The bytes of a topic's records, from an offset on."""
        source = await self.home(topic)
        end = (await self.log.end_offsets([source]))[source]
        reader = await self.log.assign({source: first})
        found: list[int] = []
        while await reader.position(source) < end:
            for records in (await reader.poll(max_records=5_000, timeout_ms=50)).values():
                found += [record_bytes(Outgoing(r.topic, r.key, r.value, r.headers, 0)) for r in records]
        await reader.close()
        return found

    async def window(self, parts: list[SubtaskPart]) -> dict[str, float]:
        """Send these subtasks' successes, and measure what their decisions cost."""
        topics = ("run-events", "run-state", f"tasks.{ROLE}")
        firsts = {topic: await self.committed(topic) for topic in topics}
        producer = await self.log.producer()
        records = [success(self.run_id, part, self.now_ms) for part in parts]
        cpu_s = time.process_time()
        for record in records:
            await producer.send(record)
        expected = firsts["run-events"] + 2 * len(parts)  # each transaction ends with a control record
        while await self.committed("run-events") < expected:  # noqa: ASYNC110 - the log has no such event
            await asyncio.sleep(0)
        cpu_s = time.process_time() - cpu_s
        written = sum([sum(await self.sizes(topic, first)) for topic, first in firsts.items()])
        return {"cpu_us": cpu_s / len(parts) * 1e6, "bytes": written / len(parts)}


@contextlib.asynccontextmanager
async def serving(subtasks: int) -> AsyncIterator[World]:
    """A world whose partition is served."""
    world = World(subtasks)
    await world.prepare()
    orchestrator = world.orchestrator()
    task = asyncio.create_task(orchestrator.run())
    try:
        while not orchestrator.ready or not orchestrator.owned:  # noqa: ASYNC110 - it has no event for that
            await asyncio.sleep(0.01)
        yield world
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def by_size(sizes: list[int]) -> list[dict[str, float]]:
    """Decisions that take a success and dispatch what waited for it, in plans of these sizes.

    A run's first event after a restore, which decodes the run, is told apart.
    """
    found = []
    for subtasks in sizes:
        samples, first = [], []
        while sum(sample["decisions"] for sample in samples) < DECISIONS:
            async with serving(subtasks) as world:
                parts = list(world.run.subtasks.values())[: min(DECISIONS + 1, subtasks // 2)]
                first.append(await world.window(parts[:1]))
                samples.append({**await world.window(parts[1:]), "decisions": len(parts) - 1})
        found.append(
            {
                "subtasks": subtasks,
                "cpu_us": round(statistics.median(sample["cpu_us"] for sample in samples)),
                "bytes": round(statistics.median(sample["bytes"] for sample in samples)),
                "first_event_cpu_us": round(statistics.median(sample["cpu_us"] for sample in first)),
            }
        )
    return found


async def by_age(subtasks: int, window: int) -> list[dict[str, float]]:
    """One run's whole life: every window of decisions, from its first to its last."""
    found = []
    events = subtasks // 2  # dispatched before
    async with serving(subtasks) as world:
        parts = list(world.run.subtasks.values())
        await world.window(parts[:1])  # decodes the run
        for at in range(1, subtasks - window, window):
            sample = await world.window(parts[at : at + window])
            events += window * (2 if at < subtasks // 2 else 1)
            found.append({"events": events, "cpu_us": round(sample["cpu_us"]), "bytes": round(sample["bytes"])})
    return found
