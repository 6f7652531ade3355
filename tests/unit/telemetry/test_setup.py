"""Building a process's telemetry from settings."""

import json
import logging
import os
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr, ValidationError

from collegium.telemetry.errors import TelemetrySettingsError
from collegium.telemetry.setup import TelemetrySettings, open_tracing, telemetry
from collegium.telemetry.store import LocalTraceStore


def settings(tmp_path: Path, **given: object) -> TelemetrySettings:
    """Settings of a process that uses a directory of its own."""
    return TelemetrySettings.model_validate({"data_dir": tmp_path, **given})


async def test_a_process_writes_its_spans_where_the_store_reads(tmp_path: Path) -> None:
    """Without a collector spans are in local files once the process has ended."""
    asked = settings(tmp_path)
    async with telemetry(asked, service_name="collegium-test", version="1") as seen:
        with seen.tracing.span("work") as span:
            pass
        url = f"http://127.0.0.1:{seen.http.port}/metrics"
        async with aiohttp.ClientSession() as client, client.get(url) as response:
            assert 'collegium_build_info{service="collegium-test",version="1"} 1.0' in await response.text()
    (read,) = LocalTraceStore(asked.traces_dir).read(span.context.traceparent[3:35])
    assert (read.name, read.service) == ("work", "collegium-test")


async def test_logs_are_json_with_the_trace_and_without_secrets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Inside the block all logging goes to stderr as JSON; given secrets and collector headers are masked."""
    asked = settings(tmp_path, otlp_headers="authorization=Bearer%20abcdef123", log_level="debug")
    async with telemetry(asked, service_name="s", secrets=[SecretStr("password-1")], serve=False) as seen:
        with seen.tracing.span("work"):
            logging.getLogger("x").debug("password-1 and Bearer abcdef123")
    line = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert line["message"] == "[redacted] and [redacted]"
    assert len(line["trace_id"]) == 32


async def test_routes_can_be_added_before_serving(tmp_path: Path) -> None:
    """A service may build its handlers from telemetry and start the server itself."""

    async def hello(request: web.Request) -> web.Response:
        return web.Response(text="hello")

    async with telemetry(settings(tmp_path), service_name="s", serve=False) as seen:
        seen.http.add_routes([web.get("/hello", hello)])
        await seen.http.start()
        url = f"http://127.0.0.1:{seen.http.port}/hello"
        async with aiohttp.ClientSession() as client, client.get(url) as response:
            assert await response.text() == "hello"


@pytest.mark.parametrize(
    "given", [{"otel_sdk_disabled": True}, {"trace_file": "off"}, {"trace_file": "off", "otel_traces_exporter": "none"}]
)
async def test_tracing_can_be_switched_off(tmp_path: Path, given: dict[str, object]) -> None:
    """With nowhere to go, or when disabled, nothing is recorded and no file is written."""
    tracing = open_tracing(settings(tmp_path, **given), service_name="s")
    with tracing.span("work") as span:
        assert not span.recording
    await tracing.close()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, None),
        ({"otlp_endpoint": "http://c:4318"}, "http://c:4318/v1/traces"),
        ({"otlp_endpoint": "http://c:4318/"}, "http://c:4318/v1/traces"),
        ({"otlp_traces_endpoint": "http://c:4318/x", "otlp_endpoint": "http://d"}, "http://c:4318/x"),
        ({"otel_traces_exporter": "otlp"}, "http://localhost:4318/v1/traces"),
        ({"otel_traces_exporter": "none", "otlp_endpoint": "http://c:4318"}, None),
    ],
)
def test_the_collector_is_found_by_the_standard_variables(
    tmp_path: Path, given: dict[str, object], url: str | None
) -> None:
    """A base endpoint gets /v1/traces, the traces endpoint is taken as it is, and none means none."""
    assert settings(tmp_path, **given).collector_url() == url


@pytest.mark.parametrize(
    ("given", "variable"),
    [
        ({"otlp_endpoint": "http://c", "otlp_protocol": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL"),
        ({"otel_traces_exporter": "zipkin"}, "OTEL_TRACES_EXPORTER"),
        ({"otel_traces_sampler": "sometimes"}, "OTEL_TRACES_SAMPLER"),
    ],
)
def test_what_is_not_supported_is_told(tmp_path: Path, given: dict[str, object], variable: str) -> None:
    """The error names the variable."""
    with pytest.raises(TelemetrySettingsError) as told:
        open_tracing(settings(tmp_path, **given), service_name="s")
    assert told.value.setting == variable


def test_a_misspelt_setting_is_an_error(tmp_path: Path) -> None:
    """Nothing unknown is accepted silently."""
    with pytest.raises(ValidationError):
        settings(tmp_path, log_levle="info")


async def test_the_service_name_of_the_standard_wins(tmp_path: Path) -> None:
    """OTEL_SERVICE_NAME replaces ours."""
    asked = settings(tmp_path, otel_service_name="team-x")
    tracing = open_tracing(asked, service_name="collegium-test")
    with tracing.span("work") as span:
        pass
    await tracing.close()
    assert LocalTraceStore(asked.traces_dir).read(span.context.traceparent[3:35])[0].service == "team-x"
