"""Spans around the log: `send TOPIC`, `poll TOPIC` and `process TOPIC`.

The creation context of a message is the `send` span's, or a derived one that its sender names; it travels in the
record's `traceparent`. A `process` span is its child. A `poll` span has links to what it returned, and is a child
only where all of it belongs to one trace (semantic conventions for messaging spans, "trace structure").
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final, Protocol

from collegium.telemetry import conventions as names
from collegium.telemetry.contexts import is_sampled, is_valid, trace_id_of
from collegium.telemetry.tracing import ActiveSpan, FinishedSpan, Link, Tracing, derived_span
from collegium_schemas.base import Scalar, TraceContext
from collegium_schemas.envelope import Headers, header, trace_of

_TRACE_HEADERS: Final = ("traceparent", "tracestate")
_MAX_LINKS: Final = 128


class ReadRecord(Protocol):
    """What these functions look at in a record that was read: `collegium.log.port.Record` is one."""

    @property
    def topic(self) -> str: ...  # noqa: D102 - as in the Log port

    @property
    def partition(self) -> int: ...  # noqa: D102

    @property
    def offset(self) -> int: ...  # noqa: D102

    @property
    def timestamp_ms(self) -> int: ...  # noqa: D102

    @property
    def headers(self) -> Headers: ...  # noqa: D102


def send_attributes(topic: str, message_id: str | None = None) -> dict[str, Scalar | Sequence[str]]:
    """The attributes of a `send` span; also for the derived ones that are emitted."""
    attributes: dict[str, Scalar | Sequence[str]] = {
        names.MESSAGING_SYSTEM_NAME: names.KAFKA,
        names.MESSAGING_OPERATION_NAME: "send",
        names.MESSAGING_OPERATION_TYPE: "send",
        names.MESSAGING_DESTINATION_NAME: topic,
    }
    if message_id is not None:
        attributes[names.MESSAGING_MESSAGE_ID] = message_id
    return attributes


def send_span(
    tracing: Tracing,
    topic: str,
    *,
    message_id: str | None = None,
    parent: TraceContext | None = None,
    links: Sequence[TraceContext | Link] = (),
) -> AbstractContextManager[ActiveSpan]:
    """A `send TOPIC` span around sending one message and awaiting its acknowledgement.

    Put `with_trace(headers, span.context)` into the record and call `acknowledged` with its position.
    """
    return tracing.span(
        f"send {topic}",
        kind="producer",
        parent=parent,
        links=links,
        attributes=send_attributes(topic, message_id),
    )


def acknowledged(span: ActiveSpan, partition: int, offset: int) -> None:
    """Note where a message was written."""
    span.set_attributes({names.MESSAGING_DESTINATION_PARTITION_ID: str(partition), names.KAFKA_OFFSET: offset})


def with_trace(headers: Headers, context: TraceContext) -> Headers:
    """The headers with this trace context in place of any other."""
    kept = tuple(pair for pair in headers if pair[0] not in _TRACE_HEADERS)
    traced = (*kept, ("traceparent", context.traceparent.encode()))
    return (*traced, ("tracestate", context.tracestate.encode())) if context.tracestate else traced


def process_span(
    tracing: Tracing,
    record: ReadRecord,
    *,
    group: str | None = None,
    parent: TraceContext | None = None,
    links: Sequence[TraceContext] = (),
    attributes: Mapping[str, Scalar | Sequence[str]] | None = None,
) -> AbstractContextManager[ActiveSpan]:
    """A `process TOPIC` span around the work that one record causes.

    Args:
        tracing: The process's tracing.
        record: What is processed.
        group: The consumer group that read it.
        parent: The span to hang it on, with a link to the record's context; None is the record's context itself.
        links: Further causes, such as the attempt before this one.
        attributes: Ours, such as the run's id.
    """
    sender = trace_of(record.headers)
    found = _read_attributes(record.topic, "process", group)
    found[names.MESSAGING_DESTINATION_PARTITION_ID] = str(record.partition)
    found[names.KAFKA_OFFSET] = record.offset
    message_id = header(record.headers, "ce_id") if sender is not None else None
    if message_id is not None:
        found[names.MESSAGING_MESSAGE_ID] = message_id
    if attributes:
        found.update(attributes)
    if parent is not None and sender is not None and sender != parent:
        links = (sender, *links)
    return tracing.span(
        f"process {record.topic}", kind="consumer", parent=parent or sender, links=links, attributes=found
    )


def polled(
    tracing: Tracing,
    records: Iterable[ReadRecord],
    *,
    started_ms: int,
    ended_ms: int,
    group: str | None = None,
) -> None:
    """Record one `poll TOPIC` span per topic for a poll that returned records, if any of them is traced.

    Args:
        tracing: The process's tracing.
        records: All that the poll returned.
        started_ms: When the poll was called. The span starts no earlier than its first record was written, since
            the time before was spent waiting for work.
        ended_ms: When it returned.
        group: The consumer group.
    """
    by_topic: dict[str, list[tuple[ReadRecord, TraceContext]]] = {}
    counts: dict[str, int] = {}
    for record in records:
        counts[record.topic] = counts.get(record.topic, 0) + 1
        context = trace_of(record.headers)
        if context is not None and is_valid(context) and is_sampled(context):
            by_topic.setdefault(record.topic, []).append((record, context))
    for topic, traced in by_topic.items():
        first = traced[0][1]
        own_trace = {trace_id_of(context) for _, context in traced} != {trace_id_of(first)}
        written_ms = min(record.timestamp_ms for record, _ in traced)
        attributes = _read_attributes(topic, "poll", group, operation_type="receive")
        attributes[names.MESSAGING_BATCH_MESSAGE_COUNT] = counts[topic]
        place = f"{traced[0][0].partition}/{traced[0][0].offset}"
        tracing.emit(
            FinishedSpan(
                name=f"poll {topic}",
                kind="client",
                context=tracing.new_trace() if own_trace else derived_span(first, "poll", group or "", topic, place),
                parent=None if own_trace else first,
                start_ms=min(max(started_ms, written_ms), ended_ms),
                end_ms=ended_ms,
                attributes=attributes,
                links=[context for _, context in traced[:_MAX_LINKS]],
            )
        )


def _read_attributes(
    topic: str, operation: str, group: str | None, *, operation_type: str | None = None
) -> dict[str, Scalar | Sequence[str]]:
    attributes: dict[str, Scalar | Sequence[str]] = {
        names.MESSAGING_SYSTEM_NAME: names.KAFKA,
        names.MESSAGING_OPERATION_NAME: operation,
        names.MESSAGING_OPERATION_TYPE: operation_type or operation,
        names.MESSAGING_DESTINATION_NAME: topic,
    }
    if group is not None:
        attributes[names.MESSAGING_CONSUMER_GROUP_NAME] = group
    return attributes
