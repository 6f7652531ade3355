"""Reads a trace back from Jaeger.

The query service's version 3 API is used: it answers in OTLP's JSON and keeps the attributes of links, which
`/api/traces` drops.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from collegium.telemetry.conventions import SERVICE_NAME
from collegium.telemetry.errors import TraceUnavailable
from collegium.telemetry.spans import Attributes, RecordedEvent, RecordedLink, SpanKind, StoredSpan
from collegium_schemas.base import Scalar

_KINDS: Final[tuple[SpanKind, ...]] = ("internal", "internal", "server", "client", "producer", "consumer")
_ERROR: Final = 2
_OK: Final = 200
_NOT_FOUND: Final = 404
_ERROR_BODY: Final = b'{"error"'


class _Part(BaseModel):
    """A part of OTLP's JSON, of which we read what we need."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True)


class _Values(_Part):
    values: "tuple[_Value, ...]" = ()


class _Value(_Part):
    string_value: str | None = None
    bool_value: bool | None = None
    int_value: int | None = None
    double_value: float | None = None
    array_value: _Values | None = None

    def plain(self) -> Scalar | Sequence[str]:
        if self.array_value is not None:
            return [str(value.plain()) for value in self.array_value.values]
        for value in (self.string_value, self.bool_value, self.int_value, self.double_value):
            if value is not None:
                return value
        return ""


class _Pair(_Part):
    key: str
    value: _Value = _Value()


class _Event(_Part):
    name: str = ""
    time_unix_nano: int = 0
    attributes: tuple[_Pair, ...] = ()


class _Link(_Part):
    trace_id: str
    span_id: str
    attributes: tuple[_Pair, ...] = ()


class _Status(_Part):
    code: int = 0
    message: str = ""


class _Span(_Part):
    trace_id: str
    span_id: str
    parent_span_id: str = ""
    name: str = ""
    kind: int = 0
    start_time_unix_nano: int = 0
    end_time_unix_nano: int = 0
    attributes: tuple[_Pair, ...] = ()
    events: tuple[_Event, ...] = ()
    links: tuple[_Link, ...] = ()
    status: _Status = _Status()

    def stored(self, service: str) -> StoredSpan:
        failed = self.status.code == _ERROR
        return StoredSpan(
            trace_id=self.trace_id,
            span_id=self.span_id,
            parent_id=self.parent_span_id or None,
            name=self.name,
            kind=_KINDS[self.kind] if self.kind < len(_KINDS) else "internal",
            service=service,
            start_ns=self.start_time_unix_nano,
            end_ns=self.end_time_unix_nano,
            attributes=_attributes(self.attributes),
            links=tuple(RecordedLink(link.trace_id, link.span_id, _attributes(link.attributes)) for link in self.links),
            events=tuple(
                RecordedEvent(event.name, event.time_unix_nano, _attributes(event.attributes)) for event in self.events
            ),
            error=(self.status.message or "error") if failed else None,
        )


class _Resource(_Part):
    attributes: tuple[_Pair, ...] = ()


class _ScopeSpans(_Part):
    spans: tuple[_Span, ...] = ()


class _ResourceSpans(_Part):
    resource: _Resource = _Resource()
    scope_spans: tuple[_ScopeSpans, ...] = ()


class _Result(_Part):
    resource_spans: tuple[_ResourceSpans, ...] = ()


class _Answer(_Part):
    result: _Result = Field(default=_Result())


class JaegerQuery:
    """A client of Jaeger's query service. Use as an async context manager.

    Args:
        base_url: Such as `http://127.0.0.1:16686`.
        timeout_ms: Per request.
    """

    def __init__(self, base_url: str, *, timeout_ms: int = 5_000) -> None:
        self._base_url = base_url.rstrip("/")
        self._client = httpx.AsyncClient(base_url=self._base_url, timeout=timeout_ms / 1000, trust_env=False)

    async def trace(self, trace_id: str) -> list[StoredSpan]:
        """All spans of a trace as Jaeger has them, duplicates included; empty when it does not know the trace.

        Raises:
            TraceUnavailable: Jaeger does not answer, or answers something else.
        """
        try:
            response = await self._client.get(f"/api/v3/traces/{trace_id}")
        except httpx.HTTPError as error:
            raise TraceUnavailable(self._base_url, str(error) or type(error).__name__) from error
        if response.status_code == _NOT_FOUND and response.content.startswith(_ERROR_BODY):
            return []
        if response.status_code != _OK:
            raise TraceUnavailable(self._base_url, f"HTTP {response.status_code}")
        try:
            answer = _Answer.model_validate_json(response.content)
        except ValidationError as error:
            raise TraceUnavailable(self._base_url, "the answer is not OTLP JSON; is this a Jaeger v2?") from error
        return [
            span.stored(_service(resource))
            for resource in answer.result.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def page(self, trace_id: str) -> str:
        """The address of a trace in Jaeger's web page."""
        return f"{self._base_url}/trace/{trace_id}"

    async def close(self) -> None:
        """Release the connections. Idempotent."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def _service(resource: _ResourceSpans) -> str:
    return str(_attributes(resource.resource.attributes).get(SERVICE_NAME, "unknown"))


def _attributes(pairs: Sequence[_Pair]) -> Attributes:
    return {pair.key: pair.value.plain() for pair in pairs}
