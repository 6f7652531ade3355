"""The whole system for end-to-end tests: broker and services as processes, the command line, and what the topics say.

Each specialist runs behind a gate (`gated_specialist`), which is open unless a test closes it for one run.
"""

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uuid6 import uuid7

from collegium.cli.following import Decision, follow
from collegium.embedded.operate import stack_health, start_detached, stop_stack
from collegium.embedded.probe import until
from collegium.embedded.progress import SilentProgress
from collegium.embedded.settings import EmbeddedSettings
from collegium.embedded.stack import StackOptions
from collegium.embedded.state import ServiceState, StackFiles, StackState
from collegium.ledger.folding import RunRecord, fold
from collegium.ledger.reading import HistoryReader
from collegium.ledger.views import RunView
from collegium.log.kafka import open_log
from collegium.log.port import Log, Outgoing, TopicPartition
from collegium.log.settings import KafkaSettings
from collegium.log.topics import TopicNames
from collegium.retrieval.corpus import Corpus
from collegium_schemas.events import RunDecided
from collegium_schemas.objective import ObjectiveSubmitted

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
CORPUS = "kafka-docs"
SPECIALISTS = ("analysis", "delivery", "drafting", "retrieval", "verification")
SESSION_TIMEOUT_MS = 3_000
BOUND_S = 45.0
_GATED = Path(__file__).with_name("gated_specialist.py")
_POLL_MS = 100
_LOOK_S = 0.03


@dataclass(frozen=True, slots=True)
class Answer:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever the command printed
        """The one JSON value on standard output."""
        return json.loads(self.out)


