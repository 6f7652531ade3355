"""The log goes away while tasks are under way: the runtime waits, goes on, and gives up in the end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Collection, Mapping, Sequence

import pytest

from agent_rig import Rig, Scripted, new_task, rigged, until
from collegium.agent.errors import LogGone
from collegium.agent.patience import Patience
from collegium.agent.specialist import Output, Success, Workbench
from collegium.log.errors import LogUnavailable
from collegium.log.memory import MemoryBroker, MemoryLog
from collegium.log.port import Consumer, Outgoing, Position, Producer, Record, TopicPartition
from collegium_schemas.evidence import ReportText
from collegium_schemas.tasks import TaskRequested, TaskSucceeded


class Link:
    """The way to the broker, which a test can cut."""

    def __init__(self) -> None:
        self.cut = False
        self.commits_cut = False
        self.refused = 0

    def check(self) -> None:
        """Raise when cut."""
        if self.cut:
            self.refused += 1
            raise LogUnavailable("the link is cut")


class CutProducer:
    """A producer whose records are written, but not acknowledged, over a cut link."""

    def __init__(self, inner: Producer, link: Link) -> None:
        self._inner = inner
        self._link = link

    async def send(self, record: Outgoing) -> Awaitable[Position]:
        """Write, and lose the acknowledgement when the link is cut."""
        written = await self._inner.send(record)

        async def acknowledged() -> Position:
            position = await written
            self._link.check()
            return position

        return acknowledged()

    async def close(self) -> None:
        """As the inner one."""
        await self._inner.close()


class CutConsumer:
    """A consumer that hears nothing over a cut link."""

    def __init__(self, inner: Consumer, link: Link) -> None:
        self._inner = inner
        self._link = link

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    async def poll(
        self, *, max_records: int, timeout_ms: int, partitions: Collection[TopicPartition] = ()
    ) -> Mapping[TopicPartition, Sequence[Record]]:
        """Fail, or poll."""
        self._link.check()
        return await self._inner.poll(max_records=max_records, timeout_ms=timeout_ms, partitions=partitions)

    async def commit(
        self, offsets: Mapping[TopicPartition, int], metadata: Mapping[TopicPartition, str] | None = None
    ) -> None:
        """Fail, or commit."""
        self._link.check()
        if self._link.commits_cut:
            raise LogUnavailable("the coordinator is gone")
        await self._inner.commit(offsets, metadata)


class CutLog(MemoryLog):
    """A memory log behind a link."""

    def __init__(self, broker: MemoryBroker, link: Link) -> None:
        super().__init__(broker)
        self._link = link

    async def producer(self) -> CutProducer:  # type: ignore[override]
        """Open a producer, if the link is there."""
        self._link.check()
        return CutProducer(await super().producer(), self._link)

    async def subscribe(self, *args: object, **kwargs: object) -> CutConsumer:  # type: ignore[override]
        """Join a group, if the link is there."""
        self._link.check()
        return CutConsumer(await super().subscribe(*args, **kwargs), self._link)  # type: ignore[arg-type]

    async def assign(self, *args: object) -> CutConsumer:  # type: ignore[override]
        """Read, if the link is there."""
        self._link.check()
        return CutConsumer(await super().assign(*args), self._link)  # type: ignore[arg-type]


@pytest.fixture
def broker() -> MemoryBroker:
    """What all connections of a test share."""
    return MemoryBroker()


@pytest.fixture
async def rig(broker: MemoryBroker) -> AsyncIterator[Rig]:
    """A rig on that broker."""
    async with rigged(lambda: MemoryLog(broker)) as rig:
        yield rig


def held(door: asyncio.Event) -> Scripted:
    """A specialist that waits at a door and returns an output."""

    async def perform(task: TaskRequested, bench: Workbench) -> Success:
        await door.wait()
        return Success(outputs=[Output("report", ReportText(title="t", markdown="m"))])

    return Scripted(perform)


async def test_an_absence_in_the_middle_of_a_run_loses_nothing(
    rig: Rig, broker: MemoryBroker, caplog: pytest.LogCaptureFixture
) -> None:
    """Results that cannot be sent wait until the log is back, which is told once; then work goes on as before."""
    caplog.set_level("INFO", "collegium.agent.patience")
    link, door = Link(), asyncio.Event()
    specialist = held(door)
    running = rig.start(specialist, log=CutLog(broker, link))
    await rig.submit(new_task(), new_task())
    await until(lambda: len(specialist.performed) == 2, "both are under way")
    link.cut = True
    door.set()
    await until(lambda: link.refused >= 6, "reading and writing were tried again and again")
    assert running.value("agent_tasks_total", outcome="succeeded", kind="") == 0
    link.cut = False
    third = new_task()
    await rig.submit(third)
    await until(lambda: running.value("agent_tasks_total", outcome="succeeded", kind="") == 3, "all are answered")
    await running.drain()
    assert len(specialist.performed) == 3
    assert await rig.committed() == 3
    told = [record.getMessage() for record in caplog.records if record.getMessage().startswith("writing: ")]
    assert [line.split(" (")[0] for line in told] == ["writing: the log does not answer", "writing: the log is back"]


async def test_a_log_absent_at_the_start_is_waited_for(rig: Rig, broker: MemoryBroker) -> None:
    """The runtime begins when the log is there."""
    link = Link()
    link.cut = True
    rig.start(Scripted(), log=CutLog(broker, link))
    await rig.submit(new_task())
    await until(lambda: link.refused >= 2, "it was tried")
    link.cut = False
    assert isinstance(await rig.result(), TaskSucceeded)


async def test_a_long_absence_ends_the_service_and_loses_nothing(rig: Rig, broker: MemoryBroker) -> None:
    """Past the bound the runtime ends with what to do; the next process performs the unanswered task."""
    link, door = Link(), asyncio.Event()
    specialist = held(door)
    running = rig.start(specialist, log=CutLog(broker, link), patience=Patience(bound_ms=200))  # type: ignore[arg-type]
    await rig.submit(new_task())
    await until(lambda: len(specialist.performed) == 1, "it is under way")
    link.cut = True
    door.set()
    await until(running.task.done, "the runtime gave up")
    with pytest.RaisesGroup(pytest.RaisesExc(LogGone, match="COLLEGIUM_KAFKA_BOOTSTRAP"), allow_unwrapped=False):
        running.task.result()
    sent = await rig.count("results")
    rig.start(Scripted())
    assert len(await rig.results(sent + 1)) == sent + 1


async def test_a_drain_does_not_wait_for_a_log_that_is_not_there(rig: Rig, broker: MemoryBroker) -> None:
    """A process told to stop while it waits for the log stops."""
    link = Link()
    link.cut = True
    running = rig.start(Scripted(), log=CutLog(broker, link))
    await until(lambda: link.refused >= 1, "it was tried")
    await running.drain()


async def test_a_refused_commit_is_tried_again(rig: Rig, broker: MemoryBroker) -> None:
    """What could not be committed is committed later, and counted."""
    link = Link()
    link.commits_cut = True
    running = rig.start(Scripted(), log=CutLog(broker, link))
    await rig.submit(new_task())
    await until(lambda: running.value("agent_commit_failures_total") >= 2, "commits were refused")
    link.commits_cut = False
    await running.drain()
    assert await rig.committed() == 1
