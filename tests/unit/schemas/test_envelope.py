"""CloudEvents in Kafka's binary mode, strict for what we emit and tolerant for what we read."""

import pytest
from pydantic import ValidationError

from collegium_schemas.base import TraceContext
from collegium_schemas.envelope import Envelope, EnvelopeError, decode, encode_headers, explain, trace_of
from collegium_schemas.objective import ObjectiveSubmitted
from collegium_schemas.tasks import TaskProgress, TaskRequested

PROGRESS = TaskProgress(
    run_id="0190aaaa-0000-7000-8000-000000000001", subtask_id="retrieve.1", attempt=1, role="retrieval", at_ms=1
)
TRACE = TraceContext(traceparent="00-0123456789abcdef0123456789abcdef-0123456789abcdef-01", tracestate="a=b")


def test_headers_follow_the_kafka_binding() -> None:
    """Attributes are ce_ headers, the time is RFC 3339, the trace headers are W3C's."""
    headers = dict(encode_headers(Envelope("id-1", "/here", PROGRESS.TYPE, 1_700_000_000_123, "task", TRACE)))
    assert headers["ce_specversion"] == b"1.0"
    assert headers["ce_time"] == b"2023-11-14T22:13:20.123Z"
    assert headers["ce_subject"] == b"task"
    assert headers["content-type"] == b"application/json"
    assert trace_of(tuple(headers.items())) == TRACE


def test_reading_ignores_a_newer_peers_fields() -> None:
    """An unknown field, also a nested one, does not stop an older reader."""
    headers = encode_headers(Envelope("id", "/here", PROGRESS.TYPE, 1))
    body = PROGRESS.to_json()[:-1] + b',"added_later":{"deep":1}}'
    assert decode(headers, body, TaskProgress) == PROGRESS


def test_emitting_an_undeclared_field_is_an_error() -> None:
    """Contracts are closed for what we write."""
    with pytest.raises(ValidationError):
        TaskProgress.model_validate({**PROGRESS.model_dump(), "undeclared": 1})


@pytest.mark.parametrize(
    ("headers", "body", "says"),
    [
        ((), b"{}", "no ce_type"),
        ((("ce_type", b"nobody.knows.v1"),), b"{}", "unknown ce_type"),
        ((("ce_type", TaskRequested.TYPE.encode()),), b"{}", "does not belong here"),
        ((("ce_type", TaskProgress.TYPE.encode()),), None, "no body"),
        ((("ce_type", TaskProgress.TYPE.encode()),), b"{not json", "JSON"),
        ((("ce_type", b"\xff"),), b"{}", "not UTF-8"),
    ],
)
def test_what_cannot_be_understood_is_named(
    headers: tuple[tuple[str, bytes], ...], body: bytes | None, says: str
) -> None:
    """Each way of being wrong has its own reason."""
    with pytest.raises(EnvelopeError, match=says):
        decode(headers, body, TaskProgress)


def test_a_malformed_traceparent_counts_as_absent() -> None:
    """W3C Trace Context: what cannot be parsed is ignored."""
    assert trace_of((("traceparent", b"garbage"),)) is None


@pytest.mark.parametrize(
    "parent",
    [f"00-{'0' * 32}-{'1' * 16}-01", f"00-{'1' * 32}-{'0' * 16}-01", f"ff-{'1' * 32}-{'1' * 16}-01"],
)
def test_a_traceparent_that_names_no_span_counts_as_absent(parent: str) -> None:
    """Zeros and version ff are invalid (W3C Trace Context, 3.2.2): a run must not hang on a span that cannot exist."""
    assert trace_of((("traceparent", parent.encode()),)) is None


def test_a_run_id_may_be_written_in_upper_case() -> None:
    """RFC 9562 asks readers to take both; it is the same run."""
    run_id = "0190AAAA-0000-7000-8000-000000000001"
    assert ObjectiveSubmitted(goal="x", run_id=f" {run_id} ").run_id == run_id.lower()


def test_a_misspelt_field_is_reported_with_a_suggestion() -> None:
    """A typing error in an objective is never silently dropped."""
    with pytest.raises(ValidationError) as caught:
        ObjectiveSubmitted.read_strict(b'{"goal":"x","bugdet":{}}')
    assert "did you mean 'budget'" in explain(caught.value, tuple(ObjectiveSubmitted.model_fields))


@pytest.mark.parametrize("goal", ["", "   ", "?!", "x" * 8_001])
def test_goals_without_content_or_beyond_the_bound_are_refused(goal: str) -> None:
    """A goal says something, within its bound."""
    with pytest.raises(ValidationError):
        ObjectiveSubmitted(goal=goal)
