"""Concurrency, back-pressure and draining: every bound holds and meeting it has a defined result."""

import asyncio

from agent_rig import ROLE, Rig, Scripted, new_task, until
from collegium.agent.specialist import Success, Workbench
from collegium.log.memory import MemoryBroker
from collegium_schemas.tasks import TaskRequested, TaskSucceeded


class Gauge:
    """Work that waits for the test, and counts how much of it is under way at once."""

    def __init__(self) -> None:
        self.door = asyncio.Event()
        self.now = 0
        self.most = 0

    async def perform(self, task: TaskRequested, bench: Workbench) -> Success:
        """Count, wait, count back."""
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await self.door.wait()
        finally:
            self.now -= 1
        return Success()


async def test_concurrency_is_bounded(rig: Rig) -> None:
    """No more attempts are performed at once than configured."""
    gauge = Gauge()
    rig.start(Scripted(gauge.perform), concurrency=3)
    await rig.submit(*(new_task() for _ in range(12)))
    await until(lambda: gauge.now == 3, "three are under way")
    gauge.door.set()
    await rig.results(12)
    assert gauge.most == 3


async def test_intake_pauses_at_high_water_and_goes_on_below_low_water(rig: Rig) -> None:
    """No more tasks are ever in flight than the high-water mark allows; all are done in the end."""
    gauge = Gauge()
    in_flight: list[float] = []

    async def perform(task: TaskRequested, bench: Workbench) -> Success:
        in_flight.append(running.value("agent_tasks_in_flight"))
        return await gauge.perform(task, bench)

    running = rig.start(Scripted(perform), concurrency=2, high_water=6, low_water=2)
    await rig.submit(*(new_task() for _ in range(40)))
    await until(lambda: running.value("agent_tasks_in_flight") == 6, "the high-water mark is met")
    gauge.door.set()
    assert len({result.task_id for result in await rig.results(40)}) == 40
    assert len(in_flight) == 40
    assert max(in_flight) <= 6


async def test_a_paused_member_still_hears_of_its_group(rig: Rig, broker: MemoryBroker) -> None:
    """At the high-water mark the member keeps its place: a second one can join and gets its share."""
    gauge = Gauge()
    first = rig.start(Scripted(gauge.perform), concurrency=1, high_water=2, low_water=0)
    await rig.submit(*(new_task() for _ in range(20)))
    await until(lambda: first.value("agent_tasks_in_flight") == 2, "the first member is full")
    second = rig.start(Scripted())
    await second.ready()
    await until(lambda: second.value("agent_tasks_total", outcome="succeeded", kind="") > 0, "the second one works")
    gauge.door.set()
    await until(lambda: first.runtime.ready() is True, "the first one is a member again")
    group = rig.names(ROLE)
    await until(lambda: sum(broker.committed(group).values()) == 20, "every task is answered and committed")
    await first.drain()
    await second.drain()
    assert len({result.task_id for result in await rig.results(await rig.count("results"))}) == 20


async def test_drain_finishes_running_work_and_leaves_waiting_work(rig: Rig) -> None:
    """On drain the running attempt is finished and committed; what waited is performed by the next process."""
    gauge = Gauge()
    tasks = [new_task(subtask_id=f"s{number}") for number in range(3)]
    await rig.submit(*tasks, partition=0)
    running = rig.start(Scripted(gauge.perform), concurrency=1)
    await until(lambda: running.value("agent_tasks_in_flight") == 3, "all were taken")
    running.runtime.drain()
    await until(lambda: gauge.now == 1, "one is under way")
    gauge.door.set()
    await running.drain()
    assert [result.subtask_id for result in await rig.results(1)] == ["s0"]
    assert await rig.committed() == 1
    rig.start(Scripted())
    assert {result.subtask_id for result in await rig.results(3)} == {"s0", "s1", "s2"}


async def test_drain_is_bounded(rig: Rig) -> None:
    """Work that does not end within the bound is given up without a result, and redelivered."""
    gauge = Gauge()
    await rig.submit(new_task())
    running = rig.start(Scripted(gauge.perform), drain_ms=50)
    await until(lambda: gauge.now == 1, "it is under way")
    await running.drain()
    assert gauge.now == 0
    assert await rig.count("results") == 0
    rig.start(Scripted())
    assert isinstance(await rig.result(), TaskSucceeded)


async def test_deadline_counts_while_waiting_for_a_turn(rig: Rig) -> None:
    """A task whose deadline passes while others hold all turns is answered with a time-out, unperformed."""
    gauge = Gauge()
    specialist = Scripted(gauge.perform)
    rig.start(specialist, concurrency=1)
    long, short = new_task(subtask_id="long"), new_task(subtask_id="short", deadline_ms=300)
    await rig.submit(long, partition=0)
    await until(lambda: gauge.now == 1, "the only turn is taken")
    await rig.submit(short, partition=0)
    [result] = await rig.results(1)
    assert result.task_id == short.task_id
    assert specialist.performed == [long.task_id]
