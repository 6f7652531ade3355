"""A rig for agent tests: a log with topics, tasks to send, specialists to script, results to wait for."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from collegium.agent.config import RuntimeConfig
from collegium.agent.metrics import AgentMetrics
from collegium.agent.runtime import AgentRuntime
from collegium.agent.specialist import Success, Workbench
from collegium.log.port import Log, Outgoing, Position, Record, TopicPartition
from collegium.log.topics import TopicNames, required
from collegium.telemetry.memory import MemoryTracing
from collegium.telemetry.metrics import Metrics
from collegium_schemas.base import TraceContext
from collegium_schemas.envelope import Envelope, Headers, decode, encode_headers
from collegium_schemas.tasks import ControlScope, ControlState, TaskFailed, TaskInput, TaskRequested, TaskSucceeded

ROLE = "scripted"
BOUND_S = 20.0
TRACE = TraceContext(traceparent="00-0123456789abcdef0123456789abcdef-00f067aa0ba902b7-01")

Perform = Callable[[TaskRequested, Workbench], Awaitable[Success]]


def now_ms() -> int:
    """The wall clock."""
    return time.time_ns() // 1_000_000


async def succeed(task: TaskRequested, bench: Workbench) -> Success:
    """A specialist's work that needs none."""
    return Success()


@dataclass
class Scripted:
    """A specialist that does what the test says, and remembers for which tasks."""

    script: Perform = succeed
    role: str = ROLE
    performed: list[str] = field(default_factory=list)

    async def perform(self, task: TaskRequested, bench: Workbench) -> Success:
        """Remember and do."""
        self.performed.append(task.task_id)
        return await self.script(task, bench)


def new_task(
    *,
    run_id: str | None = None,
    subtask_id: str = "s1",
    attempt: int = 1,
    role: str = ROLE,
    deadline_ms: int = 30_000,
    inputs: Sequence[TaskInput] = (),
    outputs: Sequence[str] = (),
) -> TaskRequested:
    """A task whose deadline lies `deadline_ms` ahead."""
    now = now_ms()
    return TaskRequested(
        run_id=run_id or str(uuid.uuid4()),
        subtask_id=subtask_id,
        attempt=attempt,
        role=role,
        step="step",
        instruction="do it",
        goal="a goal",
        corpus="default",
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        dispatched_at_ms=now,
        deadline_at_ms=max(0, now + deadline_ms),
    )


def task_record(names: TopicNames, task: TaskRequested, *, partition: int | None = None) -> Outgoing:
    """A task as the orchestrator writes it."""
    envelope = Envelope(task.task_id, "/test", task.TYPE, now_ms(), task.task_id, TRACE)
    topic = names.tasks(task.role)
    return Outgoing(topic, task.run_id.encode(), task.to_json(), encode_headers(envelope), partition)


async def until(condition: Callable[[], bool], what: str, bound_s: float = BOUND_S) -> None:
    """Wait for a condition, looking at it again and again; fails the test past the bound."""
    try:
        async with asyncio.timeout(bound_s):
            while not condition():  # noqa: ASYNC110 - any condition, not one that somebody signals
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"not within {bound_s} s: {what}") from None


class Running:
    """A runtime under way."""

    def __init__(self, runtime: AgentRuntime, tracing: MemoryTracing, metrics: Metrics) -> None:
        self.runtime = runtime
        self.tracing = tracing
        self._metrics = metrics
        self.task = asyncio.create_task(runtime.run())

    async def drain(self) -> None:
        """Stop as SIGTERM does."""
        self.runtime.drain()
        async with asyncio.timeout(BOUND_S):
            await self.task

    async def crash(self) -> None:
        """End without a last commit, as far as a process can do that to a part of itself."""
        self.task.cancel()
        await asyncio.wait([self.task])

    async def ready(self) -> None:
        """Until tasks are taken."""
        await until(lambda: self.task.done() or self.runtime.ready() is True, "the runtime is ready")
        if self.task.done():
            self.task.result()

    def value(self, name: str, **labels: str) -> float:
        """A metric's value; 0 when it was never touched."""
        return self._metrics.registry.get_sample_value(f"collegium_{name}", {"role": ROLE, **labels}) or 0.0


