"""Traces of several processes, read back from a real Jaeger."""

import asyncio
import sys
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

import pytest

from collegium.telemetry.contexts import span_id_of, trace_id_of
from collegium.telemetry.errors import TraceUnavailable
from collegium.telemetry.jaeger import JaegerQuery
from collegium.telemetry.setup import TelemetrySettings, open_tracing
from collegium.telemetry.store import LocalTraceStore
from collegium.telemetry.tracing import FinishedSpan, Tracing, derived_span
from collegium.telemetry.tree import check_tree
from collegium_schemas.base import TraceContext
from jaeger import RunningJaeger, free_ports, start_jaeger
from needs import needs

pytestmark = needs("jaeger")

WORKER = Path(__file__).with_name("worker.py")
BOUND_S = 60


def run_root(tracing: Tracing) -> tuple[FinishedSpan, FinishedSpan]:
    """The deterministic spans of a run: its root, and the sending of one task."""
    run_id = str(uuid.uuid4())
    root = tracing.run_trace(run_id, None)
    now_ms = int(time.time() * 1000)
    workflow = FinishedSpan("invoke_workflow research-report", "internal", root, None, now_ms, now_ms + 50)
    send = FinishedSpan(
        "send collegium.tasks.retrieval",
        "producer",
        derived_span(root, f"{run_id}/search/1", "send"),
        root,
        now_ms,
        now_ms + 1,
        attributes={"collegium.run.id": run_id},
    )
    return workflow, send


async def work(role: str, sender: TraceContext, environment: Mapping[str, str]) -> int:
    """Run a worker process to its end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, WORKER, role, sender.traceparent, env=dict(environment)
    )
    async with asyncio.timeout(BOUND_S):
        return await process.wait()


def environment(data_dir: Path, endpoint: str, **more: str) -> dict[str, str]:
    """What an operator sets."""
    return {
        "COLLEGIUM_DATA_DIR": str(data_dir),
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_TIMEOUT": "2",
        **more,
    }


def settings(data_dir: Path, endpoint: str, trace_file: str = "auto") -> TelemetrySettings:
    """The same for this process."""
    given = {"data_dir": data_dir, "otlp_endpoint": endpoint, "trace_file": trace_file, "bsp_schedule_delay_ms": 20}
    return TelemetrySettings.model_validate(given)


async def test_spans_of_two_processes_are_one_tree(jaeger: RunningJaeger, tmp_path: Path) -> None:
    """Jaeger has every span of both, with kinds, attributes, events and the attributes of links; files have none."""
    tracing = open_tracing(settings(tmp_path, jaeger.otlp_endpoint), service_name="collegium-orchestrator")
    workflow, send = run_root(tracing)
    assert await work("retrieval", send.context, environment(tmp_path, jaeger.otlp_endpoint)) == 0
    for span in (workflow, send):
        tracing.emit(span)
    await tracing.close()
    found = await jaeger.trace(trace_id_of(send.context), lambda spans: len(spans) >= 8)
    report = check_tree(found)
    assert report.is_one_tree, report.problems()
    assert report.services == {"collegium-orchestrator": 2, "collegium-retrieval": 6}
    assert report.names == {
        "invoke_workflow research-report": 1,
        "send collegium.tasks.retrieval": 1,
        "process attempt 1": 1,
        "process attempt 2": 1,
        "invoke_agent retrieval": 2,
        "execute_tool search": 2,
    }
    agent = next(span for span in found if span.name == "invoke_agent retrieval")
    assert [link.attributes for link in agent.links] == [{"collegium.link": "retry"}]
    tool = next(span for span in found if span.name == "execute_tool search")
    assert [(event.name, event.attributes) for event in tool.events] == [("found", {"passages": 3})]
    assert {span.kind for span in found} == {"internal", "producer", "consumer"}
    assert LocalTraceStore(tmp_path / "traces").read(trace_id_of(send.context)) == []


async def test_spans_that_are_emitted_again_break_nothing(jaeger: RunningJaeger, tmp_path: Path) -> None:
    """After a crash another process emits the run's spans again; the trace stays one tree."""
    for instance in ("first", "second"):
        asked = settings(tmp_path, jaeger.otlp_endpoint, "on")
        tracing = open_tracing(asked, service_name=f"collegium-orchestrator-{instance}")
        if instance == "first":
            workflow, send = run_root(tracing)
        for span in (workflow, send):
            tracing.emit(span)
            tracing.emit(span)
        await tracing.close()
    trace_id = trace_id_of(send.context)
    # Jaeger itself keeps one of each per service.
    report = check_tree(await jaeger.trace(trace_id, lambda spans: len(spans) >= 4))
    assert report.is_one_tree
    assert report.spans == 2
    assert report.duplicates >= 2
    assert check_tree(LocalTraceStore(tmp_path / "traces").read(trace_id)).is_one_tree


