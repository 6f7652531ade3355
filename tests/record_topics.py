"""Records the topics of a system at work, for later versions to read: `make record-topics VERSION=0.2.0`.

Runs that complete, fail, are retried, re-planned, cancelled, paused, halted, rejected and archived, and live ones in
the middle of their work: with scripted roles, and one report by the real specialists.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry

from collegium.agent.config import RuntimeConfig
from collegium.agent.metrics import AgentMetrics
from collegium.agent.runtime import AgentRuntime
from collegium.agent.settings import AgentSettings
from collegium.agent.specialist import Specialist, Success, Workbench
from collegium.embedded.inprocess import installed
from collegium.embedded.probe import until
from collegium.log.memory import MemoryBroker, MemoryLog
from collegium.log.port import Clock, Outgoing, Record, TopicPartition
from collegium.log.topics import required
from collegium.orchestrator.composition import build
from collegium.orchestrator.playbooks import Library, load_library
from collegium.orchestrator.playbooks.loader import parse_playbook
from collegium.orchestrator.settings import OrchestratorSettings
from collegium.retrieval.corpus import Corpus
from collegium.telemetry.memory import MemoryTracing
from collegium.telemetry.metrics import Metrics
from collegium_schemas.catalogue import TOPICS
from collegium_schemas.envelope import Envelope, encode_headers
from collegium_schemas.events import RunDecided
from collegium_schemas.objective import Action, Intervention, ObjectiveSubmitted
from collegium_schemas.tasks import TaskRequested, TaskSucceeded
from recorded_topics import NAMES, Recording, write
from scripted_roles import PLAYBOOKS, ROLES, ScriptedRole

PARTITIONS = 2
REAL_ROLES = ("retrieval", "analysis", "drafting", "verification", "delivery")
PAGE = (
    "# Tea\n\n## Brewing\n\nGreen tea is brewed at a temperature of 80 degrees Celsius for 2 minutes. "
    "Black tea is brewed at 100 degrees Celsius for 4 minutes.\n\n"
    "## Storage\n\nTea keeps its flavour for 12 months when it is stored in a closed tin.\n"
)
HELD_GOAL = "How is green tea brewed?"
BOUND_S = 30.0
LOOK_S = 0.01


def wall_clock() -> int:
    """The time in milliseconds."""
    return time.time_ns() // 1_000_000


def library() -> Library:
    """The built-in playbooks and the scripted ones."""
    found = load_library()
    for name, text in PLAYBOOKS.items():
        found.playbooks[name] = parse_playbook(text, name)
    return found


def corpus(directory: Path) -> Path:
    """A data directory with the corpus `tea`."""
    page = directory / "tea.md"
    page.write_text(PAGE)
    Corpus(directory / "data", "tea").add([page])
    return directory / "data"


@asynccontextmanager
async def orchestrating(
    broker: MemoryBroker, owner: str, clock: Clock, **settings: int
) -> AsyncGenerator[asyncio.Task[None]]:
    """One orchestrator at work until the block ends; its failure fails the block."""
    orchestrator = build(
        log=MemoryLog(broker),
        names=NAMES,
        library=library(),
        settings=OrchestratorSettings.model_validate(settings),
        partitions=PARTITIONS,
        tracing=MemoryTracing(),
        registry=CollectorRegistry(),
        clock=clock,
        entropy=random.Random(4).random,  # noqa: S311 - spreads retries
        owner=owner,
    )
    async with asyncio.TaskGroup() as group:
        task = group.create_task(orchestrator.run())
        yield task
        task.cancel()


@asynccontextmanager
async def performing(
    broker: MemoryBroker, data_dir: Path, clock: Clock, *, holding: bool
) -> AsyncGenerator[Mapping[str, Specialist]]:
    """Scripted and real specialists at work until the block ends. When holding, some work is never done."""
    metrics = Metrics("collegium-recording", "0", process_collectors=False)
    config = RuntimeConfig(worker="specialist@recording", names=NAMES)
    with installed(REAL_ROLES, AgentSettings(data_dir=data_dir)) as real:
        held = [_Held(each) if holding and each.role == "drafting" else each for each in real]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(ScriptedRole(broker, role, clock, holding=holding).run()) for role in ROLES] + [
                group.create_task(
                    AgentRuntime(
                        each,
                        MemoryLog(broker),
                        MemoryTracing(),
                        AgentMetrics(metrics, each.role),
                        config,
                        clock=clock,
                    ).run()
                )
                for each in held
            ]
            yield {each.role: each for each in held}
            for task in tasks:
                task.cancel()


class _Held:
    """Drafts reports, and never the one that is to be found half done."""

    role = "drafting"

    def __init__(self, drafting: Specialist) -> None:
        self._drafting = drafting

    async def perform(self, task: TaskRequested, bench: Workbench) -> Success:
        """Draft, or wait for ever."""
        if task.goal == HELD_GOAL:
            await asyncio.Event().wait()
        return await self._drafting.perform(task, bench)


class Scenario:
    """Sends what makes the recorded history, and waits for what follows from it."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker
        self.runs: dict[str, str] = {}

    async def submit(self, what: str, goal: str, playbook: str = "line", **fields: object) -> str:
        """Send an objective under a run_id of its own."""
        run_id = f"0190aaaa-0000-7000-8000-{len(self.runs) + 1:012d}"
        self.runs[what] = run_id
        body = ObjectiveSubmitted.model_validate({"goal": goal, "run_id": run_id, "playbook": playbook, **fields})
        await self.send("objectives", body.to_json(), run_id)
        return run_id

    async def say(self, run_id: str, action: Action) -> None:
        """A human's word."""
        word = Intervention(run_id=run_id, action=action, requester="ann", reason="because")
        await self.send("interventions", word.to_json(), run_id)

    async def send(self, topic: str, value: bytes, key: str | None, *, type_: str | None = None) -> None:
        """Write a record as any client would."""
        headers = () if type_ is None else encode_headers(Envelope("by-hand", "/script", type_, wall_clock()))
        async with MemoryLog(self._broker) as log:
            producer = await log.producer()
            await (await producer.send(Outgoing(NAMES(topic), None if key is None else key.encode(), value, headers)))

    async def until(self, run_id: str, *events: str) -> None:
        """Wait until a run's history holds events of these types."""

        async def there() -> bool:
            return set(events) <= {
                event.type
                for record in await read_topic(self._broker, "run-events")
                if record.key == run_id.encode()
                for event in RunDecided.read(record.value or b"").events
            }

        async with asyncio.timeout(BOUND_S):
            await until(there, pause_s=LOOK_S)

    async def until_task(self, run_id: str, role: str) -> None:
        """Wait until a role was sent a task of a run."""

        async def there() -> bool:
            return any(record.key == run_id.encode() for record in await read_topic(self._broker, f"tasks.{role}"))

        async with asyncio.timeout(BOUND_S):
            await until(there, pause_s=LOOK_S)


