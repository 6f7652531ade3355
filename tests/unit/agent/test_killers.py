"""Tasks that end the process working on them, on the memory log."""

import asyncio

from agent_rig import Rig, Running, Scripted, new_task, until
from collegium.agent.specialist import Success, Workbench
from collegium.faults.points import Point
from collegium.log.port import TopicPartition
from collegium_schemas.tasks import FailureKind, TaskFailed, TaskRequested, TaskSucceeded


class Killers(Scripted):
    """Hangs in the tasks of some subtasks, so that the test can end the process there; does the others at once."""

    def __init__(self, *subtasks: str) -> None:
        self.hit = asyncio.Event()
        self.together: dict[str, set[str]] = {}
        self._running: set[str] = set()

        async def perform(task: TaskRequested, bench: Workbench) -> Success:
            self._running.add(task.subtask_id)
            self.together[task.subtask_id] = set(self._running)
            try:
                if task.subtask_id in subtasks:
                    self.hit.set()
                    await asyncio.Event().wait()
                await asyncio.sleep(0)
            finally:
                self._running.discard(task.subtask_id)
            return Success()

        super().__init__(perform)


async def life(rig: Rig, *killers: str) -> tuple[Running, Killers]:
    """Start a process and end it, as kill -9 would, once it works on a killer."""
    specialist = Killers(*killers)
    running = rig.start(specialist, commit_interval_ms=1)
    async with asyncio.timeout(20):
        await specialist.hit.wait()
    await running.crash()
    return running, specialist


def ids(run_id: str, *subtasks: str) -> list[TaskRequested]:
    """Tasks of one run."""
    return [new_task(run_id=run_id, subtask_id=subtask) for subtask in subtasks]


RUN = "0190a0a0-0000-7000-8000-000000000001"


async def test_a_task_that_ends_three_processes_is_not_given_to_a_fourth(rig: Rig) -> None:
    """Its bytes go to dead-letters, its attempt fails as poison, and its neighbours are done."""
    tasks = ids(RUN, "before", "killer", "after-1", "after-2")
    await rig.submit(*tasks, partition=0)
    for _ in range(3):
        await life(rig, "killer")
    fourth = Killers("killer")
    running = rig.start(fourth)
    await until(lambda: running.value("agent_dead_lettered_total") == 1, "the killer is buried")
    await until(lambda: running.value("agent_tasks_in_flight") == 0, "all is done")
    await running.drain()
    assert RUN + "/killer/1" not in fourth.performed
    [letter] = await rig.records("dead-letters", 1)
    assert letter.value == tasks[1].to_json()
    assert dict(letter.headers)["__connect.errors.exception.class.name"] == b"WorkerKiller"
    results = {result.subtask_id: result for result in await rig.results(await rig.count("results"))}
    assert {name for name, result in results.items() if isinstance(result, TaskSucceeded)} == {
        "before",
        "after-1",
        "after-2",
    }
    poisoned = results["killer"]
    assert isinstance(poisoned, TaskFailed)
    assert poisoned.failure.kind is FailureKind.POISON
    assert await rig.committed() == 4


async def test_the_third_time_a_suspect_is_alone(rig: Rig) -> None:
    """After two ends nothing else is worked on beside a suspect, in whatever partition it lies."""
    await rig.submit(*ids(RUN, "killer", "neighbour"), partition=0)
    for _ in range(2):
        await life(rig, "killer")
    await rig.submit(*ids(RUN, "elsewhere-1", "elsewhere-2"), partition=1)
    third, specialist = await life(rig, "killer")
    assert specialist.together["killer"] == {"killer"}
    assert "neighbour" not in specialist.together
    assert third.value("agent_tried_alone_total") == 1


async def test_innocents_are_tried_and_done(rig: Rig) -> None:
    """Processes that end for another reason bring nobody into dead-letters."""
    tasks = ids(RUN, "slow", "quick-1", "quick-2")
    await rig.submit(*tasks, partition=0)
    for _ in range(2):
        await life(rig, "slow")
    running = rig.start(Killers())
    await until(lambda: running.value("agent_tried_alone_total") >= 1, "suspects are tried")
    await until(lambda: running.value("agent_tasks_total", outcome="succeeded", kind="") == 3, "all are done")
    await running.drain()
    assert await rig.count("dead-letters") == 0
    assert await rig.committed() == 3