class Rig:
    """One log with the topics of one system."""

    def __init__(self, open_log: Callable[[], Log], prefix: str = "test.") -> None:
        self._open_log = open_log
        self.log = open_log()
        self.names = TopicNames(prefix)
        self._running: list[Running] = []
        self._logs: list[Log] = [self.log]

    async def set_up(self) -> None:
        """Create the topics."""
        await self.log.create(required(self.names, [ROLE], 2))
        self._producer = await self.log.producer()

    async def tear_down(self) -> None:
        """End what still runs."""
        for running in self._running:
            if not running.task.done():
                await running.crash()
        for log in self._logs:
            await log.close()

    def start(self, specialist: Scripted, *, log: Log | None = None, **config: int | str) -> Running:
        """Run a specialist on a connection of its own."""
        if log is None:
            log = self._open_log()
            self._logs.append(log)
        tracing, metrics = MemoryTracing(), Metrics("test", "0", process_collectors=False)
        # Each is a process of its own; two of them may start within a millisecond, as processes of one name cannot.
        worker = f"test-{len(self._running)}"
        behaviour = RuntimeConfig(worker=worker, names=self.names, **config)  # type: ignore[arg-type]
        runtime = AgentRuntime(
            specialist, log, tracing, AgentMetrics(metrics, specialist.role), behaviour, clock=now_ms
        )
        running = Running(runtime, tracing, metrics)
        self._running.append(running)
        return running

    async def write(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        partition: int | None = None,
    ) -> Position:
        """Write any record to a topic, named without prefix."""
        return await (await self._producer.send(Outgoing(self.names(topic), key, value, headers, partition)))

    async def submit(self, *tasks: TaskRequested, partition: int | None = None) -> None:
        """Send tasks as the orchestrator does."""
        for task in tasks:
            await (await self._producer.send(task_record(self.names, task, partition=partition)))

    async def stop_run(self, run_id: str, *, stopped: bool = True, run_accepted_at_ms: int | None = None) -> None:
        """Give the order that a run stops, or no longer stops."""
        order = ControlState(
            scope=ControlScope.RUN,
            name=run_id,
            run_accepted_at_ms=run_accepted_at_ms,
            stopped=stopped,
            at_ms=now_ms(),
        )
        envelope = Envelope(f"control/{run_id}", "/test", order.TYPE, now_ms())
        await self.write("control", f"run/{run_id}".encode(), order.to_json(), encode_headers(envelope))

    async def records(self, topic: str, count: int, bound_s: float = BOUND_S) -> list[Record]:
        """The first `count` records of a topic, all partitions together."""
        full = self.names(topic)
        described = await self.log.describe([full])
        partitions = [TopicPartition(full, number) for number in range(described[full].partitions)]
        consumer = await self.log.assign(dict.fromkeys(partitions, "earliest"))
        found: list[Record] = []
        try:
            async with asyncio.timeout(bound_s):
                while len(found) < count:
                    for records in (await consumer.poll(max_records=500, timeout_ms=200)).values():
                        found.extend(records)
        except TimeoutError:
            raise AssertionError(f"{topic} has {len(found)} of {count} records after {bound_s} s") from None
        finally:
            await consumer.close()
        return found

    async def results(self, count: int) -> list[TaskSucceeded | TaskFailed]:
        """The first `count` results."""
        return [
            decode(record.headers, record.value, TaskSucceeded, TaskFailed)
            for record in await self.records("results", count)
        ]

    async def result(self) -> TaskSucceeded | TaskFailed:
        """The one result."""
        [result] = await self.results(1)
        return result

    async def count(self, topic: str) -> int:
        """How many committed records a topic without transactions holds."""
        full = self.names(topic)
        described = await self.log.describe([full])
        partitions = [TopicPartition(full, number) for number in range(described[full].partitions)]
        return sum((await self.log.end_offsets(partitions)).values())

    async def committed(self) -> int:
        """How many task records the role's group has committed, all partitions together. Joins the group to see."""
        consumer = await self.log.subscribe([self.names.tasks(ROLE)], group=self.names(ROLE))
        await until(lambda: len(consumer.assignment()) == 8, "the group gave out its partitions")
        consumer.pause(consumer.assignment())
        positions = [await consumer.position(partition) for partition in consumer.assignment()]
        await consumer.close()
        return sum(positions)


@asynccontextmanager
async def rigged(open_log: Callable[[], Log], prefix: str = "test.") -> AsyncIterator[Rig]:
    """A rig, set up and torn down."""
    rig = Rig(open_log, prefix)
    try:
        await rig.set_up()
        yield rig
    finally:
        await rig.tear_down()
