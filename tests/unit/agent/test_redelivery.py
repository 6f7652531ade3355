"""Nothing is lost and offsets never pass unfinished work, whatever the order of completion and whoever dies."""

import asyncio

from agent_rig import ROLE, Rig, Scripted, new_task, task_record, until
from collegium.agent.specialist import Success, Workbench
from collegium_schemas.tasks import TaskRequested, TaskSucceeded


class Doors:
    """Work that waits until the test opens its door."""

    def __init__(self) -> None:
        self.doors: dict[str, asyncio.Event] = {}

    async def perform(self, task: TaskRequested, bench: Workbench) -> Success:
        """Wait at the subtask's door."""
        await self.doors.setdefault(task.subtask_id, asyncio.Event()).wait()
        return Success()

    def open(self, *subtasks: str) -> None:
        """Let these be done."""
        for subtask in subtasks:
            self.doors.setdefault(subtask, asyncio.Event()).set()


async def test_crash_before_the_commit_redelivers(rig: Rig) -> None:
    """A task whose result was sent, but whose offset was not committed, is performed again by the next process."""
    task = new_task()
    await rig.submit(task)
    first = rig.start(Scripted(), commit_interval_ms=10_000)
    await rig.results(1)
    await first.crash()
    second = rig.start(Scripted())
    results = await rig.results(2)
    assert [result.task_id for result in results] == [task.task_id] * 2
    await second.drain()
    assert await rig.committed() == 1


async def test_a_later_run_of_the_same_name_has_tasks_of_its_own(rig: Rig) -> None:
    """Under way or answered: only the same run's task counts as the same; each outcome says whose it is."""
    gate = asyncio.Event()

    async def wait(task: TaskRequested, bench: Workbench) -> Success:
        await gate.wait()
        return Success()

    specialist = Scripted(wait)
    rig.start(specialist)
    first = new_task().model_copy(update={"run_accepted_at_ms": 1_000})
    second, third = (first.model_copy(update={"run_accepted_at_ms": later}) for later in (2_000, 3_000))
    await rig.submit(first, second)
    await until(lambda: len(specialist.performed) == 2, "both are under way")
    gate.set()
    await rig.results(2)
    await rig.submit(first, third)
    assert {result.run_accepted_at_ms for result in await rig.results(3)} == {1_000, 2_000, 3_000}
    assert len(specialist.performed) == 3


async def test_crash_during_the_work_redelivers(rig: Rig) -> None:
    """A task that was being performed when its process died is performed by the next one."""
    doors = Doors()
    specialist = Scripted(doors.perform)
    await rig.submit(new_task())
    first = rig.start(specialist)
    await until(lambda: len(specialist.performed) == 1, "the first attempt has begun")
    await first.crash()
    rig.start(Scripted())
    assert isinstance(await rig.result(), TaskSucceeded)


async def test_offset_waits_for_the_first_unfinished_task(rig: Rig) -> None:
    """Later tasks of a partition may finish first; a crash then redelivers from the first unfinished one."""
    doors = Doors()
    tasks = [new_task(subtask_id=f"s{number}") for number in range(4)]
    await rig.submit(*tasks, partition=3)
    doors.open("s0", "s2", "s3")
    running = rig.start(Scripted(doors.perform), commit_interval_ms=1)
    await rig.results(3)
    await until(lambda: running.value("agent_tasks_in_flight") == 1, "only s1 is left")
    doors.open("s1")
    await rig.results(4)
    await running.drain()
    assert await rig.committed() == 4


async def test_unfinished_task_is_never_committed(rig: Rig) -> None:
    """While the first task is unfinished, a crash brings all of the partition's tasks again."""
    doors = Doors()
    tasks = [new_task(subtask_id=f"s{number}") for number in range(3)]
    await rig.submit(*tasks, partition=3)
    doors.open("s1", "s2")
    running = rig.start(Scripted(doors.perform), commit_interval_ms=1)
    await rig.results(2)
    await until(lambda: running.value("agent_tasks_in_flight") == 1, "only s0 is left")
    await running.crash()
    assert await rig.committed() == 0


async def test_rebalance_does_not_repeat_what_is_under_way(rig: Rig) -> None:
    """A task that comes again after a rebalance, while it is performed here, is performed once and finished once."""
    doors = Doors()
    specialist = Scripted(doors.perform)
    await rig.submit(new_task(subtask_id="s0"), partition=0)
    first = rig.start(specialist)
    await until(lambda: len(specialist.performed) == 1, "the attempt has begun")
    second = rig.start(specialist)
    await second.ready()
    await first.ready()
    await until(lambda: first.value("agent_tasks_redelivered_total") == 1, "it came again to the same member")
    doors.open("s0")
    await rig.results(1)
    await second.drain()
    await first.drain()
    assert len(specialist.performed) == await rig.count("results") == await rig.committed() == 1


async def test_revoked_partitions_are_not_committed_by_the_old_member(rig: Rig) -> None:
    """When another member takes over mid-work, both may answer, every task is answered, and all is committed."""
    doors = Doors()
    tasks = [new_task(subtask_id=f"s{number}") for number in range(8)]
    for number, task in enumerate(tasks):
        await rig.submit(task, partition=number)
    specialist = Scripted(doors.perform)
    first = rig.start(specialist)
    await until(lambda: len(specialist.performed) == 8, "all are under way in the first member")
    second = rig.start(specialist)
    await second.ready()
    await until(lambda: len(specialist.performed) == 12, "half of them came to the second member")
    doors.open(*(task.subtask_id for task in tasks))
    results = await rig.results(12)
    assert {result.task_id for result in results} == {task.task_id for task in tasks}
    await first.drain()
    await second.drain()
    assert await rig.committed() == 8


async def test_waiting_tasks_of_revoked_partitions_are_left_to_the_new_member(rig: Rig) -> None:
    """A task that had not begun when its partition went away is not performed by the old member."""
    doors = Doors()
    blocked = Scripted(doors.perform)
    await rig.submit(*(new_task(subtask_id=f"s{number}") for number in range(4)), partition=0)
    first = rig.start(blocked, concurrency=1)
    await until(lambda: len(blocked.performed) == 1, "the first task is under way")
    others = [Scripted() for _ in range(3)]
    members = [rig.start(other) for other in others]
    for member in members:
        await member.ready()
    await first.ready()
    doors.open("s0", "s1", "s2", "s3")
    results = await rig.results(4)
    assert {result.subtask_id for result in results} == {"s0", "s1", "s2", "s3"}
    for member in (first, *members):
        await member.drain()
    assert await rig.committed() == 4


async def test_lag_reaches_zero_after_transactions(rig: Rig) -> None:
    """The commit passes the control record that ends the transaction a task came in."""
    producer = await rig.log.transactional_producer("orchestrator")
    await producer.begin()
    task = new_task()
    await (await producer.send(task_record(rig.names, task, partition=0)))
    await producer.commit()
    running = rig.start(Scripted())
    await rig.results(1)
    await until(lambda: running.value("agent_tasks_in_flight") == 0, "the task is finished")
    await running.drain()
    assert await rig.committed() == await rig.count(f"tasks.{ROLE}")
