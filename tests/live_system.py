"""A running system for tests of what it does with its input: processes on a real broker, and eyes on its topics.

One orchestrator and one no-op specialist (role `worker`) run as processes with the playbooks below. Tests play
everybody else: they send any bytes as another client, and read the history and the dead letters.
"""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from agent_rig import now_ms, until
from collegium.agent.config import RuntimeConfig
from collegium.agent.metrics import AgentMetrics
from collegium.agent.runtime import AgentRuntime
from collegium.agent.specialist import Specialist
from collegium.ledger.reading import readable
from collegium.ledger.topics import ledger_topics
from collegium.log.dead_letters import PREFIX
from collegium.log.errors import LogUnavailable
from collegium.log.kafka import open_log
from collegium.log.partitioner import partition_for
from collegium.log.port import Consumer, Log, Record, TopicPartition
from collegium.log.settings import KafkaSettings
from collegium.log.topics import TopicNames, required
from collegium.telemetry.memory import MemoryTracing
from collegium.telemetry.metrics import Metrics
from collegium_schemas.envelope import header
from collegium_schemas.events import Event, InputRefused, RunAccepted, RunDecided, RunEnded, RunRejected
from collegium_schemas.objective import RunStatus
from foreign_client import ForeignClient
from service_processes import Ended, ServiceProcess, collegium, service_process

_TAIL_CHARS = 8_000
T = TypeVar("T")

PARTITIONS = 4
ROLES = ("worker", "maker", "reader", "retrieval", "analysis", "drafting", "verification", "delivery")

PLAYBOOKS: Mapping[str, str] = {
    "quick": "name: quick\nparams: {depth: 1}\nsteps:\n  - {id: work, role: worker, instruction: do it}\n",
    "pair": """\
name: pair
steps:
  - {id: make, role: maker, instruction: make it, outputs: [report]}
  - {id: read, role: reader, instruction: read it, inputs: [make], retry: {base_delay_ms: 10, max_delay_ms: 20}}
""",
    "cyclic": """\
name: cyclic
steps:
  - {id: one, role: worker, instruction: first, inputs: [two]}
  - {id: two, role: worker, instruction: second, inputs: [one]}
""",
}


@dataclass
class Seen:
    """What the topics hold so far."""

    decisions: dict[str, list[RunDecided]] = field(default_factory=dict[str, list[RunDecided]])
    letters: list[Record] = field(default_factory=list[Record])

    def events(self, run_id: str) -> list[Event]:
        """A run's events, in order."""
        return [event for decided in self.decisions.get(run_id, []) for event in decided.events]

    def endings(self, run_id: str) -> list[RunEnded | RunRejected]:
        """How a run ended: exactly one, once it has."""
        return [event for event in self.events(run_id) if isinstance(event, RunEnded | RunRejected)]

    def ended(self, *run_ids: str) -> bool:
        """Whether all these runs have ended."""
        return all(self.endings(run_id) for run_id in run_ids)