async def read_topic(broker: MemoryBroker, topic: str) -> list[Record]:
    """What is committed in a topic."""
    records: list[Record] = []
    for number in range(broker.partitions_of(NAMES(topic))):
        log = broker.partition(TopicPartition(NAMES(topic), number))
        records += log.read(0, 1_000_000)[0]
    return records


async def ended_runs(world: Scenario) -> None:
    """Runs with every kind of end."""
    submit = world.submit
    cancelled = await submit("cancelled", "Hold beta")
    resumed = await submit("paused and resumed", "Lose alpha", "hasty")
    await submit("completed", "What is tea?", priority=7, requester="ann", team="research", autonomy="advise")
    await submit("report", "At what temperature is black tea brewed?", "research-report", corpus="tea")
    await submit("retried", "Fail beta rate_limited twice")
    await submit("failed at once", "Fail alpha unauthorised always")
    await submit("failed after retries", "Fail alpha timeout always")
    await submit("re-planned", "Review gamma; what is tea?", "looped")
    await submit("optional part failed", "Fail alpha tool_error always; what is tea?", "looped")
    await submit("halted: tokens", "Spend alpha", budget={"tokens": 10})
    await submit("halted: money", "Spend beta", budget={"micro_usd": 11})
    await submit("halted: steps", "What is tea?", budget={"steps": 1})
    await submit("halted: deadline", "Hold alpha", "short")
    await submit("rejected: playbook", "What is tea?", "none-such")
    await submit("rejected: parameter", "What is tea?", params={"depht": 2})
    await world.send("objectives", b'{"gaol": "What is tea?"}', "0190aaaa-0000-7000-8000-00000000ffff")
    await world.send("objectives", b"\xff\xfe not text", "not a run id")
    await world.send("objectives", b'{"goal": "An objective without a key or a run_id", "playbook": "line"}', None)
    await world.until(cancelled, "attempt_succeeded")
    await world.say(cancelled, Action.APPROVE)
    await world.say(cancelled, Action.CANCEL)
    await world.send("interventions", b'{"run_id": "nobody", "action": "dance"}', None)
    await world.say(resumed, Action.PAUSE)
    await world.until(resumed, "run_paused")
    await world.say(resumed, Action.RESUME)
    for name, run_id in list(world.runs.items()):
        await world.until(run_id, "run_rejected" if name.startswith("rejected") else "run_ended")
    again = ObjectiveSubmitted(goal="Another goal", run_id=cancelled, playbook="line")
    await world.send("objectives", again.to_json(), cancelled)
    await world.until(cancelled, "run_ended", "input_refused")


