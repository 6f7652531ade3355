"""Topics of a small system that worked well, for tests of the checker: real services on the memory log."""

from collections.abc import Mapping
from pathlib import Path

from chaos.checker.topics import Entry, Topics
from chaos.worker import Worker
from collegium.agent.config import RuntimeConfig
from collegium.agent.metrics import AgentMetrics
from collegium.agent.runtime import AgentRuntime
from collegium.log.memory import MemoryLog
from collegium.orchestrator.playbooks import load_library
from collegium.telemetry.memory import MemoryTracing
from collegium.telemetry.metrics import Metrics
from collegium_schemas.objective import ObjectiveSubmitted
from memory_worlds import NAMES, MemoryWorld, now_ms, running

RUNS = tuple(f"0190aaaa-0000-7000-8000-{number:012d}" for number in range(1, 9))
"""Their ids decide which first attempts fail: among these are some."""

_TOPICS = ("objectives", "results", "run-state", "run-events", "tasks.worker", "context", "dead-letters", "effects")


async def honest_topics(directory: Path) -> Topics:
    """Eight finished runs of the light trials' playbook."""
    playbook = load_library((Path(__file__).with_name("playbooks"),)).playbooks["chaos"]
    world = MemoryWorld(playbook)
    await world.prepare()
    async with MemoryLog(world.broker) as log:
        worker = _agent(log, directory)
        async with running(world.orchestrator("o1@test:1").run(), worker.run()):
            for run_id in RUNS:
                objective = ObjectiveSubmitted(goal="What is a topic?", run_id=run_id, playbook="chaos")
                await world.send("objectives", objective.to_json(), run_id)
            await world.until_ended(len(RUNS))
        ends: Mapping[tuple[str, int], int] = {}
        return Topics({topic: await _entries(world, topic) for topic in _TOPICS}, (), ends)


def _agent(log: MemoryLog, directory: Path) -> AgentRuntime:
    metrics = AgentMetrics(Metrics("test", "0", process_collectors=False), "worker")
    config = RuntimeConfig(worker="worker@test:2", names=NAMES)
    return AgentRuntime(Worker("worker", directory), log, MemoryTracing(), metrics, config, clock=now_ms)


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
