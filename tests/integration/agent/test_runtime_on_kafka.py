"""The runtime's main behaviours on a real broker; the memory log has the rest."""

import asyncio
import hashlib
import uuid

from agent_rig import ROLE, Rig, Scripted, new_task, task_record, until
from collegium.agent.specialist import Output, Success, Workbench
from collegium_schemas.envelope import header
from collegium_schemas.evidence import ReportText
from collegium_schemas.tasks import ContextRef, FailureKind, TaskFailed, TaskInput, TaskRequested, TaskSucceeded


async def test_outputs_of_one_attempt_are_inputs_of_the_next(rig: Rig) -> None:
    """Content travels through the context topic: written, referred to, read at its offset, checked."""
    text = "x" * 100_000

    async def perform(task: TaskRequested, bench: Workbench) -> Success:
        reports = await bench.inputs(ReportText)
        await bench.progress("at work")
        if reports:
            return Success(note=f"{len(reports[0].markdown)} characters of {reports[0].title}")
        return Success(outputs=[Output("report", ReportText(title="one", markdown=text))])

    running = rig.start(Scripted(perform))
    first = new_task(outputs=["report"])
    await rig.submit(first)
    written = await rig.result()
    assert isinstance(written, TaskSucceeded)
    assert written.outputs[0].inline is None
    await rig.submit(new_task(inputs=[TaskInput(subtask_id="s1", step="write", ref=written.outputs[0])]))
    notes = {result.note for result in await rig.results(2) if isinstance(result, TaskSucceeded)}
    assert "100000 characters of one" in notes
    await running.drain()
    assert await rig.committed() == 2


async def test_content_that_is_not_what_was_named_is_refused(rig: Rig) -> None:
    """Another record at the offset, or none, fails the attempt for good."""

    async def perform(task: TaskRequested, bench: Workbench) -> Success:
        await bench.inputs(ReportText)
        return Success()

    at = await rig.write("context", b"k", b"something else")
    sha256 = hashlib.sha256(b"the content").hexdigest()
    rig.start(Scripted(perform))
    for offset in (at.offset, at.offset + 1_000):
        ref = ContextRef(name="report", partition=at.partition, offset=offset, sha256=sha256, size_bytes=11)
        await rig.submit(new_task(inputs=[TaskInput(subtask_id="s1", step="write", ref=ref)]))
    results = await rig.results(2)
    assert [(r.failure.kind, r.failure.permanent) for r in results if isinstance(r, TaskFailed)] == [
        (FailureKind.TOOL_ERROR, True)
    ] * 2


async def test_crash_redelivers_from_the_first_unfinished_task(rig: Rig) -> None:
    """Tasks finish out of order; after a crash the next member gets everything from the first unfinished one."""
    door = asyncio.Event()

    async def perform(task: TaskRequested, bench: Workbench) -> Success:
        if task.subtask_id == "s1":
            await door.wait()
        return Success()

    tasks = [new_task(subtask_id=f"s{number}") for number in range(4)]
    await rig.submit(*tasks, partition=3)
    first = rig.start(Scripted(perform), commit_interval_ms=1)
    await rig.results(3)
    await until(lambda: first.value("agent_tasks_in_flight") == 1, "only s1 is left")
    await first.crash()
    door.set()
    second = Scripted()
    successor = rig.start(second)
    await rig.results(6)
    await successor.drain()
    assert {task_id.split("/")[1] for task_id in second.performed} in ({"s1", "s2", "s3"}, {"s0", "s1", "s2", "s3"})
    assert await rig.committed() == 4


async def test_tasks_sent_in_transactions_leave_no_lag(rig: Rig) -> None:
    """Tasks of an aborted transaction are not performed; committed ones are, and the group ends at the log's end."""
    producer = await rig.log.transactional_producer(f"{rig.names.prefix}orchestrator")
    for commit in (False, True):
        await producer.begin()
        await (await producer.send(task_record(rig.names, new_task(subtask_id=str(commit).lower()), partition=0)))
        await (producer.commit() if commit else producer.abort())
    running = rig.start(Scripted())
    result = await rig.result()
    assert result.subtask_id == "true"
    await until(lambda: running.value("agent_tasks_in_flight") == 0, "it is finished")
    await running.drain()
    assert await rig.committed() == await rig.count(f"tasks.{ROLE}")
    assert await rig.count("results") == 1


async def test_members_come_and_go_and_nothing_is_lost(rig: Rig) -> None:
    """Members join, one dies and one drains while several hundred tasks are under way; every task is answered."""
    submitted: set[str] = set()

    async def wave(count: int) -> None:
        tasks = [new_task(deadline_ms=120_000) for _ in range(count)]
        submitted.update(task.task_id for task in tasks)
        await rig.submit(*tasks)

    first = rig.start(Scripted())
    await wave(100)
    second = rig.start(Scripted())
    await wave(100)
    await second.ready()
    third = rig.start(Scripted())
    await wave(100)
    await first.crash()
    await wave(100)
    await third.ready()
    await second.drain()
    await wave(50)
    answered: set[str] = set()
    async with asyncio.timeout(60):
        while answered != submitted:
            answered = {result.task_id for result in await rig.results(await rig.count("results"))}
    await third.drain()
    assert await rig.committed() == 450


async def test_stopped_runs_end_and_waiting_tasks_are_skipped(rig: Rig) -> None:
    """A stop order cancels what runs and skips what waits."""

    async def hang(task: TaskRequested, bench: Workbench) -> Success:
        await asyncio.Event().wait()
        raise AssertionError

    running = rig.start(Scripted(hang), concurrency=1)
    run_id = str(uuid.uuid4())
    await rig.submit(*(new_task(run_id=run_id, subtask_id=f"s{number}") for number in range(3)), partition=0)
    await until(lambda: running.value("agent_tasks_in_flight") == 3, "one runs, two wait")
    await rig.stop_run(run_id)
    result = await rig.result()
    assert isinstance(result, TaskFailed)
    assert result.failure.kind is FailureKind.CANCELLED
    await until(lambda: running.value("agent_tasks_in_flight") == 0, "all are out")
    await running.drain()
    assert await rig.committed() == 3


async def test_poison_is_kept_and_the_next_task_is_performed(rig: Rig) -> None:
    """Bytes that are no task lie in dead-letters as they came; the service goes on."""
    value = b"\xff\xfe no task"
    await rig.write(f"tasks.{ROLE}", b"k", value, (("x", b"\x00\xff"),), partition=0)
    running = rig.start(Scripted())
    await rig.submit(new_task(), partition=0)
    assert isinstance(await rig.result(), TaskSucceeded)
    [letter] = await rig.records("dead-letters", 1)
    assert (letter.key, letter.value, letter.headers[0]) == (b"k", value, ("x", b"\x00\xff"))
    assert header(letter.headers, "__connect.errors.topic") == rig.names.tasks(ROLE)
    await running.drain()
    assert await rig.committed() == 2


async def test_full_members_pause_and_take_everything_in_the_end(rig: Rig) -> None:
    """With a low high-water mark no more tasks are in flight than allowed, and none is forgotten."""
    most = 0.0

    async def perform(task: TaskRequested, bench: Workbench) -> Success:
        nonlocal most
        most = max(most, running.value("agent_tasks_in_flight"))
        return Success()

    running = rig.start(Scripted(perform), concurrency=2, high_water=5, low_water=2)
    await rig.submit(*(new_task(deadline_ms=60_000) for _ in range(150)))
    await rig.results(150)
    assert most <= 5
    await running.drain()
    assert await rig.committed() == 150
