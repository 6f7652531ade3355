"""What one span costs, in microseconds of one core, beside OpenTelemetry's own tracer and encoder.

Prints one JSON object. Every figure is the best of several rounds, and all are of one run, so that their ratios
hold on any machine.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider

from collegium.telemetry.contexts import derived_span, run_trace
from collegium.telemetry.messaging import process_span, send_attributes, with_trace
from collegium.telemetry.sinks import Tree
from collegium.telemetry.spans import SpanRecord
from collegium.telemetry.store import FileWriter
from collegium.telemetry.tracing import FinishedSpan, Tracing
from collegium.telemetry.wire import OtlpEncoder

SPANS = 2_000
ROUNDS = 7
RUN = "01890a5d-ac96-774b-bcce-b302099a8057"
ATTRIBUTES = {
    **send_attributes("collegium.tasks.retrieval", "m-1"),
    "messaging.destination.partition.id": "3",
    "kafka.offset": 12_345,
    "collegium.run.id": RUN,
    "collegium.role": "retrieval",
}


class Keep:
    """A sink that keeps the first records."""

    def __init__(self) -> None:
        self.records: list[SpanRecord] = []

    def submit(self, tree: Tree) -> None:
        """Keep."""
        if len(self.records) < SPANS:
            self.records.extend(tree)

    def flush(self, timeout_ms: int) -> bool:
        """Nothing to do."""
        return True

    def close(self, timeout_ms: int) -> None:
        """Nothing to do."""


class KeepReadable(SpanProcessor):
    """The same for OpenTelemetry's tracer."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        """Keep."""
        if len(self.spans) < SPANS:
            self.spans.append(span)


def cost_us(work: Callable[[], object], spans: int = SPANS) -> float:
    """Microseconds per span of the fastest round."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return round(best / spans * 1e6, 2)


def trees(tracing: Tracing) -> None:
    """Local trees of four spans, as one attempt has them."""
    for _ in range(SPANS // 4):
        with tracing.span("process", kind="consumer", attributes=ATTRIBUTES):
            with tracing.span("invoke_agent", attributes=ATTRIBUTES):
                with tracing.span("execute_tool", attributes=ATTRIBUTES):
                    pass
            with tracing.span("send", kind="producer", attributes=ATTRIBUTES):
                pass


def otel_trees(provider: TracerProvider) -> None:
    """The same by OpenTelemetry's tracer."""
    tracer = provider.get_tracer("benchmark")
    attributes = dict(ATTRIBUTES)
    for _ in range(SPANS // 4):
        with tracer.start_as_current_span("process", attributes=attributes):
            with (
                tracer.start_as_current_span("invoke_agent", attributes=attributes),
                tracer.start_as_current_span("execute_tool", attributes=attributes),
            ):
                pass
            with tracer.start_as_current_span("send", attributes=attributes):
                pass


class Read:
    """A record that was read."""

    topic, partition, offset, timestamp_ms = "collegium.tasks.retrieval", 3, 42, 0
    headers = with_trace((("ce_id", b"m-1"),), run_trace(RUN, None))


def main() -> int:
    """Measure everything once."""
    keep, readable = Keep(), KeepReadable()
    tracing = Tracing([keep])
    provider = TracerProvider(resource=Resource({"service.name": "s"}), shutdown_on_exit=False)
    provider.add_span_processor(readable)
    root = run_trace(RUN, None)
    emitted = FinishedSpan("send", "producer", derived_span(root, "task", "send"), root, 1, 2, ATTRIBUTES)
    record = Read()

    def process() -> None:
        for _ in range(SPANS):
            with process_span(tracing, record, group="g"):
                pass

    figures = {
        "span_us": cost_us(lambda: trees(tracing)),
        "span_disabled_us": cost_us(lambda: trees(Tracing([], enabled=False))),
        "process_span_us": cost_us(process),
        "emit_us": cost_us(lambda: [tracing.emit(emitted) for _ in range(SPANS)]),
        "derive_us": cost_us(lambda: [derived_span(root, "task", "send") for _ in range(SPANS)]),
        "otel_tracer_us": cost_us(lambda: otel_trees(provider)),
    }
    encode = OtlpEncoder({"service.name": "s"}, "collegium", "1", "")
    figures["otlp_encode_us"] = cost_us(lambda: encode(keep.records), len(keep.records))
    figures["otel_otlp_encode_us"] = cost_us(
        lambda: encode_spans(readable.spans).SerializeToString(), len(readable.spans)
    )
    with tempfile.TemporaryDirectory() as directory:
        writer = FileWriter(Path(directory), "s")
        figures["file_us"] = cost_us(lambda: writer.write(keep.records), len(keep.records))
        writer.close()
    ours = figures["span_us"] + figures["otlp_encode_us"]
    theirs = figures["otel_tracer_us"] + figures["otel_otlp_encode_us"]
    figures["otlp_ratio"] = round(ours / theirs, 3)
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
