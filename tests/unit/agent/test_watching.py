"""What watchers see of an attempt: progress, spans, log lines."""

import asyncio
import logging

import pytest

from agent_rig import TRACE, Rig, Scripted, new_task, until
from collegium.agent.specialist import Output, Success, Workbench
from collegium.telemetry.contexts import derived_span, span_id_of, trace_id_of
from collegium_schemas.envelope import decode, trace_of
from collegium_schemas.evidence import ReportText
from collegium_schemas.tasks import TaskProgress, TaskRequested, TaskSucceeded


async def test_running_attempts_show_life(rig: Rig) -> None:
    """An attempt that takes long sends heartbeats, with its latest note."""
    door = asyncio.Event()

    async def perform(task: TaskRequested, bench: Workbench) -> Success:
        await bench.progress("half\nway")
        await door.wait()
        return Success()

    rig.start(Scripted(perform), heartbeat_ms=20)
    task = new_task()
    await rig.submit(task)
    beats = [decode(record.headers, record.value, TaskProgress) for record in await rig.records("progress", 3)]
    door.set()
    assert {(beat.run_id, beat.subtask_id, beat.note) for beat in beats} == {(task.run_id, "s1", "half way")}
    assert [beat.at_ms for beat in beats] == sorted(beat.at_ms for beat in beats)


async def test_notes_are_limited_in_rate(rig: Rig) -> None:
    """Of many notes at once only the latest is sent."""
    door = asyncio.Event()

    async def perform(task: TaskRequested, bench: Workbench) -> Success:
        for number in range(1_000):
            await bench.progress(f"note {number}")
        await door.wait()
        return Success()

    rig.start(Scripted(perform))
    await rig.submit(new_task())
    [first] = await rig.records("progress", 1)
    door.set()
    await rig.result()
    assert decode(first.headers, first.value, TaskProgress).note == "note 999"
    assert await rig.count("progress") == 1


async def test_short_attempts_send_no_heartbeat(rig: Rig) -> None:
    """An attempt that is done at once leaves nothing in the progress topic."""
    running = rig.start(Scripted())
    await rig.submit(*(new_task() for _ in range(20)))
    await rig.results(20)
    await running.drain()
    assert await rig.count("progress") == 0


async def test_spans_of_an_attempt_form_a_tree_under_the_orchestrators_span(rig: Rig) -> None:
    """The process span hangs on the task's send span, agent and sends on it; a context record names its own."""

    async def perform(task: TaskRequested, bench: Workbench) -> Success:
        return Success(outputs=[Output("report", ReportText(title="t", markdown="m"))])

    running = rig.start(Scripted(perform))
    task = new_task()
    await rig.submit(task)
    await rig.results(1)
    [context] = await rig.records("context", 1)
    await running.drain()
    spans = {span.name: span for span in running.tracing.spans}
    process = spans[f"process {rig.names.tasks('scripted')}"]
    assert {span.trace_id for span in spans.values()} == {trace_id_of(TRACE)}
    assert process.parent_id == spans[f"poll {rig.names.tasks('scripted')}"].parent_id == span_id_of(TRACE)
    below = {span.name for span in spans.values() if span.parent_id == process.span_id}
    assert below == {"invoke_agent scripted", "send test.context", "send test.results"}
    written = trace_of(context.headers)
    assert written is not None
    assert span_id_of(written) == spans["send test.context"].span_id
    assert process.attributes["collegium.run.id"] == task.run_id
    assert process.attributes["collegium.outcome"] == "succeeded"
    assert process.links == ()


async def test_a_retry_links_to_the_attempt_before_it(rig: Rig) -> None:
    """The process span of attempt 3 has a link to the derived send span of attempt 2."""
    running = rig.start(Scripted())
    task = new_task(attempt=3)
    await rig.submit(task)
    await rig.results(1)
    await running.drain()
    [process] = [span for span in running.tracing.spans if span.name.startswith("process")]
    before = derived_span(TRACE, f"{task.run_id}/{task.subtask_id}/2", "send")
    assert [link.span_id for link in process.links] == [span_id_of(before)]


async def test_a_failed_attempt_is_a_failed_span(rig: Rig) -> None:
    """The failure's kind is the error type of the agent's span and of the process span."""

    async def hang(task: TaskRequested, bench: Workbench) -> Success:
        await asyncio.Event().wait()
        raise AssertionError

    running = rig.start(Scripted(hang))
    await rig.submit(new_task(deadline_ms=100))
    await rig.results(1)
    await running.drain()
    failed = {span.name: span.attributes.get("error.type") for span in running.tracing.spans if span.error}
    assert failed == {"process test.tasks.scripted": "timeout", "invoke_agent scripted": "timeout"}


async def test_log_lines_of_an_attempt_can_be_told_apart(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """The rebalance and the attempt leave lines at info and above that name the topic or the attempt."""

    async def fail(task: TaskRequested, bench: Workbench) -> Success:
        raise ZeroDivisionError

    caplog.set_level(logging.INFO, logger="collegium.agent")
    rig.start(Scripted(fail))
    task = new_task()
    await rig.submit(task)
    await rig.results(1)
    assert any(task.task_id in line for line in caplog.messages)
    assert any("assigned" in line for line in caplog.messages)


async def test_many_tasks_are_answered_once_each(rig: Rig) -> None:
    """Several hundred tasks over two members: every one answered, none lost, lag zero."""
    members = [rig.start(Scripted()), rig.start(Scripted())]
    for member in members:
        await member.ready()
    tasks = [new_task() for _ in range(400)]
    await rig.submit(*tasks)
    results = await rig.results(400)
    assert {result.task_id for result in results} == {task.task_id for task in tasks}
    assert all(isinstance(result, TaskSucceeded) for result in results)
    await until(lambda: sum(m.value("agent_tasks_in_flight") for m in members) == 0, "all are done")
    for member in members:
        await member.drain()
    assert await rig.committed() == 400
