"""What comes of an attempt: success with outputs, or failure of a kind."""

import asyncio
import hashlib

import pytest

from agent_rig import ROLE, TRACE, Rig, Scripted, new_task, succeed
from collegium.agent.specialist import Output, SpecialistFailure, Success, Workbench
from collegium.log.port import TopicPartition
from collegium_schemas import limits
from collegium_schemas.base import Usage
from collegium_schemas.envelope import header, trace_of
from collegium_schemas.evidence import ReportText
from collegium_schemas.tasks import FailureKind, TaskFailed, TaskRequested, TaskSucceeded

REPORT = ReportText(title="A title", markdown="*text*")


def returning(*outputs: Output, confidence: float = 1.0, note: str = "") -> Scripted:
    """A specialist that returns these outputs."""

    async def perform(task: TaskRequested, bench: Workbench) -> Success:
        return Success(outputs=outputs, confidence=confidence, note=note, usage=Usage(input_tokens=7))

    return Scripted(perform)


def raising(error: Exception) -> Scripted:
    """A specialist that raises."""

    async def perform(task: TaskRequested, bench: Workbench) -> Success:
        raise error

    return Scripted(perform)


async def failure(rig: Rig, specialist: Scripted, task: TaskRequested | None = None) -> TaskFailed:
    """The failure that a specialist's work ends with."""
    rig.start(specialist)
    await rig.submit(task or new_task())
    result = await rig.result()
    assert isinstance(result, TaskFailed), result
    return result


async def test_success_names_outputs_that_are_in_the_context(rig: Rig) -> None:
    """Outputs lie in the context topic, with key, headers and hash, where the result says, and inline when small."""
    rig.start(returning(Output("report", REPORT), note="two\nlines"))
    task = new_task(outputs=["report"])
    await rig.submit(task)
    result = await rig.result()
    assert isinstance(result, TaskSucceeded)
    assert result.task_id == task.task_id
    assert (result.note, result.worker, result.usage.input_tokens) == ("two lines", "test-0", 7)
    [ref] = result.outputs
    record = await rig.log.read_at(TopicPartition(rig.names("context"), ref.partition), ref.offset, timeout_ms=1_000)
    content = REPORT.to_json()
    assert record.value == content
    assert record.key == f"{task.task_id}/report".encode()
    assert ref.sha256 == hashlib.sha256(content).hexdigest() == header(record.headers, "collegium_sha256")
    assert header(record.headers, "ce_type") == ReportText.TYPE
    assert (ref.inline, ref.size_bytes) == (content.decode(), len(content))


async def test_large_output_is_not_repeated_inline(rig: Rig) -> None:
    """Content over the inline limit is only referred to."""
    rig.start(returning(Output("report", ReportText(title="t", markdown="x" * limits.MAX_INLINE_BYTES))))
    await rig.submit(new_task())
    result = await rig.result()
    assert isinstance(result, TaskSucceeded)
    assert [ref.inline for ref in result.outputs] == [None]


async def test_results_are_keyed_by_run_and_carry_their_send_span(rig: Rig) -> None:
    """A result's trace context is that of its own send span, in the task's trace."""
    running = rig.start(Scripted())
    task = new_task()
    await rig.submit(task)
    [record] = await rig.records("results", 1)
    await running.drain()
    assert record.key == task.run_id.encode()
    spans = {span.name: span for span in running.tracing.spans}
    context = trace_of(record.headers)
    assert context is not None
    assert context.traceparent.split("-")[1:3] == [
        TRACE.traceparent.split("-")[1],
        spans[f"send {rig.names('results')}"].span_id,
    ]


async def test_named_failure_keeps_its_kind(rig: Rig) -> None:
    """A specialist's failure arrives as it was raised."""
    raised = SpecialistFailure(FailureKind.RATE_LIMITED, "come back\nlater", permanent=True)
    failed = (await failure(rig, raising(raised))).failure
    assert (failed.kind, failed.message, failed.permanent) == (FailureKind.RATE_LIMITED, "come back later", True)


