"""OTLP over HTTP: trees become OpenTelemetry's readable spans, and its exporter sends them.

Endpoint, headers, certificates, compression and time-out come from the standard `OTEL_EXPORTER_OTLP_*` variables,
which OpenTelemetry's exporter reads itself, unless they are given here.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from collegium.telemetry.conventions import SCHEMA_URL
from collegium.telemetry.spans import RecordedLink, SpanRecord

_KINDS: Final = {
    "internal": SpanKind.INTERNAL,
    "client": SpanKind.CLIENT,
    "server": SpanKind.SERVER,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
}
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_UNSET: Final = Status(StatusCode.UNSET)
_NO_STATE: Final = TraceState()


class ReadableSpans:
    """Turns records into OpenTelemetry's readable spans of one resource."""

    def __init__(self, resource: Resource, version: str) -> None:
        self._resource = resource
        self._scope = InstrumentationScope("collegium", version, SCHEMA_URL)

    def __call__(self, record: SpanRecord) -> ReadableSpan:
        """The same span as OpenTelemetry's exporters take it."""
        trace_id = int(record.trace_id, 16)
        state = TraceState.from_header([record.tracestate]) if record.tracestate else _NO_STATE
        context = SpanContext(
            trace_id, int(record.span_id, 16), is_remote=False, trace_flags=_SAMPLED, trace_state=state
        )
        parent = None
        if record.parent_id:
            parent = SpanContext(trace_id, int(record.parent_id, 16), record.parent_is_remote, _SAMPLED, state)
        return ReadableSpan(
            name=record.name,
            context=context,
            parent=parent,
            resource=self._resource,
            attributes=record.attributes,
            events=[Event(event.name, dict(event.attributes), event.time_ns) for event in record.events],
            links=[_link(link) for link in record.links],
            kind=_KINDS[record.kind],
            status=Status(StatusCode.ERROR, record.error) if record.error else _UNSET,
            start_time=record.start_ns,
            end_time=record.end_ns,
            instrumentation_scope=self._scope,
        )


class OtlpWriter:
    """Writes batches to an OpenTelemetry exporter. Called from a batch thread; may block up to its time-out."""

    def __init__(self, exporter: SpanExporter, convert: ReadableSpans) -> None:
        self._exporter = exporter
        self._convert = convert

    def write(self, batch: Sequence[SpanRecord]) -> bool:
        """Send one batch; False when the collector did not take it, after the exporter's own retries."""
        return self._exporter.export([self._convert(record) for record in batch]) is SpanExportResult.SUCCESS

    def close(self) -> None:
        """Interrupt a retry that is under way and release the connection."""
        self._exporter.shutdown()


def http_exporter(
    endpoint: str | None = None, *, headers: Mapping[str, str] | None = None, timeout_ms: int | None = None
) -> SpanExporter:
    """OpenTelemetry's OTLP/HTTP exporter.

    Args:
        endpoint: The full URL, with /v1/traces. None takes it from the environment, as the standard says.
        headers: Sent with each request. None takes them from the environment.
        timeout_ms: Per batch, with all retries. None takes it from the environment, else 10 s.
    """
    # A collector that is away would fill the log with one line per batch; the drop counter tells the same.
    logging.getLogger("opentelemetry.exporter.otlp.proto.http.trace_exporter").addFilter(_OncePerMinute())
    return OTLPSpanExporter(
        endpoint=endpoint,
        headers=dict(headers) if headers is not None else None,
        timeout=None if timeout_ms is None else timeout_ms / 1000,
    )


class _OncePerMinute(logging.Filter):
    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Let each message text through once a minute."""
        text = str(record.msg)
        if record.created - self._last.get(text, 0.0) < 60:
            return False
        if len(self._last) < 100:
            self._last[text] = record.created
        return True


def _link(link: RecordedLink) -> Link:
    context = SpanContext(int(link.trace_id, 16), int(link.span_id, 16), is_remote=True, trace_flags=_SAMPLED)
    return Link(context, link.attributes)
