"""Signs of life: who counts as lost, when nothing does, and what follows."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from agent_rig import until
from collegium.log.memory import MemoryBroker, MemoryLog
from collegium.log.partitioner import partition_for
from collegium.log.port import Log, NewTopic, Outgoing
from collegium.log.topics import TopicNames
from collegium.orchestrator.shell.beats import AttemptId, BeatReader, Beats
from collegium_schemas.objective import RunStatus
from collegium_schemas.tasks import FailureKind
from orchestrator_worlds import RUN, World, arrived, line, types

NAMES = TopicNames("t.")
BOUND_S = 20.0


def attempt(number: int = 1, subtask: str = "alpha", run: str = RUN) -> AttemptId:
    """An attempt."""
    return AttemptId(run, subtask, number)


def test_who_is_silent_for_too_long_is_told_once() -> None:
    """Each beat counts anew; after the bound the attempt is named, and forgotten."""
    beats = Beats(lost_ms=100)
    beats.heard(attempt(1), 0)
    beats.heard(attempt(2), 50)
    beats.heard(attempt(1), 90)
    assert beats.silent(149) == []
    assert beats.silent(150) == [attempt(2)]
    assert beats.silent(189) == []
    assert beats.silent(1_000) == [attempt(1)]
    assert beats.silent(10_000) == []
    assert len(beats) == 0


def test_time_in_which_nothing_could_be_heard_does_not_count() -> None:
    """After an absence everyone has the whole bound again, in the order in which they were heard."""
    beats = Beats(lost_ms=100)
    beats.heard(attempt(1), 0)
    beats.heard(attempt(2), 10)
    beats.anew(500)
    assert beats.silent(599) == []
    assert beats.silent(600) == [attempt(1), attempt(2)]


@dataclass
class Owner:
    """An owner that awaits what the test says."""

    awaited: set[AttemptId]
    told: list[AttemptId] = field(default_factory=list)

    def awaits(self, attempt: AttemptId) -> bool:
        """Whether the test says so."""
        return attempt in self.awaited

    def lost(self, attempt: AttemptId) -> None:
        """Remember."""
        self.told.append(attempt)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now_ms = 0

    def __call__(self) -> int:
        """The time."""
        return self.now_ms


@dataclass
class Scene:
    """A reader under way."""

    log: Log
    clock: Clock
    owners: dict[int, Owner]
    reader: BeatReader

    async def beat(self, attempt: AttemptId) -> None:
        """As an agent does."""
        producer = await self.log.producer()
        subject = f"{attempt.run_id}/{attempt.subtask_id}/{attempt.attempt}".encode()
        record = Outgoing(NAMES("progress"), attempt.run_id.encode(), b"{}", (("ce_subject", subject),))
        await (await producer.send(record))

    async def heard(self, count: int, attempt: AttemptId) -> None:
        """Beat until so many attempts are known."""
        async with asyncio.timeout(BOUND_S):
            while len(self.reader.beats) < count:
                await self.beat(attempt)
                await asyncio.sleep(0.01)

    async def looked(self) -> None:
        """Let the reader look again, twice."""
        for _ in range(2):
            before = self.reader.looks
            await until(lambda before=before: self.reader.looks > before, "the reader looks")  # type: ignore[misc]


@pytest.fixture(params=[4, 3])
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    """A reader for all four homes, whether `progress` has as many partitions or not."""
    log = MemoryLog(MemoryBroker())
    await log.create([NewTopic(NAMES("progress"), request.param, {})])
    clock = Clock()
    owners = {number: Owner(set()) for number in range(4)}
    reader = BeatReader(log, NAMES, owners, partitions=4, lost_ms=100, clock=clock)
    running = asyncio.create_task(reader.run())
    yield Scene(log, clock, owners, reader)
    running.cancel()
    await asyncio.wait([running])
    await log.close()


def home(run: str) -> int:
    """The partition of a run."""
    return partition_for(run.encode(), 4)


async def test_only_attempts_under_way_are_remembered_and_told(scene: Scene) -> None:
    """Beats of attempts that nobody awaits leave no entry; one that is awaited and falls silent is told its owner."""
    mine = attempt(2)
    owner = scene.owners[home(RUN)]
    owner.awaited = {mine}
    await scene.beat(attempt(1))
    await scene.heard(1, mine)
    await scene.beat(attempt(1, run="0190aaaa-0000-7000-8000-000000000002"))
    await scene.looked()
    assert len(scene.reader.beats) == 1
    for _ in range(3):
        scene.clock.now_ms += 40
        await scene.looked()
    assert owner.told == [mine]
    assert len(scene.reader.beats) == 0


async def test_an_attempt_that_has_ended_is_not_told(scene: Scene) -> None:
    """A result came before the silence was noticed."""
    owner = scene.owners[home(RUN)]
    owner.awaited = {attempt()}
    await scene.heard(1, attempt())
    owner.awaited = set()
    for _ in range(3):
        scene.clock.now_ms += 40
        await scene.looked()
    assert owner.told == []
    assert len(scene.reader.beats) == 0


async def test_a_reader_that_slept_tells_nobody(scene: Scene) -> None:
    """After a leap of the clock, as a stopped process sees it, attempts have the whole bound again."""
    owner = scene.owners[home(RUN)]
    owner.awaited = {attempt()}
    await scene.heard(1, attempt())
    scene.clock.now_ms += 10_000
    await scene.looked()
    assert owner.told == []


def world() -> World:
    """A run of one step that may be tried three times."""
    world = World(playbooks={"line": line("alpha", "beta")})
    world.take(arrived(playbook="line"))
    return world


def test_a_lost_worker_leads_to_another_attempt() -> None:
    """The silent attempt fails as worker_lost and is tried again; its late outcome is dropped."""
    scene = world()
    events = scene.fire("silence", "alpha", 1)
    assert types(events) == ["attempt_failed", "retry_scheduled"]
    assert events[0].failure.kind is FailureKind.WORKER_LOST  # type: ignore[union-attr]
    late = scene.part("alpha").attempt
    scene.now_ms = scene.part("alpha").retry_at_ms or 0
    assert types(scene.fire("retry", "alpha", 2)) == ["attempt_dispatched"]
    assert scene.fire("silence", "alpha", late) == []
    assert scene.part("alpha").attempt == 2


def test_poison_found_in_an_earlier_attempt_fails_the_subtask() -> None:
    """Attempts 1 and 2 are the same task: what killed three workers as attempt 1 is not waited for as attempt 2."""
    for meanwhile in ("backoff", "running"):
        scene = world()
        scene.fire("silence", "alpha", 1)
        if meanwhile == "running":
            scene.now_ms = scene.part("alpha").retry_at_ms or 0
            scene.fire("retry", "alpha", 2)
        events = scene.fail("alpha", FailureKind.POISON, attempt=1)
        expected = ["subtask_failed", "run_ended"]
        assert types(events) == (["attempt_failed", *expected] if meanwhile == "running" else expected)
        assert scene.live().header.status is RunStatus.FAILED


def test_other_late_failures_of_an_earlier_attempt_change_nothing() -> None:
    """Only poison speaks of the task itself."""
    scene = world()
    scene.fire("silence", "alpha", 1)
    assert scene.fail("alpha", FailureKind.INTERNAL, attempt=1) == []
