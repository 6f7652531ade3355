"""Our OTLP encoding against OpenTelemetry's own."""

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from collegium.telemetry.conventions import SCHEMA_URL
from collegium.telemetry.spans import RecordedEvent, RecordedLink, SpanRecord
from collegium.telemetry.wire import OtlpEncoder

ATTRIBUTES = {"service.name": "collegium-retrieval", "host.cpus": 2}
RESOURCE = Resource(ATTRIBUTES)
VERSION = "1.2.3"
SAMPLED = TraceFlags(TraceFlags.SAMPLED)


def encoder() -> OtlpEncoder:
    """Ours."""
    return OtlpEncoder(ATTRIBUTES, "collegium", VERSION, SCHEMA_URL)


def reference(record: SpanRecord) -> ReadableSpan:
    """The record as OpenTelemetry's own encoder takes it."""
    state = TraceState.from_header([record.tracestate])
    trace_id = int(record.trace_id, 16)
    parent = None
    if record.parent_id:
        parent = SpanContext(trace_id, int(record.parent_id, 16), record.parent_is_remote, SAMPLED, state)
    return ReadableSpan(
        name=record.name,
        context=SpanContext(trace_id, int(record.span_id, 16), is_remote=False, trace_flags=SAMPLED, trace_state=state),
        parent=parent,
        resource=RESOURCE,
        attributes=record.attributes,
        events=[Event(event.name, dict(event.attributes), event.time_ns) for event in record.events],
        links=[
            Link(
                SpanContext(int(link.trace_id, 16), int(link.span_id, 16), is_remote=True, trace_flags=SAMPLED),
                dict(link.attributes),
            )
            for link in record.links
        ],
        kind=SpanKind[record.kind.upper()],
        status=Status(StatusCode.ERROR, record.error) if record.error else Status(StatusCode.UNSET),
        start_time=record.start_ns,
        end_time=record.end_ns,
        instrumentation_scope=InstrumentationScope("collegium", VERSION, SCHEMA_URL),
    )


def record(**changes: object) -> SpanRecord:
    """A plain span with some fields changed."""
    fields: dict[str, object] = {
        "name": "process collegium.tasks.retrieval",
        "kind": "consumer",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "span_id": "b7ad6b7169203331",
        "parent_id": "00f067aa0ba902b7",
        "parent_is_remote": True,
        "tracestate": "",
        "start_ns": 1_795_236_427_018_513_147,
        "end_ns": 1_795_236_427_018_668_268,
        "attributes": {},
        "links": [],
        "events": [],
        "error": "",
    }
    return SpanRecord(**{**fields, **changes})  # pyright: ignore[reportArgumentType] - a table of cases


@pytest.mark.parametrize(
    "span",
    [
        record(),
        record(parent_id="", parent_is_remote=False),
        record(parent_is_remote=False),
        record(tracestate="vendor=1,other=2"),
        *(record(kind=kind) for kind in ("internal", "client", "server", "producer")),
        record(attributes={"text": "x", "empty": "", "umlaut": "Größe", "long": "y" * 3_000}),
        record(attributes={"yes": True, "no": False, "one": 1, "zero": 0}),
        record(attributes={"neg": -1, "big": 2**63 - 1, "small": -(2**63), "127": 127, "128": 128, "2^14": 2**14}),
        record(attributes={"f": 1.5, "f0": 0.0, "inf": float("inf"), "list": ["a", "", "ü"], "none": []}),
        record(attributes={f"key.{n}": f"value {n}" for n in range(64)}),
        record(error="no such corpus", attributes={"error.type": "tool_error"}),
        record(events=[RecordedEvent("found", 5, {"n": 1}), RecordedEvent("lost", 6, {})]),
        record(links=[RecordedLink("ab" * 16, "cd" * 8, {"why": "retry"}), RecordedLink("12" * 16, "34" * 8, {})]),
    ],
)
def test_both_encoders_give_the_same_message(span: SpanRecord) -> None:
    """Every field of every kind of span is what OpenTelemetry's exporter would have sent."""
    encode = encoder()
    expected = encode_spans([reference(span)])
    assert ExportTraceServiceRequest.FromString(encode([span])) == expected
    # Once more, now from what the encoder has kept.
    assert ExportTraceServiceRequest.FromString(encode([span])) == expected


def test_a_batch_is_one_resource_and_scope() -> None:
    """Many spans, more than the encoder keeps texts of, come out in order."""
    encode = encoder()
    spans = [record(name=f"name {n}", attributes={f"key {n}": f"value {n}"}) for n in range(6_000)]
    encode(spans)
    assert ExportTraceServiceRequest.FromString(encode(spans)) == encode_spans([reference(span) for span in spans])


def test_text_that_is_no_unicode_is_replaced() -> None:
    """A lone surrogate cannot be sent; the span still is."""
    sent = ExportTraceServiceRequest.FromString(encoder()([record(attributes={"a": "x\udc80y"})]))
    (span,) = sent.resource_spans[0].scope_spans[0].spans
    assert span.attributes[0].value.string_value == "x?y"
