"""An owner that has to start again: how long it waits, whom it asks, and what a finished run leaves behind."""

import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from collegium.log.errors import LogError, OutcomeUnknown
from collegium.log.memory import MemoryBroker, MemoryLog
from collegium.log.port import NewTopic, TopicPartition, TransactionalProducer
from collegium.orchestrator.core.model import Rules
from collegium.orchestrator.shell.membership import Pauses, until_ours
from collegium.orchestrator.shell.owner import INPUTS, OwnerLimits, PartitionOwner
from collegium.orchestrator.shell.parts import POSITION_KEY
from collegium.orchestrator.shell.service import Orchestrator
from collegium_schemas.objective import Action, Intervention
from collegium_schemas.tasks import Failure, FailureKind, TaskFailed, TaskRequested, TaskSucceeded
from memory_worlds import NAMES, MemoryWorld, done, now_ms, running, until
from orchestrator_worlds import line

INPUT = TopicPartition("in", 0)


@dataclass
class SteppingClock:
    """The wall clock, moved at will."""

    ahead_ms: int = 0

    def __call__(self) -> int:
        """The time as this clock has it."""
        return now_ms() + self.ahead_ms


class FailingLog(MemoryLog):
    """A log on which so many commits fail with an unknown outcome, before or after they took effect in turn."""

    def __init__(self, broker: MemoryBroker, failures: int) -> None:
        super().__init__(broker)
        self.failures = failures

    async def transactional_producer(self, transactional_id: str) -> TransactionalProducer:  # type: ignore[override]
        """A producer whose commits may fail."""
        producer = await super().transactional_producer(transactional_id)
        commit = producer.commit

        async def unsure() -> None:
            self.failures -= 1
            if self.failures < 0 or self.failures % 2:
                await commit()
            if self.failures >= 0:
                raise OutcomeUnknown("no answer")

        producer.commit = unsure  # type: ignore[method-assign]
        return producer


async def world() -> MemoryWorld:
    """A prepared world with one partition and one step."""
    made = MemoryWorld(line("alpha"), 1)
    await made.prepare()
    return made


def orchestrator(
    it: MemoryWorld,
    *,
    log: MemoryLog | None = None,
    clock: SteppingClock | None = None,
    archive_after_ms: int = 86_400_000,
    registry: CollectorRegistry | None = None,
) -> Orchestrator:
    """An orchestrator with short pauses."""
    rules = Rules({it.playbook.name: it.playbook}, archive_after_ms=archive_after_ms)
    limits = OwnerLimits(first_pause_ms=1, longest_pause_ms=20)
    return Orchestrator(it.context(log, limits, rules=rules, registry=registry, clock=clock or SteppingClock()))


def objective(run_id: str) -> bytes:
    """An objective's body."""
    return b'{"goal":"What is a topic?","playbook":"line","run_id":"%s"}' % run_id.encode()


def test_pauses_grow_until_something_succeeds() -> None:
    """They double from the first to the longest, and begin anew after a success."""
    pauses = Pauses(50, 300)
    assert [pauses.failed() for _ in range(5)] == [0.05, 0.1, 0.2, 0.3, 0.3]
    pauses.succeeded()
    assert pauses.failed() == 0.05
    assert [pauses.failed() for _ in range(100)][-1] == 0.3


async def test_commits_of_unknown_outcome_lose_and_repeat_nothing() -> None:
    """Some of the failed commits took effect and some did not: state tells, and each run ends once."""
    it = await world()
    run_ids = [str(uuid.uuid4()) for _ in range(6)]
    log = FailingLog(it.broker, failures=7)
    async with running(orchestrator(it, log=log).run(), it.specialist("alpha", done)):
        for run_id in run_ids:
            await it.send("objectives", objective(run_id), run_id)
        runs = await it.until_ended(6)
    assert log.failures <= 5, "one took effect, one did not"
    assert set(runs) == set(run_ids)
    assert sorted(it.dispatched) == sorted(f"{run_id}/alpha/1" for run_id in run_ids)
    for history in runs.values():
        assert [decided.version for decided in history] == [1, 2]


