"""OTLP over HTTP by OpenTelemetry's exporter.

Endpoint, headers, certificates, compression and time-out come from the standard `OTEL_EXPORTER_OTLP_*` variables,
which the exporter reads itself, unless they are given here.
"""

import logging
from collections.abc import Mapping, Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

from collegium.telemetry.conventions import SCHEMA_URL
from collegium.telemetry.spans import Attributes, SpanRecord
from collegium.telemetry.wire import OtlpEncoder

_EXPORTER_LOG = "opentelemetry.exporter.otlp.proto.http.trace_exporter"


class OtlpWriter:
    """Sends batches to a collector. Called from a batch thread; may block up to its time-out.

    Args:
        resource: Attributes of this process.
        version: Of the distribution.
        endpoint: The full URL, with /v1/traces. None takes it from the environment, as the standard says.
        headers: Sent with each request. None takes them from the environment.
        timeout_ms: Per batch, with all retries. None takes it from the environment, else 10 s.
    """

    def __init__(
        self,
        resource: Attributes,
        version: str,
        *,
        endpoint: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: int | None = None,
    ) -> None:
        # A collector that is away would fill the log with lines per batch; the drop counter tells the same.
        log = logging.getLogger(_EXPORTER_LOG)
        if not any(isinstance(known, _OncePerMinute) for known in log.filters):
            log.addFilter(_OncePerMinute())
        self._encode = OtlpEncoder(resource, "collegium", version, SCHEMA_URL)
        self._exporter = _Exporter(
            endpoint=endpoint,
            headers=dict(headers) if headers is not None else None,
            timeout=None if timeout_ms is None else timeout_ms / 1000,
        )

    def write(self, batch: Sequence[SpanRecord]) -> bool:
        """Send one batch; False when the collector did not take it, after the exporter's own retries."""
        return self._exporter.send(self._encode(batch))

    def close(self) -> None:
        """Interrupt a retry that is under way and release the connection."""
        self._exporter.shutdown()


class _Exporter(OTLPSpanExporter):
    """OpenTelemetry's exporter with its transport, retries and settings, for spans that are encoded already."""

    def send(self, request: bytes) -> bool:
        """Send an encoded `ExportTraceServiceRequest`."""
        return self._client.export(request).success


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