class LiveSystem:
    """A system under way."""

    def __init__(self, settings: KafkaSettings, log: Log, data_dir: Path, access: Mapping[str, str]) -> None:
        self.settings = settings
        self._access = access
        self.names = TopicNames(settings.topic_prefix)
        self.log = log
        self.data_dir = data_dir
        self.client = ForeignClient(settings.bootstrap, self.names)
        self.seen = Seen()
        self.processes: list[ServiceProcess] = []

    @property
    def environment(self) -> dict[str, str]:
        """What a process of this system is told."""
        return {
            "COLLEGIUM_KAFKA_BOOTSTRAP": self.settings.bootstrap,
            "COLLEGIUM_KAFKA_TOPIC_PREFIX": self.names.prefix,
            **self._access,
        }

    async def cli(self, *arguments: str) -> Ended:
        """Run `collegium` as a user of this system."""
        return await collegium(*arguments, settings={**self.environment, "COLLEGIUM_DATA_DIR": str(self.data_dir)})

    # -- sending and waiting

    async def submit(self, run_id: str | None = None, **fields: object) -> str:
        """Send a good objective of the quick playbook, or another one; returns its run_id."""
        run_id = run_id or str(uuid.uuid4())
        body = {"goal": "What is a topic?", "playbook": "quick", "run_id": run_id, **fields}
        await self.client.send("objectives", json.dumps(body).encode(), run_id.encode())
        return run_id

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Until the topics hold something."""
        await until(condition, what)

    async def ended(self, *run_ids: str, bound_s: float = 30.0) -> None:
        """Until all these runs have ended; else the test fails with what is known of those that have not."""
        try:
            await until(lambda: self.seen.ended(*run_ids), "the runs have ended", bound_s)
        except AssertionError as late:
            lost = {run_id: self.seen.events(run_id) for run_id in run_ids if not self.seen.endings(run_id)}
            outputs = "\n".join(process.output[-_TAIL_CHARS:] for process in self.processes)
            raise AssertionError(f"{late}\n{len(lost)} of {len(run_ids)} have not: {lost}\n{outputs}") from None

    async def status(self, run_id: str) -> RunStatus:
        """How a run ends; it must end once."""
        await self.ended(run_id)
        [ending] = self.seen.endings(run_id)
        return ending.status if isinstance(ending, RunEnded) else RunStatus.FAILED

    async def rejected(self, reason: str) -> tuple[str, str]:
        """Until a run is rejected for a reason that holds these words; its run_id and reason."""
        return await self._first(
            lambda: (
                (run_id, event.reason)
                for run_id in list(self.seen.decisions)
                for event in self.seen.events(run_id)
                if isinstance(event, RunRejected) and reason in event.reason
            ),
            f"a run is rejected with {reason!r}",
        )

    async def refused(self, run_id: str) -> str:
        """Until an input is refused in a run's history; the reason."""
        return await self._first(
            lambda: (event.reason for event in self.seen.events(run_id) if isinstance(event, InputRefused)),
            "an input is refused",
        )

    async def letter(self, topic: str, partition: int, offset: int) -> Record:
        """Until the dead letter of a record is there."""
        at = {"topic": self.names(topic), "partition": str(partition), "offset": str(offset)}
        return await self._first(
            lambda: (
                letter
                for letter in self.seen.letters
                if all(header(letter.headers, PREFIX + name) == value for name, value in at.items())
            ),
            f"dead-letters hold {at}",
        )

    async def letter_marked(self, mark: str) -> Record:
        """Until dead-letters hold a record with this `x-test` header."""
        return await self._first(
            lambda: (letter for letter in self.seen.letters if ("x-test", mark.encode()) in letter.headers),
            f"the record marked {mark} is in dead-letters",
        )

    def run_of(self, goal: str) -> str | None:
        """The run that was accepted with this goal, if there is one."""
        for run_id in self.seen.decisions:
            for event in self.seen.events(run_id):
                if isinstance(event, RunAccepted) and event.objective.goal == goal:
                    return run_id
        return None

    def home(self, run_id: str) -> int:
        """A run's partition."""
        return partition_for(run_id.encode(), PARTITIONS)

    async def letter_with(self, value: bytes | None) -> Record:
        """Until dead-letters hold these bytes."""
        return await self._first(
            lambda: (letter for letter in self.seen.letters if letter.value == value), "the bytes are in dead-letters"
        )

    @staticmethod
    async def _first(found: Callable[[], Iterable[T]], what: str) -> T:
        await until(lambda: any(True for _ in found()), what)
        return next(iter(found()))

    # -- watching

    async def watch(self) -> None:
        """Read history and dead letters until cancelled."""
        topics = {self.names("run-events"): PARTITIONS, self.names("dead-letters"): 1}
        sources = [TopicPartition(topic, number) for topic, count in topics.items() for number in range(count)]
        reader = await self.log.assign(dict.fromkeys(sources, "earliest"))
        try:
            await self._read(reader)
        finally:
            await reader.close()

    async def _read(self, reader: Consumer) -> None:
        while True:
            try:
                batches = await reader.poll(max_records=500, timeout_ms=100)
            except LogUnavailable:  # told at every poll until the broker is back
                await asyncio.sleep(0.1)
                continue
            for source, records in batches.items():
                if source.topic == self.names("dead-letters"):
                    self.seen.letters.extend(records)
                    continue
                for decided in filter(None, map(readable, records)):
                    self.seen.decisions.setdefault(decided.run_id, []).append(decided)

    @asynccontextmanager
    async def serving(self, specialist: Specialist) -> AsyncIterator[AgentRuntime]:
        """A specialist in this process, until the block ends."""
        async with open_log(self.settings) as log:
            config = RuntimeConfig(worker="in-test", names=self.names)
            metrics = AgentMetrics(Metrics("test", "0", process_collectors=False), specialist.role)
            runtime = AgentRuntime(specialist, log, MemoryTracing(), metrics, config, clock=now_ms)
            task = asyncio.create_task(runtime.run())
            try:
                await until(lambda: task.done() or runtime.ready() is True, "the specialist is ready")
                yield runtime
            finally:
                runtime.drain()
                await task

    async def unharmed(self) -> None:
        """No process has ended, no partition was restored again, and a good objective completes."""
        for process in self.processes:
            assert process.alive, process.output
        orchestrator = self.processes[0]
        assert await orchestrator.metric("collegium_orchestrator_transactions_unknown_total") == 0, orchestrator.output
        assert await orchestrator.metric("collegium_orchestrator_restores_total") == PARTITIONS, orchestrator.output
        assert await self.status(await self.submit()) is RunStatus.COMPLETED


def write_playbooks(directory: Path) -> Path:
    """The playbooks, as files."""
    directory.mkdir(parents=True)
    for name, text in PLAYBOOKS.items():
        (directory / f"{name}.yaml").write_text(text)
    return directory


@asynccontextmanager
async def live_system(
    bootstrap: str, directory: Path, *, pause_ms: int = 0, access: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[LiveSystem]:
    """A system with topics of its own: one orchestrator, one worker, both ready.

    Args:
        bootstrap: Where tests look at what happens.
        directory: Data and logs of the processes.
        pause_ms: How long the worker takes for a task.
        access: How the processes reach the broker, when it is another way.
    """
    settings = KafkaSettings(bootstrap=bootstrap, topic_prefix=f"live-{uuid.uuid4().hex[:8]}.")
    playbooks = await asyncio.to_thread(write_playbooks, directory / "playbooks")
    async with open_log(settings) as log:
        system = LiveSystem(settings, log, directory / "data", access)
        await log.create((*required(system.names, ROLES, PARTITIONS), *ledger_topics(system.names, PARTITIONS)))
        orchestrating = {**system.environment, "COLLEGIUM_ORCHESTRATOR_PLAYBOOK_DIRS": json.dumps([str(playbooks)])}
        async with (
            service_process(
                directory / "orchestrator", "collegium.orchestrator", settings=orchestrating
            ) as orchestrator,
            service_process(
                directory / "worker",
                "collegium.agent.noop",
                *("--role", "worker", "--pause-ms", str(pause_ms)),
                settings=system.environment,
            ) as worker,
        ):
            system.processes += [orchestrator, worker]
            await orchestrator.ready()
            await worker.ready()
            watching = asyncio.create_task(system.watch())
            try:
                yield system
            finally:
                watching.cancel()
                await asyncio.wait([watching])