async def test_unexpected_exception_is_internal_and_the_service_goes_on(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    """A defect fails its attempt, with one line for people and a stack in the log; the next task is performed."""
    specialist = raising(ZeroDivisionError("a\nsecret line"))
    failed = (await failure(rig, specialist)).failure
    assert failed.kind is FailureKind.INTERNAL
    assert failed.message == "unexpected ZeroDivisionError: a secret line"
    assert "Traceback" in caplog.text
    specialist.script = succeed
    await rig.submit(new_task())
    assert {type(result) for result in await rig.results(2)} == {TaskFailed, TaskSucceeded}


async def test_the_specialists_own_timeout_error_is_internal(rig: Rig) -> None:
    """A TimeoutError that is not the deadline's is a defect like any other."""
    assert (await failure(rig, raising(TimeoutError()))).failure.kind is FailureKind.INTERNAL


async def test_result_of_another_type_is_internal(rig: Rig) -> None:
    """A specialist that forgets to return a Success fails the attempt, not the service."""

    async def forget(task: TaskRequested, bench: Workbench) -> Success:
        return None  # type: ignore[return-value]

    failed = (await failure(rig, Scripted(forget))).failure
    assert failed.kind is FailureKind.INTERNAL
    assert "NoneType" in failed.message


async def test_output_over_the_message_limit_is_refused_with_its_size(rig: Rig) -> None:
    """Nothing of an output that is too large is written; the failure says how large it was."""
    huge = ReportText(title="t", markdown="x" * limits.MAX_MESSAGE_BYTES)
    failed = (await failure(rig, returning(Output("report", huge)))).failure
    assert failed.kind is FailureKind.INVALID_OUTPUT
    assert str(len(huge.to_json())) in failed.message
    assert await rig.count("context") == 0


@pytest.mark.parametrize(
    ("outputs", "said"),
    [
        ((), "evidence"),
        ((Output("report", REPORT), Output("report", REPORT)), "twice"),
        ((Output("evidence", REPORT),), "name it report"),
        ((Output("a b", REPORT),), "not a valid name"),
        (tuple(Output(f"report.{number}", REPORT) for number in range(17)), "17 outputs"),
        ((Output("report", ReportText(title="t", markdown="\ud800")),), "UTF-8"),
    ],
    ids=["missing", "twice", "wrong-type", "bad-name", "too-many", "not-utf8"],
)
async def test_unacceptable_outputs_are_invalid(rig: Rig, outputs: tuple[Output, ...], said: str) -> None:
    """Outputs that are not what the task asked for fail the attempt, and the message says why."""
    asked = ["evidence"] if not outputs else []
    failed = (await failure(rig, returning(*outputs), new_task(outputs=asked))).failure
    assert failed.kind is FailureKind.INVALID_OUTPUT
    assert said in failed.message


async def test_confidence_out_of_range_is_invalid(rig: Rig) -> None:
    """A success that breaks the result's contract becomes a failure that says so."""
    failed = (await failure(rig, returning(confidence=1.5))).failure
    assert failed.kind is FailureKind.INVALID_OUTPUT
    assert "confidence" in failed.message


async def test_deadline_cancels_the_work(rig: Rig) -> None:
    """At the attempt's deadline the work is cancelled and a time-out sent."""
    cancelled = asyncio.Event()

    async def hang(task: TaskRequested, bench: Workbench) -> Success:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        raise AssertionError

    failed = (await failure(rig, Scripted(hang), new_task(deadline_ms=300))).failure
    assert failed.kind is FailureKind.TIMEOUT
    assert cancelled.is_set()


async def test_task_past_its_deadline_is_not_performed(rig: Rig) -> None:
    """A task that comes too late is answered with a time-out, without work."""
    specialist = Scripted()
    assert (await failure(rig, specialist, new_task(deadline_ms=-1))).failure.kind is FailureKind.TIMEOUT
    assert specialist.performed == []


async def test_outcomes_are_counted(rig: Rig) -> None:
    """Outcomes by kind, durations and waits are in the metrics, and nothing is in flight at the end."""
    specialist = Scripted()
    running = rig.start(specialist)
    await rig.submit(new_task(), new_task(deadline_ms=-1))
    await rig.results(2)
    await running.drain()
    assert running.value("agent_tasks_total", outcome="succeeded", kind="") == 1
    assert running.value("agent_tasks_total", outcome="failed", kind="timeout") == 1
    assert running.value("agent_queue_wait_seconds_count") == 1
    assert running.value("agent_tasks_in_flight") == 0
    assert specialist.role == ROLE
