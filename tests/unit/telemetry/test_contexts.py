"""Derived trace contexts: the same in every process, at any time."""

from hashlib import sha256

import pytest

from collegium.telemetry.contexts import derived_span, is_sampled, is_valid, run_trace, span_id_of, trace_id_of
from collegium_schemas.base import TraceContext

RUN = "01890a5d-ac96-774b-bcce-b302099a8057"
CALLER = TraceContext(traceparent=f"00-{'ab' * 16}-{'cd' * 8}-01", tracestate="vendor=1")


def test_a_run_without_a_caller_is_its_own_trace() -> None:
    """The trace id is the run's 16 bytes, and the root span's id comes from the run alone."""
    trace = run_trace(RUN, None)
    assert trace_id_of(trace) == RUN.replace("-", "")
    assert span_id_of(trace) == sha256(f"{RUN}/workflow".encode()).hexdigest()[:16]
    assert is_sampled(trace)
    assert trace == run_trace(RUN, None)


def test_a_run_continues_its_callers_trace() -> None:
    """Trace id, state and sampling decision are the caller's; the span is the run's."""
    trace = run_trace(RUN, CALLER)
    assert trace_id_of(trace) == trace_id_of(CALLER)
    assert span_id_of(trace) == span_id_of(run_trace(RUN, None))
    assert trace.tracestate == "vendor=1"


@pytest.mark.parametrize("flags", ["00", "02"])
def test_an_unsampled_caller_stays_unsampled(flags: str) -> None:
    """The sampled flag of the objective's context holds for the whole run."""
    caller = TraceContext(traceparent=f"00-{'ab' * 16}-{'cd' * 8}-{flags}")
    assert not is_sampled(run_trace(RUN, caller))
    assert not is_sampled(derived_span(run_trace(RUN, caller), "x"))


@pytest.mark.parametrize(
    "traceparent",
    [f"00-{'0' * 32}-{'cd' * 8}-01", f"00-{'ab' * 16}-{'0' * 16}-01", f"ff-{'ab' * 16}-{'cd' * 8}-01"],
)
def test_an_invalid_caller_is_ignored(traceparent: str) -> None:
    """Zero ids and version ff name no span, as the W3C standard says."""
    caller = TraceContext(traceparent=traceparent)
    assert not is_valid(caller)
    assert run_trace(RUN, caller) == run_trace(RUN, None)


def test_the_nil_uuid_has_a_valid_trace() -> None:
    """A run id of zeros does not become the invalid trace id of zeros."""
    assert is_valid(run_trace("00000000-0000-0000-0000-000000000000", None))


def test_derived_spans_differ_by_their_parts_only() -> None:
    """Equal parts give equal ids; different parts give different ones in the same trace."""
    trace = run_trace(RUN, CALLER)
    send = derived_span(trace, "run/a/1", "send")
    assert send == derived_span(trace, "run/a/1", "send")
    assert send != derived_span(trace, "run/a/2", "send")
    assert trace_id_of(send) == trace_id_of(trace)
    assert send.tracestate == trace.tracestate
    assert span_id_of(send) == sha256(b"run/a/1/send").hexdigest()[:16]