async def test_asking_for_the_partition_before_a_restore_moves_no_offset() -> None:
    """The group's own position is committed again, not the beginning of the topic."""
    broker = MemoryBroker()
    async with MemoryLog(broker) as log:
        await log.create([NewTopic("in", 1, {})])
        producer = await log.producer()
        await producer.close()
        first = await log.subscribe(["in"], group="g")
        await first.commit({INPUT: 7})
        await first.close()
        member = await log.subscribe(["in"], group="g")
        await until_ours(log, member, [INPUT], {}, pause_s=0.01)
        assert broker.committed("g")[INPUT] == 7
        await until_ours(log, member, [INPUT], {"in": 9}, pause_s=0.01)
        assert broker.committed("g")[INPUT] == 9


async def test_a_refused_member_asks_again() -> None:
    """A refusal that no rebalance follows does not leave the partition without owner."""
    broker = MemoryBroker()
    async with MemoryLog(broker) as log:
        await log.create([NewTopic("in", 1, {})])
        member = await log.subscribe(["in"], group="g")
        commit, refusals = member.commit, [LogError("not you"), LogError("not you")]

        async def refusing(*args: object) -> None:
            if refusals:
                raise refusals.pop()
            await commit(*args)  # type: ignore[arg-type]

        member.commit = refusing  # type: ignore[method-assign]
        await until_ours(log, member, [INPUT], {"in": 3}, pause_s=0.001)
        assert not refusals
        assert broker.committed("g")[INPUT] == 3


def tried(task: TaskRequested) -> TaskSucceeded | TaskFailed:
    """Fails once for a reason that is retried."""
    if task.attempt > 1:
        return done(task)
    return TaskFailed(
        run_id=task.run_id,
        subtask_id=task.subtask_id,
        attempt=task.attempt,
        role=task.role,
        worker="test",
        started_at_ms=1,
        ended_at_ms=2,
        failure=Failure(kind=FailureKind.RATE_LIMITED, message="slow down"),
    )


async def test_a_retry_that_came_due_in_a_pause_survives_a_clock_that_steps_back() -> None:
    """Its timer was spent while the run was paused; resumed before its time, it is armed again."""
    it, clock, registry, run_id = await world(), SteppingClock(), CollectorRegistry(), str(uuid.uuid4())
    step = it.playbook.steps[0]
    patient = step.model_copy(update={"retry": step.retry.model_copy(update={"base_delay_ms": 5_000})})
    it.playbook = it.playbook.model_copy(update={"steps": (patient,)})

    def spent() -> bool:
        return bool(registry.get_sample_value("collegium_orchestrator_inputs_dropped_total", {"reason": "stale_timer"}))

    async def say(action: Action, event: str) -> None:
        await it.send("interventions", Intervention(run_id=run_id, action=action).to_json(), run_id)
        await it.until_history(lambda runs: any(e.type == event for d in runs.get(run_id, ()) for e in d.events))

    working = it.specialist("alpha", tried)
    async with running(orchestrator(it, clock=clock, registry=registry).run(), working):
        await it.send("objectives", objective(run_id), run_id)
        await it.until_history(
            lambda runs: any(e.type == "retry_scheduled" for d in runs.get(run_id, ()) for e in d.events)
        )
        await say(Action.PAUSE, "run_paused")
        clock.ahead_ms += 10_000
        await it.send("interventions", b"no JSON, but it wakes the owner")
        await until(spent)
        clock.ahead_ms -= 20_000
        await say(Action.RESUME, "run_resumed")
        clock.ahead_ms += 30_000
        await it.send("interventions", b"no JSON either")
        await it.until_ended(1)
    assert it.dispatched == [f"{run_id}/alpha/1", f"{run_id}/alpha/2"]


