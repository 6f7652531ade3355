"""What a span is: while it runs here, as others hand it in, and as it is read back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from collegium_schemas.base import Scalar, TraceContext

SpanKind = Literal["internal", "client", "server", "producer", "consumer"]
Attributes = Mapping[str, Scalar | Sequence[str]]


@dataclass(frozen=True, slots=True)
class Link:
    """A pointer from a span to another one that caused it and is not its parent."""

    context: TraceContext
    attributes: Attributes = field(default_factory=dict[str, Scalar | Sequence[str]])


Links = Sequence[TraceContext | Link]


@dataclass(frozen=True, slots=True)
class FinishedSpan:
    """A span whose ids and times its owner decides, so that emitting it again is the same span again."""

    name: str
    kind: SpanKind
    context: TraceContext
    parent: TraceContext | None
    start_ms: int
    end_ms: int
    attributes: Attributes = field(default_factory=dict[str, Scalar | Sequence[str]])
    links: Links = ()
    error: str | None = None
    """The `error.type` when the work failed, such as a failure kind."""


@dataclass(frozen=True, slots=True)
class RecordedLink:
    """A link, with its context taken apart."""

    trace_id: str
    span_id: str
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """Something that happened at one moment of a span."""

    name: str
    time_ns: int
    attributes: Attributes


@dataclass(slots=True)
class SpanRecord:
    """A span of this process on its way out. It changes only until it has ended."""

    name: str
    kind: SpanKind
    trace_id: str
    """32 hexadecimal digits."""
    span_id: str
    """16 hexadecimal digits."""
    parent_id: str
    """Empty for the root of a trace."""
    parent_is_remote: bool
    tracestate: str
    start_ns: int
    end_ns: int
    attributes: dict[str, Scalar | Sequence[str]]
    links: list[RecordedLink]
    events: list[RecordedEvent]
    error: str
    """What went wrong, for people; empty when nothing did."""


@dataclass(frozen=True, slots=True)
class StoredSpan:
    """A span as it is read back, from this machine's files or from a trace back end."""

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    kind: SpanKind
    service: str
    start_ns: int
    end_ns: int
    attributes: Attributes = field(default_factory=dict[str, Scalar | Sequence[str]])
    links: tuple[RecordedLink, ...] = ()
    events: tuple[RecordedEvent, ...] = ()
    error: str | None = None


def stored(record: SpanRecord, service: str) -> StoredSpan:
    """A span as a reader will see it."""
    return StoredSpan(
        trace_id=record.trace_id,
        span_id=record.span_id,
        parent_id=record.parent_id or None,
        name=record.name,
        kind=record.kind,
        service=service,
        start_ns=record.start_ns,
        end_ns=record.end_ns,
        attributes=record.attributes,
        links=tuple(record.links),
        events=tuple(record.events),
        error=record.error or None,
    )
