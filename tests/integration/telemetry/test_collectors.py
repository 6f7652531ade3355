"""Collectors that misbehave: a process must neither wait for them nor lose its spans."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collegium.telemetry.contexts import trace_id_of
from collegium.telemetry.http import Health, HttpServer
from collegium.telemetry.metrics import Metrics, SpanCounter
from collegium.telemetry.setup import TelemetrySettings, open_tracing
from collegium.telemetry.store import LocalTraceStore
from collegium.telemetry.tree import check_tree

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def collector(handler: Handler) -> AsyncGenerator[str]:
    """A collector that answers as told; its base address."""
    routes = [web.post("/v1/traces", handler)]
    async with HttpServer(Metrics("collector", "1").registry, Health(), routes=routes) as server:
        yield f"http://127.0.0.1:{server.port}"


def settings(data_dir: Path, endpoint: str, **more: object) -> TelemetrySettings:
    """A process that sends there."""
    return TelemetrySettings.model_validate({"data_dir": data_dir, "otlp_endpoint": endpoint, **more})


async def test_a_request_is_what_the_standard_says(tmp_path: Path) -> None:
    """Path, content type, headers of the settings, resource and spans as an OTLP collector expects them."""
    requests: list[tuple[str | None, str | None, ExportTraceServiceRequest]] = []

    async def take(request: web.Request) -> web.Response:
        body = ExportTraceServiceRequest.FromString(await request.read())
        requests.append((request.headers.get("Content-Type"), request.headers.get("x-team"), body))
        return web.Response()

    async with collector(take) as endpoint:
        asked = settings(tmp_path, endpoint, otlp_headers="x-team=research%20one")
        tracing = open_tracing(asked, service_name="collegium-test", version="1.2.3")
        with tracing.span("root"), tracing.span("child"):
            pass
        await tracing.close()
    ((content_type, team, body),) = requests
    assert (content_type, team) == ("application/x-protobuf", "research one")
    (resource,) = body.resource_spans
    attributes = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
    assert attributes["service.name"] == "collegium-test"
    assert attributes["service.version"] == "1.2.3"
    assert attributes["telemetry.sdk.language"] == "python"
    (scope,) = resource.scope_spans
    assert [span.name for span in scope.spans] == ["root", "child"]
    assert scope.spans[1].parent_span_id == scope.spans[0].span_id


@pytest.mark.parametrize("status", [400, 401, 404, 503])
async def test_refused_spans_are_kept_locally(tmp_path: Path, status: int) -> None:
    """Whatever a collector answers, spans that it did not take are in local files at the end."""

    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=status)

    async with collector(refuse) as endpoint:
        asked = settings(tmp_path, endpoint)
        tracing = open_tracing(asked, service_name="s")
        with tracing.span("root") as span, tracing.span("child"):
            pass
        await tracing.close(500)
    assert check_tree(LocalTraceStore(asked.traces_dir).read(trace_id_of(span.context))).is_one_tree


async def test_a_collector_that_hangs_blocks_nobody(tmp_path: Path) -> None:
    """Recording goes on while a request hangs; the end is bounded, and every span is in local files."""
    asked_for, released = asyncio.Event(), asyncio.Event()

    async def hang(request: web.Request) -> web.Response:
        asked_for.set()
        await released.wait()
        return web.Response()

    metrics = Metrics("s", "1")
    async with collector(hang) as endpoint:
        limits = {"bsp_schedule_delay_ms": 1, "bsp_max_queue_size": 8, "bsp_max_export_batch_size": 4}
        asked = settings(tmp_path, endpoint, **limits)
        tracing = open_tracing(asked, service_name="s", dropped=SpanCounter(metrics))
        contexts: list[str] = []
        for _ in range(50):
            with tracing.span("root") as span, tracing.span("child"):
                pass
            contexts.append(trace_id_of(span.context))
        async with asyncio.timeout(30):
            await asked_for.wait()
            await tracing.close(100)
        released.set()
    store = LocalTraceStore(asked.traces_dir)
    assert all(check_tree(store.read(trace_id)).is_one_tree for trace_id in contexts)
    assert metrics.registry.get_sample_value("collegium_spans_dropped_total", {"reason": "otlp_queue_full"}) is None


async def test_without_files_what_a_collector_does_not_take_is_counted(tmp_path: Path) -> None:
    """With local files off the loss is seen in a metric."""

    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=400)

    metrics = Metrics("s", "1")
    async with collector(refuse) as endpoint:
        asked = settings(tmp_path, endpoint, trace_file="off")
        tracing = open_tracing(asked, service_name="s", dropped=SpanCounter(metrics))
        with tracing.span("root"), tracing.span("child"):
            pass
        await tracing.close()
    dropped = metrics.registry.get_sample_value("collegium_spans_dropped_total", {"reason": "otlp_not_exported"})
    assert dropped == 2
