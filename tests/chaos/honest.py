"""Topics of a small system that worked well, for tests of the checker: real services on the memory log."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from chaos.checker.spans import Span
from chaos.checker.topics import Entry, Topics
from chaos.worker import Worker
from collegium.agent.config import RuntimeConfig
from collegium.agent.metrics import AgentMetrics
from collegium.agent.runtime import AgentRuntime
from collegium.log.memory import MemoryLog
from collegium.log.topics import required
from collegium.orchestrator.playbooks import load_library
from collegium.telemetry.memory import MemoryTracing
from collegium.telemetry.metrics import Metrics
from collegium.telemetry.spans import StoredSpan
from collegium_schemas.objective import ObjectiveSubmitted
from memory_worlds import NAMES, MemoryWorld, now_ms, running

RUNS = tuple(f"0190aaaa-0000-7000-8000-{number:012d}" for number in range(1, 9))
"""Their ids decide which first attempts fail: among these are some."""

PLAIN: Final[Mapping[str, Mapping[str, object]]] = {run_id: {} for run_id in RUNS}
"""Runs without further fields."""

_TOPICS = ("objectives", "results", "run-state", "run-events", "context", "dead-letters", "effects")


async def honest_topics(directory: Path, playbook: str = "chaos") -> Topics:
    """The topics alone."""
    return (await honest_world(directory, playbook))[0]


async def honest_world(
    directory: Path, playbook: str = "chaos", runs: Mapping[str, Mapping[str, object]] = PLAIN
) -> tuple[Topics, list[Span]]:
    """Finished runs of a playbook of the light trials; those of `saga` fail or complete by their ids.

    Args:
        directory: Where their effects are counted.
        playbook: Its name.
        runs: Further fields of each run's objective.

    Returns:
        What the topics hold, and every span, as a collector would have been told.
    """
    world = MemoryWorld(load_library((Path(__file__).with_name("playbooks"),)).playbooks[playbook])
    undoers = (step.compensate.role for step in world.playbook.steps if step.compensate is not None)
    roles = sorted({*world.roles, *(role for role in undoers if role is not None)})
    async with MemoryLog(world.broker) as log:
        await log.create(required(NAMES, roles, world.partitions))
        agents = [_agent(log, world.tracing, directory, role) for role in roles]
        async with running(world.orchestrator("o1@test:1").run(), *(agent.run() for agent in agents)):
            for run_id, fields in runs.items():
                told = {"goal": "What is a topic?", "playbook": playbook, **fields, "run_id": run_id}
                await world.send("objectives", ObjectiveSubmitted.model_validate(told).to_json(), run_id)
            await world.until_ended(len(runs))
        ends: Mapping[tuple[str, int], int] = {}
        topics = (*_TOPICS, *(f"tasks.{role}" for role in roles))
        spans = [_span(span) for span in world.tracing.spans]
        return Topics({topic: await _entries(world, topic) for topic in topics}, (), ends), spans


def _span(span: StoredSpan) -> Span:
    """As `collector.py` reads it off the wire."""
    told = span.attributes
    subtask, version = told.get("collegium.subtask.id"), told.get("collegium.run.version")
    return Span(
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_id=span.parent_id or "",
        name=span.name,
        run_id=str(told.get("collegium.run.id", "")),
        version=version if isinstance(version, int) else 0,
        task=f"{subtask}/{told['collegium.attempt']}" if subtask else "",
    )


def _agent(log: MemoryLog, tracing: MemoryTracing, directory: Path, role: str) -> AgentRuntime:
    metrics = AgentMetrics(Metrics("test", "0", process_collectors=False), role)
    config = RuntimeConfig(worker=f"{role}@test:2", names=NAMES)
    return AgentRuntime(Worker(role, directory), log, tracing, metrics, config, clock=now_ms)


async def _entries(world: MemoryWorld, topic: str) -> list[Entry]:
    return [
        Entry(
            record.partition,
            record.offset,
            None if record.key is None else record.key.decode(),
            record.value,
            dict(record.headers),
        )
        for record in await world.read(topic)
    ]
