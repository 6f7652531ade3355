"""Spans around the log."""

from dataclasses import dataclass

import pytest

from collegium.telemetry.contexts import derived_span, run_trace, span_id_of, trace_id_of
from collegium.telemetry.memory import MemoryTracing
from collegium.telemetry.messaging import acknowledged, polled, process_span, send_span, with_trace
from collegium.telemetry.tree import check_tree
from collegium_schemas.base import TraceContext
from collegium_schemas.envelope import trace_of

TOPIC = "collegium.tasks.retrieval"
RUN = "01890a5d-ac96-774b-bcce-b302099a8057"
OTHER_RUN = "01890a5d-ac96-774b-bcce-b302099a8058"
UNSAMPLED = TraceContext(traceparent=f"00-{'ab' * 16}-{'cd' * 8}-00")


@dataclass(frozen=True)
class Read:
    """A record that was read."""

    headers: tuple[tuple[str, bytes], ...]
    topic: str = TOPIC
    partition: int = 3
    offset: int = 42
    timestamp_ms: int = 1_000


def sent(context: TraceContext, offset: int = 42, timestamp_ms: int = 1_000) -> Read:
    """A record that carries a context."""
    return Read(with_trace((("ce_id", b"m-1"),), context), offset=offset, timestamp_ms=timestamp_ms)


def test_a_message_links_sender_and_receiver() -> None:
    """A process span is the child of the send span whose context the record carries."""
    tracing = MemoryTracing()
    with send_span(tracing, TOPIC, message_id="m-1") as span:
        record = sent(span.context)
        acknowledged(span, 3, 42)
    with process_span(tracing, record, group="collegium.retrieval", attributes={"collegium.role": "retrieval"}):
        pass
    send, process = tracing.spans
    assert (send.name, send.kind) == (f"send {TOPIC}", "producer")
    assert send.attributes == {
        "messaging.system.name": "kafka",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": TOPIC,
        "messaging.destination.partition.id": "3",
        "messaging.message.id": "m-1",
        "kafka.offset": 42,
    }
    assert (process.name, process.kind, process.parent_id) == (f"process {TOPIC}", "consumer", send.span_id)
    assert process.attributes == {
        "messaging.system.name": "kafka",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": TOPIC,
        "messaging.destination.partition.id": "3",
        "messaging.consumer.group.name": "collegium.retrieval",
        "messaging.message.id": "m-1",
        "kafka.offset": 42,
        "collegium.role": "retrieval",
    }
    assert check_tree(tracing.spans).is_one_tree


def test_a_given_parent_keeps_a_link_to_the_sender() -> None:
    """Work that hangs on a derived span still points at the message that caused it."""
    tracing = MemoryTracing()
    run = run_trace(RUN, None)
    sender = derived_span(run, "elsewhere")
    with process_span(tracing, sent(sender), parent=run):
        pass
    with process_span(tracing, sent(run), parent=run):
        pass
    first, second = tracing.spans
    assert first.parent_id == span_id_of(run)
    assert [link.span_id for link in first.links] == [span_id_of(sender)]
    assert second.links == ()


@pytest.mark.parametrize("headers", [(), (("traceparent", b"garbage"),), (("traceparent", b"\xff"),)])
def test_a_message_without_a_context_starts_a_trace(headers: tuple[tuple[str, bytes], ...]) -> None:
    """Other clients' records need no traceparent, and a malformed one is ignored as W3C asks."""
    tracing = MemoryTracing()
    with process_span(tracing, Read(headers)):
        pass
    polled(tracing, [Read(headers)], started_ms=900, ended_ms=1_100)
    (span,) = tracing.spans
    assert span.parent_id is None


def test_headers_are_replaced_not_added() -> None:
    """A record that is sent on has one traceparent, and an old tracestate goes with the old context."""
    with_state = TraceContext(traceparent=UNSAMPLED.traceparent, tracestate="vendor=1")
    headers = with_trace((("ce_id", b"1"), ("content-type", b"application/json")), with_state)
    assert trace_of(headers) == with_state
    again = with_trace(headers, run_trace(RUN, None))
    assert [name for name, _ in again] == ["ce_id", "content-type", "traceparent"]
    assert trace_of(again) == run_trace(RUN, None)


def test_a_poll_of_one_trace_is_part_of_it() -> None:
    """The receive span of one run's records hangs on the first sender and links all of them."""
    tracing = MemoryTracing()
    run = run_trace(RUN, None)
    first, second = derived_span(run, "a"), derived_span(run, "b")
    polled(tracing, [sent(first, 1), sent(second, 2)], started_ms=100, ended_ms=1_100, group="g")
    (span,) = tracing.spans
    assert (span.name, span.kind) == (f"poll {TOPIC}", "client")
    assert (span.trace_id, span.parent_id) == (trace_id_of(run), span_id_of(first))
    assert [link.span_id for link in span.links] == [span_id_of(first), span_id_of(second)]
    assert span.attributes["messaging.operation.type"] == "receive"
    assert span.attributes["messaging.batch.message_count"] == 2
    assert (span.start_ns, span.end_ns) == (1_000_000_000, 1_100_000_000)


def test_a_poll_of_many_traces_is_a_trace_of_its_own() -> None:
    """Fan-in has links only."""
    tracing = MemoryTracing()
    contexts = [run_trace(RUN, None), run_trace(OTHER_RUN, None)]
    polled(tracing, [sent(context) for context in contexts], started_ms=100, ended_ms=1_100)
    (span,) = tracing.spans
    assert span.parent_id is None
    assert span.trace_id not in {trace_id_of(context) for context in contexts}
    assert [link.trace_id for link in span.links] == [trace_id_of(context) for context in contexts]


def test_a_poll_without_sampled_records_is_not_recorded() -> None:
    """Nothing is kept for empty polls or unsampled runs."""
    tracing = MemoryTracing()
    polled(tracing, [], started_ms=1, ended_ms=2)
    polled(tracing, [sent(UNSAMPLED)], started_ms=1, ended_ms=2)
    assert tracing.spans == ()


def test_further_causes_are_links() -> None:
    """The attempt before, for example, besides the sender."""
    tracing = MemoryTracing()
    run = run_trace(RUN, None)
    before, sender = derived_span(run, "before"), derived_span(run, "sender")
    with process_span(tracing, sent(sender), parent=run, links=[before]):
        pass
    assert [link.span_id for link in tracing.spans[0].links] == [span_id_of(sender), span_id_of(before)]