async def test_a_killed_process_leaves_no_orphan(jaeger: RunningJaeger, tmp_path: Path) -> None:
    """Kill -9 inside an attempt: what it had finished is there, whole, and of the rest nothing."""
    tracing = open_tracing(settings(tmp_path, jaeger.otlp_endpoint), service_name="collegium-orchestrator")
    workflow, send = run_root(tracing)
    assert (
        await work("dies", send.context, environment(tmp_path, jaeger.otlp_endpoint, COLLEGIUM_TRACE_FILE="on")) == -9
    )
    for span in (workflow, send):
        tracing.emit(span)
    await tracing.close()
    trace_id = trace_id_of(send.context)
    report = check_tree(await jaeger.trace(trace_id, lambda spans: len(spans) >= 5))
    assert report.is_one_tree, report.problems()
    assert report.names["process attempt 1"] == 1
    assert "process attempt 2" not in report.names
    local = LocalTraceStore(tmp_path / "traces").read(trace_id)
    assert check_tree(local, outside=[span_id_of(send.context)]).is_one_tree
    assert len(local) == 3


async def test_without_a_collector_nothing_is_lost_locally(tmp_path: Path) -> None:
    """Nobody listens at the endpoint: the process does its work, ends, and all its spans are in local files."""
    endpoint = free_ports().otlp_endpoint
    tracing = Tracing([])
    _, send = run_root(tracing)
    assert await work("retrieval", send.context, environment(tmp_path, endpoint)) == 0
    found = LocalTraceStore(tmp_path / "traces").read(trace_id_of(send.context))
    assert len(found) == 6
    assert check_tree(found, outside=[span_id_of(send.context)]).problems() == [
        "2 roots: process attempt 1, process attempt 2"
    ]


async def test_a_collector_that_vanishes_and_returns_loses_nothing(tmp_path: Path) -> None:
    """Each span is in Jaeger or, of the time without it, in local files; recording goes on all the time."""
    ports = free_ports()
    asked = settings(tmp_path / "data", ports.otlp_endpoint)
    tracing = open_tracing(asked, service_name="collegium-orchestrator")
    recorded: list[str] = []

    async def record(phase: str) -> str:
        with tracing.span(phase) as span, tracing.span("child"):
            pass
        recorded.append(trace_id_of(span.context))
        await tracing.flush(30_000)
        return recorded[-1]

    with start_jaeger(tmp_path, ports) as first:
        before = await record("before")
        await first.trace(before, lambda spans: len(spans) == 2)
    without = await record("without")
    with start_jaeger(tmp_path, ports) as second:
        after = await record("after")
        await second.trace(after, lambda spans: len(spans) == 2)
    await tracing.close(5_000)
    store = LocalTraceStore(asked.traces_dir)
    assert [len(store.read(trace_id)) for trace_id in (before, without, after)] == [0, 2, 0]
    assert check_tree(store.read(without)).is_one_tree


async def test_an_unknown_trace_is_empty_and_no_jaeger_is_an_error(jaeger: RunningJaeger) -> None:
    """The reader tells a trace that is not there from a Jaeger that is not there."""
    async with JaegerQuery(jaeger.query_url) as query:
        assert await query.trace("ab" * 16) == []
    for elsewhere in (jaeger.otlp_endpoint, free_ports().ui_url):
        async with JaegerQuery(elsewhere) as query:
            with pytest.raises(TraceUnavailable):
                await query.trace("ab" * 16)