async def test_a_record_that_was_worked_on_alone_and_is_finished_is_committed_at_once(rig: Rig) -> None:
    """Later the end of its process would condemn it, though it did nothing: its offset waits for no interval."""
    await rig.submit(*ids(RUN, "slow"), partition=0)
    for _ in range(2):
        await life(rig, "slow")
    points: list[str] = []
    running = rig.start(Killers(), commit_interval_ms=3_600_000, reached=points.append)
    await until(lambda: Point.AGENT_AFTER_OFFSETS in points, "its offset is committed")
    await running.crash()
    assert running.value("agent_tried_alone_total") == 1
    source = TopicPartition(rig.names.tasks("scripted"), 0)
    consumer = await rig.log.subscribe([source.topic], group=rig.names("scripted"))
    committed = (await consumer.committed([source]))[source]
    await consumer.close()
    assert committed.offset == 1
    assert "trying" not in committed.metadata


async def test_a_process_that_drains_counts_against_nobody(rig: Rig) -> None:
    """Tasks given up at the end of a drain may be redelivered for ever."""
    await rig.submit(*ids(RUN, "long"), partition=0)
    for _ in range(4):
        specialist = Killers("long")
        running = rig.start(specialist, drain_ms=0)
        async with asyncio.timeout(20):
            await specialist.hit.wait()
        await running.drain()
        assert running.value("agent_tried_alone_total") == 0
    assert await rig.count("dead-letters") == 0


async def test_a_rebalance_forgets_nothing(rig: Rig) -> None:
    """A member that joins, as a restarted process does, does not make the suspects innocent."""
    await rig.submit(*ids(RUN, "killer"), partition=0)
    for _ in range(2):
        await life(rig, "killer")
    specialist = Killers("killer")
    third = rig.start(specialist, commit_interval_ms=1)
    async with asyncio.timeout(20):
        await specialist.hit.wait()
    other = rig.start(Killers())
    await other.ready()
    await third.crash()
    await other.crash()
    last = rig.start(Killers("killer"))
    await until(
        lambda: last.value("agent_dead_lettered_total") + last.value("agent_tried_alone_total") > 0, "it is known"
    )


async def test_another_attempt_of_a_buried_subtask_is_buried_with_it(rig: Rig) -> None:
    """An attempt that was dispatched while the first one was killing is not given three processes of its own."""
    await rig.submit(*ids(RUN, "killer"), partition=0)
    for _ in range(3):
        await life(rig, "killer")
    specialist = Killers("killer")
    running = rig.start(specialist)
    await until(lambda: running.value("agent_dead_lettered_total") == 1, "the first attempt is buried")
    await rig.submit(new_task(run_id=RUN, subtask_id="killer", attempt=2), partition=0)
    await until(lambda: running.value("agent_dead_lettered_total") == 2, "so is the second")
    assert specialist.performed == []
    assert {(r.attempt, r.failure.kind) for r in await rig.results(2) if isinstance(r, TaskFailed)} == {
        (1, FailureKind.POISON),
        (2, FailureKind.POISON),
    }


async def test_many_taken_tasks_stay_within_what_commits_say(rig: Rig) -> None:
    """Behind a task that takes long, offsets do not move; commits still say how far records have been taken."""
    tasks = ids(RUN, "slow", *(f"quick-{number}" for number in range(400)))
    await rig.submit(*tasks, partition=0)
    specialist = Killers("slow")
    running = rig.start(specialist, commit_interval_ms=1)
    await until(lambda: running.value("agent_tasks_total", outcome="succeeded", kind="") == 400, "the quick ones")
    source = TopicPartition(rig.names.tasks("scripted"), 0)
    await running.crash()
    consumer = await rig.log.subscribe([source.topic], group=rig.names("scripted"))
    committed = (await consumer.committed([source]))[source]
    await consumer.close()
    assert committed.offset == 0
    upto = int(committed.metadata.partition("upto=")[2].split()[0])
    assert upto >= 401
