"""CloudEvents 1.0 in Kafka's binary mode: attributes as `ce_*` headers, the JSON body as the record's value.

Source: CloudEvents Kafka protocol binding 1.0.2, section 3.2, and W3C Trace Context for the trace headers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import lru_cache
from typing import Final, TypeVar

from pydantic import ValidationError

from collegium_schemas.base import Message, TraceContext
from collegium_schemas.catalogue import MESSAGES

M = TypeVar("M", bound=Message)
Headers = tuple[tuple[str, bytes], ...]

CONTENT_TYPE: Final = "content-type"
JSON: Final = b"application/json"


@dataclass(frozen=True, slots=True)
class Envelope:
    """The attributes of one record, apart from its body."""

    id: str
    """Unique per source; the same for a record that is sent again."""
    source: str
    """A URI reference of the sender, such as `/collegium/orchestrator`."""
    type: str
    time_ms: int
    subject: str | None = None
    """The task_id or run_id that the record is about."""
    trace: TraceContext | None = None


class EnvelopeError(ValueError):
    """A record's headers or body cannot be understood; it belongs into dead-letters."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def encode_headers(envelope: Envelope) -> Headers:
    """Kafka headers for an envelope, in a fixed order."""
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", envelope.id.encode()),
        ("ce_source", envelope.source.encode()),
        ("ce_type", envelope.type.encode()),
        ("ce_time", _rfc3339(envelope.time_ms)),
        (CONTENT_TYPE, JSON),
    ]
    if envelope.subject is not None:
        headers.append(("ce_subject", envelope.subject.encode()))
    if envelope.trace is not None:
        headers.append(("traceparent", envelope.trace.traceparent.encode()))
        if envelope.trace.tracestate:
            headers.append(("tracestate", envelope.trace.tracestate.encode()))
    return tuple(headers)


@lru_cache(maxsize=256)
def _rfc3339(time_ms: int) -> bytes:
    """Cached, since all records of one transaction have the same time."""
    seconds, ms = divmod(time_ms, 1000)
    return b"%b.%03dZ" % (_whole_seconds(seconds), ms)


@lru_cache(maxsize=16)
def _whole_seconds(seconds: int) -> bytes:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S").encode()


def header(headers: Headers, name: str) -> str | None:
    """The last header of that name as text, or None when absent.

    Raises:
        EnvelopeError: when it is not UTF-8.
    """
    for key, value in reversed(headers):
        if key == name:
            try:
                return value.decode()
            except UnicodeDecodeError as error:
                raise EnvelopeError(f"header {name} is not UTF-8") from error
    return None


def trace_of(headers: Headers) -> TraceContext | None:
    """The record's W3C trace context; None when absent or malformed, as the standard asks."""
    try:
        parent = header(headers, "traceparent")
        if parent is None:
            return None
        context = TraceContext(traceparent=parent, tracestate=header(headers, "tracestate") or "")
    except (EnvelopeError, ValidationError):
        return None
    version, trace_id, span_id, _ = context.traceparent.split("-")
    return None if version == "ff" or not trace_id.strip("0") or not span_id.strip("0") else context


def decode(headers: Headers, body: bytes | None, *expected: type[M]) -> M:
    """The message in a record, tolerant of fields from newer peers.

    Args:
        headers: The record's headers; `ce_type` names the message.
        body: The record's value.
        expected: Which messages the topic may hold.

    Raises:
        EnvelopeError: unknown or unexpected type, no body, or a body that breaks its contract.
    """
    name = header(headers, "ce_type")
    if name is None:
        raise EnvelopeError("the record has no ce_type header: send CloudEvents in Kafka's binary mode")
    kind = MESSAGES.get(name)
    if kind is None:
        raise EnvelopeError(f"unknown ce_type {name[:100]!r}")
    if not issubclass(kind, expected):
        raise EnvelopeError(f"ce_type {name!r} does not belong here; expected {', '.join(e.TYPE for e in expected)}")
    if body is None:
        raise EnvelopeError(f"a {name} record has no body")
    try:
        return kind.read(body)
    except ValidationError as error:
        raise EnvelopeError(explain(error)) from error


def explain(error: ValidationError, known_fields: Sequence[str] = ()) -> str:
    """The first few faults of a body in one line: where, what, and never the value itself.

    Args:
        error: What pydantic found.
        known_fields: The fields that there are, to suggest one for a misspelt name.
    """
    faults = [
        _fault(fault["type"], ".".join(str(part) for part in fault["loc"]) or "body", fault["msg"], known_fields)
        for fault in error.errors(include_url=False, include_input=False, include_context=False)[:3]
    ]
    more = error.error_count() - len(faults)
    return "; ".join(faults) + (f"; and {more} more" if more > 0 else "")


def _fault(kind: str, where: str, message: str, known_fields: Sequence[str]) -> str:
    if kind == "union_tag_invalid":
        return f"{where}: {message}. A newer version wrote it: bring this process up to that version (docs/upgrade.md)"
    if kind != "extra_forbidden":
        return f"{where}: {message}"
    near = get_close_matches(where, known_fields, n=1)
    return f"unknown field {where!r}" + (f": did you mean {near[0]!r}?" if near else "")
