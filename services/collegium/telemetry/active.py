"""Spans that have not ended: recorded ones, and those that only carry a context on."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar, Token
from time import time_ns
from types import TracebackType
from typing import Final, Protocol

from collegium.telemetry.bounds import TracingLimits
from collegium.telemetry.redaction import Redactor
from collegium.telemetry.spans import Attributes, RecordedEvent, SpanRecord
from collegium_schemas.base import Scalar, TraceContext

ERROR_TYPE: Final = "error.type"


class ActiveSpan(Protocol):
    """A span that has not ended. On a span that is not recorded every call is allowed and does nothing."""

    @property
    def context(self) -> TraceContext:
        """What to put into a message's headers, so that others can hang their spans on this one."""
        ...

    @property
    def recording(self) -> bool:
        """False when nothing is kept, so that costly attributes need not be computed."""
        ...

    def set(self, **attributes: Scalar | Sequence[str]) -> None:
        """Set attributes by keyword."""
        ...

    def set_attributes(self, attributes: Mapping[str, Scalar | Sequence[str]]) -> None:
        """Set attributes; an existing one is replaced."""
        ...

    def event(self, name: str, attributes: Attributes | None = None) -> None:
        """Note that something happened now."""
        ...

    def fail(self, error_type: str, message: str) -> None:
        """Mark the span as failed; `error_type` is one of few values, `message` is for people."""
        ...


class Tree:
    """What was recorded under one local root so far, in the order of starting: every parent before its children."""

    __slots__ = ("closed", "open", "spans")

    def __init__(self) -> None:
        self.open = 0
        self.closed = False
        """True once it has been handed on, or given up."""
        self.spans: list[SpanRecord] = []


class Scope:
    """What all spans of one `Tracing` share."""

    __slots__ = ("current", "ended", "limits", "new_context", "redactor")

    def __init__(
        self,
        limits: TracingLimits,
        redactor: Redactor,
        ended: "Callable[[RecordingSpan], None]",
        new_context: Callable[[], TraceContext],
    ) -> None:
        self.current: ContextVar[PassiveSpan | RecordingSpan | None] = ContextVar("collegium_span", default=None)
        self.limits = limits
        self.redactor = redactor
        self.ended = ended
        self.new_context = new_context


class PassiveSpan:
    """A span that is not recorded: its children and messages carry on the context that it was given."""

    __slots__ = ("_context", "_scope", "_token")

    def __init__(self, scope: Scope, context: TraceContext | None) -> None:
        self._scope = scope
        self._context = context

    @property
    def recording(self) -> bool:
        """False: nothing is kept."""
        return False

    @property
    def context(self) -> TraceContext:
        """The nearest recorded span above, or an unsampled context of its own."""
        if self._context is None:
            self._context = self._scope.new_context()
        return self._context

    def set(self, **attributes: Scalar | Sequence[str]) -> None:
        """Nothing."""

    def set_attributes(self, attributes: Mapping[str, Scalar | Sequence[str]]) -> None:
        """Nothing."""

    def event(self, name: str, attributes: Attributes | None = None) -> None:
        """Nothing."""

    def fail(self, error_type: str, message: str) -> None:
        """Nothing."""

    def __enter__(self) -> "PassiveSpan":
        self._token = self._scope.current.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _leave(self._scope, self._token)


class RecordingSpan:
    """A span that is recorded into a tree. Once it has ended it may be in export, so nothing changes it any more."""

    __slots__ = ("_context", "_scope", "_token", "record", "tree")

    def __init__(self, scope: Scope, tree: Tree, record: SpanRecord) -> None:
        self._scope = scope
        self._context: TraceContext | None = None
        self.tree = tree
        self.record = record

    @property
    def recording(self) -> bool:
        """True until the span has ended and after."""
        return True

    @property
    def context(self) -> TraceContext:
        """This span's own context."""
        if self._context is None:
            record = self.record
            self._context = TraceContext(
                traceparent=f"00-{record.trace_id}-{record.span_id}-01", tracestate=record.tracestate
            )
        return self._context

    def set(self, **attributes: Scalar | Sequence[str]) -> None:
        """Set attributes by keyword."""
        self.set_attributes(attributes)

    def set_attributes(self, attributes: Mapping[str, Scalar | Sequence[str]]) -> None:
        """Set attributes; an existing one is replaced."""
        if not self.record.end_ns:
            self.record.attributes.update(attributes)

    def event(self, name: str, attributes: Attributes | None = None) -> None:
        """Note that something happened now; beyond the limit of events it is cut off."""
        events, limits = self.record.events, self._scope.limits
        if len(events) < limits.events_per_span and not self.record.end_ns:
            events.append(RecordedEvent(name, time_ns(), limits.copied(attributes)))

    def fail(self, error_type: str, message: str) -> None:
        """Mark the span as failed."""
        if self.record.end_ns:
            return
        self.record.attributes[ERROR_TYPE] = error_type
        self.record.error = self._scope.redactor(message or error_type)[: self._scope.limits.value_chars]

    def __enter__(self) -> "RecordingSpan":
        self._token = self._scope.current.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and not self.record.error:
            self.fail(type(error).__qualname__, str(error))
        _leave(self._scope, self._token)
        self._scope.ended(self)


CurrentSpan = PassiveSpan | RecordingSpan


def _leave(scope: Scope, token: "Token[CurrentSpan | None]") -> None:
    # An async generator that is closed from another task leaves its block in another context, where the token
    # means nothing and there is nothing to restore.
    with suppress(ValueError):
        scope.current.reset(token)