async def test_an_archived_run_leaves_nothing_in_the_compacted_topics() -> None:
    """Completed, cancelled or refused: header, objective, plan, subtasks and the order to stop are all gone."""
    it = await world()
    completed, cancelled, refused = (str(uuid.uuid4()) for _ in range(3))
    archived = {completed, cancelled, refused}
    work = it.specialist("alpha", lambda task: done(task) if task.run_id == completed else None)
    async with running(orchestrator(it, archive_after_ms=1).run(), work):
        for run_id in (completed, cancelled):
            await it.send("objectives", objective(run_id), run_id)
        await it.send("objectives", b"no JSON", refused)
        await until(lambda: len(it.dispatched) == 2)
        await it.send("interventions", Intervention(run_id=cancelled, action=Action.CANCEL).to_json(), cancelled)
        await it.until_history(
            lambda runs: (
                {run for run, history in runs.items() for d in history for e in d.events if e.type == "run_archived"}
                == archived
            )
        )
    held = {(record.key or b"").decode() for record in await it.read("run-state")}
    assert {f"{run}/{name}" for run in (completed, cancelled) for name in ("header", "objective", "plan")} <= held
    for topic in ("run-state", "control"):
        it.broker.compact(NAMES(topic))
    left = {(record.key or b"").decode() for record in await it.read("run-state")}
    assert all(key.startswith(POSITION_KEY) for key in left)
    assert not await it.read("control")
    registry = CollectorRegistry()
    again = orchestrator(it, registry=registry)
    async with running(again.run()):
        await until(lambda: again.ready)
    assert registry.get_sample_value("collegium_orchestrator_restores_total") == 1


class CountingLog(MemoryLog):
    """A log that counts how often run-state is read."""

    def __init__(self, broker: MemoryBroker) -> None:
        super().__init__(broker)
        self.restores = 0

    async def beginning_offsets(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Where a restore begins."""
        self.restores += any(partition.topic == NAMES("run-state") for partition in partitions)
        return await super().beginning_offsets(partitions)


async def rebalanced(
    it: MemoryWorld, log: CountingLog, between: Callable[[], Awaitable[None]], *, runs: int = 2
) -> None:
    """Take the partition away from its owner, do something, and give it back; so many runs end in all."""
    shared = it.context(log)
    orchestrator = Orchestrator(shared)
    async with running(orchestrator.run(), it.specialist("alpha", done)):
        await it.send("objectives", objective(str(uuid.uuid4())))
        await it.until_ended(1)
        await until(lambda: orchestrator.ready)
        partitions = frozenset(TopicPartition(NAMES(name), 0) for name in INPUTS)
        await orchestrator.revoked(partitions)
        await between()
        await orchestrator.assigned(partitions)
        await it.send("objectives", objective(str(uuid.uuid4())))
        histories = await it.until_ended(runs)
    assert max(Counter(it.dispatched).values()) == 1
    for history in histories.values():
        assert [decided.version for decided in history] == list(range(1, len(history) + 1))


async def test_a_partition_that_comes_back_unchanged_is_not_read_again() -> None:
    """A rebalance that leaves a partition where it was costs no restore."""
    it = await world()
    log = CountingLog(it.broker)

    async def nothing() -> None:
        pass

    await rebalanced(it, log, nothing)
    assert log.restores == 1


async def test_a_partition_that_someone_else_wrote_to_is_read_again() -> None:
    """Another owner committed in between: what was known before is dropped."""
    it = await world()
    log, other = CountingLog(it.broker), str(uuid.uuid4())

    async def another() -> None:
        async with MemoryLog(it.broker) as stranger:
            member = await stranger.subscribe(list(map(NAMES, INPUTS)), group="strangers")
            owner = PartitionOwner(0, member, it.context(stranger))
            async with running(owner.run()):
                await until(lambda: owner.ready)
                await it.send("objectives", objective(other), other)
                owner.deliver(await it.read("objectives"))
                await it.until_history(lambda runs: other in runs)

    await rebalanced(it, log, another, runs=3)
    assert log.restores == 2