class Gates:
    """Holds attempts of a role and run, in the middle of their work."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory

    def _place(self, role: str, run_id: str) -> Path:
        return self.directory / f"{role}@{run_id}"

    def close(self, role: str, run_id: str) -> None:
        """Hold every attempt of the role at this run."""
        self._place(role, run_id).with_suffix(".hold").touch()

    def open(self, role: str, run_id: str) -> None:
        """Let them go on."""
        self._place(role, run_id).with_suffix(".hold").unlink()

    async def held(self, role: str, run_id: str, *, other_than: int = 0) -> int:
        """Wait until an attempt is being held; the process that holds it."""
        place = self._place(role, run_id).with_suffix(".held")
        found = 0

        def there() -> bool:
            nonlocal found
            text = place.read_text() if place.exists() else ""
            found = int(text) if text else 0
            return found not in (0, other_than)

        await eventually(there, f"{role} holds an attempt of {run_id}")
        return found

    async def stopped(self, role: str, run_id: str) -> None:
        """Wait until a held attempt was told to stop."""
        await eventually(self._place(role, run_id).with_suffix(".stopped").exists, f"{role} stops working on {run_id}")


@dataclass(frozen=True, slots=True)
class FullStack:
    """A running system."""

    data_dir: Path
    environment: Mapping[str, str]
    """Of the command line."""
    log: Log
    names: TopicNames
    gates: Gates

    async def cli(self, *arguments: str | Path, timeout_s: float = BOUND_S, **environment: str) -> Answer:
        """Run `collegium` with these arguments to its end."""
        return await run_cli(*arguments, environment={**self.environment, **environment}, timeout_s=timeout_s)

    async def submit(self, objective: ObjectiveSubmitted) -> str:
        """Send an objective as any Kafka client would; its run_id."""
        run_id = objective.run_id or new_run_id()
        body = objective.model_copy(update={"run_id": run_id}).to_json()
        producer = await self.log.producer()
        try:
            await (await producer.send(Outgoing(self.names("objectives"), run_id.encode(), body)))
        finally:
            await producer.close()
        return run_id

    async def until(self, run_id: str, condition: Callable[[RunView], bool], what: str) -> RunView:
        """Follow a run until its view fulfils a condition."""
        record = RunRecord()
        try:
            async with (
                asyncio.timeout(BOUND_S),
                follow(self.log, self.names, run_id, start="earliest") as follower,
            ):
                while (view := record.view()) is None or not condition(view):
                    for update in await follower.poll(_POLL_MS):
                        if isinstance(update, Decision):
                            record = fold(record, update.decided, update.source)
                return view
        except TimeoutError:
            found = record.view()
            seen = (
                "nothing" if found is None else f"{found.status}: {[(s.subtask_id, s.status) for s in found.subtasks]}"
            )
            raise AssertionError(f"run {run_id}: not {what} within {BOUND_S:.0f} s; there is {seen}") from None

    async def ended(self, run_id: str) -> RunView:
        """Follow a run to its end."""
        return await self.until(run_id, lambda view: view.status.terminal, "ended")

    async def history(self, run_id: str) -> list[RunDecided]:
        """Every record of run-events with this key, in order, duplicates included if there were any."""
        home = await HistoryReader(self.log, self.names).home(run_id)
        return [RunDecided.read(value) for key, value in await self._records(home) if key == run_id and value]

    async def state(self, run_id: str) -> dict[str, bytes]:
        """The run's parts as run-state holds them now, by name."""
        home = await HistoryReader(self.log, self.names).home(run_id)
        parts: dict[str, bytes] = {}
        for key, value in await self._records(TopicPartition(self.names("run-state"), home.partition)):
            owner, _, part = key.partition("/")
            if owner == run_id:
                parts.pop(part, None)
                parts |= {} if value is None else {part: value}
        return parts

    async def _records(self, source: TopicPartition) -> list[tuple[str, bytes | None]]:
        end = (await self.log.end_offsets([source]))[source]
        consumer = await self.log.assign({source: "earliest"})
        found: list[tuple[str, bytes | None]] = []
        try:
            async with asyncio.timeout(BOUND_S):
                while await consumer.position(source) < end:
                    for records in (await consumer.poll(max_records=1_000, timeout_ms=_POLL_MS)).values():
                        found += [((record.key or b"").decode(), record.value) for record in records]
        finally:
            await consumer.close()
        return found

    def service(self, name: str) -> ServiceState:
        """What the supervisor says of a process now, such as `retrieval-1`."""
        state = StackFiles.of(self.data_dir).read_state()
        assert state is not None, "the stack is not running"
        return next(service for service in state.services if service.name == name)

    async def restarted(self, name: str, killed_pid: int) -> ServiceState:
        """Wait until the supervisor has another process in the place of a killed one, and it is ready."""

        def again() -> bool:
            found = self.service(name)
            return found.phase == "ready" and found.pid not in (None, killed_pid)

        await eventually(again, f"{name} runs again")
        return self.service(name)

    async def healthy(self) -> None:
        """Wait until everything answers."""

        async def answers() -> bool:
            return (await stack_health(self.data_dir)).healthy

        async with asyncio.timeout(BOUND_S):
            await until(answers, pause_s=_LOOK_S)


@asynccontextmanager
async def full_stack(directory: Path, otlp_endpoint: str, jaeger_url: str) -> AsyncGenerator[FullStack]:
    """Start everything in a directory of its own, with the demo corpus; stop it at the end."""
    data_dir, gates = directory / "data", Gates(directory / "gates")
    report = await asyncio.to_thread(Corpus(data_dir, CORPUS).add, [EXAMPLES / "corpora" / CORPUS])
    assert not report.skipped, report.skipped
    state = await start_detached(_options(data_dir, gates, otlp_endpoint), progress=SilentProgress())
    try:
        kafka = KafkaSettings(bootstrap=_bootstrap(state))
        async with open_log(kafka, client_id="e2e") as log:
            environment = cli_environment(data_dir, otlp_endpoint, jaeger_url)
            yield FullStack(data_dir, environment, log, TopicNames(kafka.topic_prefix), gates)
    finally:
        await stop_stack(data_dir)


