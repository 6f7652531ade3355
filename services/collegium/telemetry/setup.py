"""Builds a process's telemetry from settings. Every `__main__` does its work inside `telemetry(...)`."""

import os
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from aiohttp import web
from opentelemetry.sdk.resources import Resource
from opentelemetry.util.re import parse_env_headers
from prometheus_client import CollectorRegistry
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from collegium.telemetry import conventions as names
from collegium.telemetry.batching import Batches
from collegium.telemetry.errors import TelemetrySettingsError
from collegium.telemetry.http import Health, HttpServer
from collegium.telemetry.logs import LogFormat, LogLevel, logging_to
from collegium.telemetry.metrics import Metrics, SpanCounter
from collegium.telemetry.otlp import OtlpWriter
from collegium.telemetry.redaction import Redactor
from collegium.telemetry.sampling import Sampling
from collegium.telemetry.sinks import Dropped, Sink, uncounted
from collegium.telemetry.spans import Attributes
from collegium.telemetry.store import FileWriter
from collegium.telemetry.tracing import Tracing

TRACES_DIR: Final = "traces"
_FILE_DELAY_MS: Final = 100


class TelemetrySettings(BaseSettings):
    """What operators decide about traces, metrics and logs: `COLLEGIUM_...`, and OpenTelemetry's own `OTEL_...`.

    Further standard variables of the OTLP exporter (certificates, compression, time-out) are read by it.
    """

    model_config = SettingsConfigDict(
        env_prefix="COLLEGIUM_", extra="forbid", frozen=True, populate_by_name=True, env_ignore_empty=True
    )

    data_dir: Path = Path(".collegium")
    trace_file: Literal["auto", "on", "off"] = "auto"
    """Local span files: `auto` writes there what no collector takes, `on` writes everything there too."""
    trace_file_max_bytes: int = Field(default=256 << 20, ge=1 << 20)
    log_level: LogLevel = "info"
    log_format: LogFormat = "json"
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=0, ge=0, le=65_535)
    """0 takes a free port."""
    shutdown_timeout_ms: int = Field(default=3_000, ge=0)
    """How long the last spans may take at the end, per sink."""

    otel_sdk_disabled: bool = Field(default=False, validation_alias="OTEL_SDK_DISABLED")
    otel_service_name: str | None = Field(default=None, validation_alias="OTEL_SERVICE_NAME")
    otel_traces_exporter: str | None = Field(default=None, validation_alias="OTEL_TRACES_EXPORTER")
    otel_traces_sampler: str = Field(default="parentbased_always_on", validation_alias="OTEL_TRACES_SAMPLER")
    otel_traces_sampler_arg: str | None = Field(default=None, validation_alias="OTEL_TRACES_SAMPLER_ARG")
    otlp_endpoint: str | None = Field(default=None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    otlp_traces_endpoint: str | None = Field(default=None, validation_alias="OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    otlp_headers: SecretStr | None = Field(default=None, validation_alias="OTEL_EXPORTER_OTLP_HEADERS")
    otlp_traces_headers: SecretStr | None = Field(default=None, validation_alias="OTEL_EXPORTER_OTLP_TRACES_HEADERS")
    otlp_protocol: str = Field(default="http/protobuf", validation_alias="OTEL_EXPORTER_OTLP_PROTOCOL")
    otlp_traces_protocol: str | None = Field(default=None, validation_alias="OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
    bsp_schedule_delay_ms: int = Field(default=500, ge=1, validation_alias="OTEL_BSP_SCHEDULE_DELAY")
    bsp_max_queue_size: int = Field(default=16_384, ge=1, validation_alias="OTEL_BSP_MAX_QUEUE_SIZE")
    bsp_max_export_batch_size: int = Field(default=512, ge=1, validation_alias="OTEL_BSP_MAX_EXPORT_BATCH_SIZE")

    @property
    def traces_dir(self) -> Path:
        """Where this machine's processes write span files, and `LocalTraceStore` reads them."""
        return self.data_dir / TRACES_DIR

    def collector_url(self) -> str | None:
        """The full URL that traces are sent to, or None when no collector is set.

        Raises:
            TelemetrySettingsError: an exporter or protocol is asked for that does not exist here.
        """
        if self.otel_traces_exporter not in (None, "otlp", "none"):
            raise TelemetrySettingsError("OTEL_TRACES_EXPORTER", f"{self.otel_traces_exporter!r}: use otlp or none")
        if self.otel_traces_exporter == "none":
            return None
        base = self.otlp_endpoint
        if base is None and self.otel_traces_exporter == "otlp":
            base = "http://localhost:4318"
        url = self.otlp_traces_endpoint or (None if base is None else f"{base.rstrip('/')}/v1/traces")
        protocol = self.otlp_traces_protocol or self.otlp_protocol
        if url is not None and protocol != "http/protobuf":
            raise TelemetrySettingsError("OTEL_EXPORTER_OTLP_PROTOCOL", f"{protocol!r}: only http/protobuf is there")
        return url

    def collector_headers(self) -> Mapping[str, str] | None:
        """Headers for the collector, which often carry its credential."""
        given = self.otlp_traces_headers or self.otlp_headers
        return None if given is None else parse_env_headers(given.get_secret_value(), liberal=True)


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What a process uses to be seen."""

    tracing: Tracing
    metrics: Metrics
    health: Health
    http: HttpServer

    @property
    def registry(self) -> CollectorRegistry:
        """Where metrics are registered that `metrics` did not make."""
        return self.metrics.registry


@asynccontextmanager
async def telemetry(
    settings: TelemetrySettings,
    *,
    service_name: str,
    version: str = "0",
    secrets: Iterable[SecretStr] = (),
    routes: Iterable[web.AbstractRouteDef] = (),
    serve: bool = True,
) -> AsyncGenerator[Telemetry]:
    """Logs, traces, metrics and the HTTP server of one process.

    Args:
        settings: What operators decided.
        service_name: Such as `collegium-orchestrator`; `OTEL_SERVICE_NAME` replaces it.
        version: Of the distribution.
        secrets: Values that must not appear in any log or trace.
        routes: More routes for the HTTP server.
        serve: False leaves the start of the HTTP server to the caller, who may add routes first.

    Raises:
        TelemetrySettingsError: a setting cannot be used.
        OSError: the HTTP address cannot be bound.
    """
    metrics = Metrics(service_name, version)
    redactor = Redactor(_known_secrets(settings, secrets))
    tracing = open_tracing(
        settings, service_name=service_name, version=version, dropped=SpanCounter(metrics), redactor=redactor
    )
    health = Health()
    http = HttpServer(metrics.registry, health, host=settings.http_host, port=settings.http_port, routes=routes)
    async with AsyncExitStack() as stack:
        stack.enter_context(
            logging_to(
                None,
                service=service_name,
                level=settings.log_level,
                style=settings.log_format,
                current=tracing.current,
                redactor=redactor,
            )
        )
        stack.push_async_callback(tracing.close, settings.shutdown_timeout_ms)
        stack.push_async_callback(http.close)
        if serve:
            await http.start()
        yield Telemetry(tracing=tracing, metrics=metrics, health=health, http=http)


def open_tracing(
    settings: TelemetrySettings,
    *,
    service_name: str,
    version: str = "0",
    dropped: Dropped = uncounted,
    redactor: Redactor | None = None,
) -> Tracing:
    """Tracing alone, for a command that is no service. Close it at the end.

    Raises:
        TelemetrySettingsError: a setting cannot be used.
    """
    sampling = Sampling.named(settings.otel_traces_sampler, settings.otel_traces_sampler_arg)
    service = settings.otel_service_name or service_name
    sinks = [] if settings.otel_sdk_disabled else _sinks(settings, service, version, dropped)
    redact = redactor or Redactor(_known_secrets(settings, ()))
    return Tracing(sinks, sampling=sampling, dropped=dropped, redactor=redact, enabled=bool(sinks))


def _sinks(settings: TelemetrySettings, service: str, version: str, dropped: Dropped) -> list[Sink]:
    url = settings.collector_url()
    file: Batches | None = None
    if settings.trace_file != "off":
        files = FileWriter(settings.traces_dir, service, max_total_bytes=settings.trace_file_max_bytes)
        file = Batches(files, name="file", delay_ms=_FILE_DELAY_MS, dropped=dropped)
    if url is None:
        return [] if file is None else [file]
    writer = OtlpWriter(_resource(service, version), version, endpoint=url, headers=settings.collector_headers())
    keeps_all = file is not None and settings.trace_file == "on"
    otlp = Batches(
        writer,
        name="otlp",
        capacity_spans=settings.bsp_max_queue_size,
        batch_spans=min(settings.bsp_max_export_batch_size, settings.bsp_max_queue_size),
        delay_ms=settings.bsp_schedule_delay_ms,
        spill=None if keeps_all else file,
        dropped=dropped,
    )
    return [otlp, file] if keeps_all and file is not None else [otlp]


def _resource(service: str, version: str) -> Attributes:
    """What this process is; OpenTelemetry adds `OTEL_RESOURCE_ATTRIBUTES` and its own version."""
    own = {
        names.SERVICE_NAME: service,
        names.SERVICE_NAMESPACE: "collegium",
        names.SERVICE_VERSION: version,
        names.SERVICE_INSTANCE_ID: f"{os.uname().nodename}-{os.getpid()}",
    }
    found = Resource.create(own).attributes
    return {key: value for key, value in found.items() if isinstance(value, str | int | float | bool)}


def _known_secrets(settings: TelemetrySettings, more: Iterable[SecretStr]) -> list[str]:
    headers = (settings.collector_headers() or {}).values()
    return [*headers, *(secret.get_secret_value() for secret in more)]