async def live_runs(world: Scenario) -> None:
    """Runs in the middle of their work."""
    submit = world.submit
    waiting = await submit("live: waits for an outcome", "Hold beta")
    await world.until(waiting, "attempt_succeeded")
    lost = await submit("live: its worker is lost", "Lose alpha")
    await world.until(lost, "attempt_dispatched")
    backing = await submit("live: backs off", "Fail alpha rate_limited once", "patient", params={"depth": 3})
    await world.until(backing, "retry_scheduled")
    paused = await submit("live: paused", "Hold alpha")
    await world.say(paused, Action.PAUSE)
    await world.until(paused, "run_paused")
    second = await submit("live: in its second round", "Review gamma; hold delta", "looped")
    await world.until_task(second, "delta")
    late = await submit("live: fans out", "Hold alpha; what is tea?", "looped")
    await world.until(late, "attempt_dispatched")
    report = await submit("live: report", HELD_GOAL, "research-report", corpus="tea")
    await world.until_task(report, "drafting")


async def unread_inputs(world: Scenario, broker: MemoryBroker) -> None:
    """Inputs that no orchestrator has taken yet."""
    await world.submit("live: not yet accepted", "What is tea?")
    run_id = world.runs["live: waits for an outcome"]
    (task,) = [
        TaskRequested.read(record.value or b"")
        for record in await read_topic(broker, "tasks.beta")
        if record.key == run_id.encode()
    ]
    outcome = TaskSucceeded(
        run_id=run_id,
        subtask_id=task.subtask_id,
        attempt=task.attempt,
        role=task.role,
        worker="beta@script",
        started_at_ms=wall_clock(),
        ended_at_ms=wall_clock(),
    )
    await world.send("results", outcome.to_json(), run_id, type_=TaskSucceeded.TYPE)


async def archived_run(broker: MemoryBroker, world: Scenario) -> None:
    """A run whose end is so long ago that it has left run-state."""
    async with orchestrating(broker, "orchestrator@first", wall_clock, archive_after_ms=1_000):
        run_id = await world.submit("archived", "What is tea?")
        await world.until(run_id, "run_archived")


async def record(version: str, directory: Path) -> Recording:
    """Play everything and read the topics."""
    broker = MemoryBroker(clock=wall_clock)
    broker.create(required(NAMES, (*ROLES, *REAL_ROLES), PARTITIONS))
    world = Scenario(broker)
    data_dir = await asyncio.to_thread(corpus, directory)
    async with performing(broker, data_dir, wall_clock, holding=True):
        await archived_run(broker, world)
        async with orchestrating(broker, "orchestrator@second", wall_clock):
            await ended_runs(world)
        async with orchestrating(broker, "orchestrator@third", wall_clock):
            await live_runs(world)
        await unread_inputs(world, broker)
        return await _recording(version, broker, world)


async def _recording(version: str, broker: MemoryBroker, world: Scenario) -> Recording:
    names = [spec.name for spec in TOPICS if spec.name != "progress"]
    names += [f"tasks.{role}" for role in (*ROLES, *REAL_ROLES)]
    records: list[Record] = []
    ends: dict[str, int] = {}
    for name in names:
        for found in await read_topic(broker, name):
            records.append(
                Record(name, found.partition, found.offset, found.timestamp_ms, found.key, found.value, found.headers)
            )
        for number in range(broker.partitions_of(NAMES(name))):
            ends[f"{name}/{number}"] = broker.partition(TopicPartition(NAMES(name), number)).end
    return Recording(version, wall_clock(), PARTITIONS, PLAYBOOKS, world.runs, ends, tuple(records))


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description="Record the topics of a system at work.")
    parser.add_argument("version", help="the release whose code this is, such as 0.2.0")
    parser.add_argument("file", type=Path, help="where the recording goes, as JSON Lines")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        write(given.file, asyncio.run(record(given.version, Path(directory))))


if __name__ == "__main__":
    main()