def _options(data_dir: Path, gates: Gates, otlp_endpoint: str) -> StackOptions:
    return StackOptions(
        data_dir=data_dir,
        cache_dir=EmbeddedSettings().cache_dir,
        instances={"orchestrator": 1, "ledger": 1, **dict.fromkeys(SPECIALISTS, 1)},
        specialists=SPECIALISTS,
        kafka_port=0,
        service_environment={
            "OTEL_EXPORTER_OTLP_ENDPOINT": otlp_endpoint,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
            "COLLEGIUM_KAFKA_SESSION_TIMEOUT_MS": str(SESSION_TIMEOUT_MS),
            "COLLEGIUM_KAFKA_HEARTBEAT_INTERVAL_MS": "500",
            "COLLEGIUM_ORCHESTRATOR_PLAYBOOK_DIRS": json.dumps([str(ROOT / "tests" / "e2e" / "playbooks")]),
            # Vectors are computed behind the scenes: which searches have them already is a matter of time.
            "COLLEGIUM_RETRIEVAL_VECTORS": "off",
        },
        commands={role: (sys.executable, str(_GATED), role, str(gates.directory)) for role in SPECIALISTS},
    )


def cli_environment(data_dir: Path, otlp_endpoint: str | None = None, jaeger_url: str | None = None) -> dict[str, str]:
    """What the command line is given, beside what this process has."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("COLLEGIUM_", "OTEL_"))}  # noqa: TID251 - handed on to the child; PATH, HOME and the like
    environment = {
        **inherited,
        "COLLEGIUM_DATA_DIR": str(data_dir),
        "COLLEGIUM_CACHE_DIR": str(EmbeddedSettings().cache_dir),
        "COLLEGIUM_RETRIEVAL_VECTORS": "off",
    }
    if otlp_endpoint is not None:
        environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = otlp_endpoint
    if jaeger_url is not None:
        environment["COLLEGIUM_JAEGER_URL"] = jaeger_url
    return environment


async def run_cli(*arguments: str | Path, environment: Mapping[str, str], timeout_s: float = BOUND_S) -> Answer:
    """Run `collegium` to its end; it is killed at the time-out."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "collegium.cli", *arguments, env=environment, stdin=DEVNULL, stdout=PIPE, stderr=PIPE
    )
    try:
        async with asyncio.timeout(timeout_s):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        out, err = await process.communicate()
        given = " ".join(map(str, arguments))
        raise AssertionError(f"`collegium {given}` did not end in {timeout_s} s: {out!r} {err!r}") from None
    return Answer(process.returncode or 0, out.decode(), err.decode())


async def eventually(condition: Callable[[], bool], what: str, bound_s: float = BOUND_S) -> None:
    """Wait until a condition holds."""

    async def holds() -> bool:
        return condition()

    try:
        async with asyncio.timeout(bound_s):
            await until(holds, pause_s=_LOOK_S)
    except TimeoutError:
        raise AssertionError(f"not within {bound_s:.0f} s: {what}") from None


def new_run_id() -> str:
    """A run id as the command line makes it."""
    return str(uuid7())


def demo_objective(name: str) -> ObjectiveSubmitted:
    """One of the objectives in `examples/objectives`."""
    return ObjectiveSubmitted.read_strict((EXAMPLES / "objectives" / f"{name}.json").read_bytes())


def objective(goal: str, run_id: str | None = None, playbook: str = "research-report") -> ObjectiveSubmitted:
    """An objective on the demo corpus."""
    return ObjectiveSubmitted(goal=goal, run_id=run_id, corpus=CORPUS, playbook=playbook)


def _told(view: RunView | None) -> str:
    if view is None:
        return "nothing"
    return f"{view.status}: {', '.join(f'{part.subtask_id} {part.status}' for part in view.subtasks)}"


def _bootstrap(state: StackState) -> str:
    assert state.bootstrap is not None
    return state.bootstrap
