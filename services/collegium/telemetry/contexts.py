"""W3C trace contexts, and the ones that are derived so that any process derives them again.

A remote parent must exist even when the process that made it was killed. So every span that other processes
hang theirs on has an id computed from the run, and its owner can emit it again at any time.
"""

from hashlib import sha256
from uuid import UUID

from collegium_schemas.base import TraceContext

_ODD = "13579bdf"
_NO_TRACE = "0" * 32
_NO_SPAN = "0" * 16


def run_trace(run_id: str, parent: TraceContext | None, *, sampled: bool = True) -> TraceContext:
    """The context of a run's root span, `invoke_workflow`.

    Args:
        run_id: The run; its 16 bytes are the trace id when nobody gave one.
        parent: The context that the objective carried. Its trace, state and sampling decision are kept.
        sampled: Whether a trace that begins here is recorded (see `Tracing.samples`).
    """
    span_id = _span_id(f"{run_id}/workflow")
    if parent is not None and is_valid(parent):
        return in_trace(parent, span_id)
    trace_id = UUID(run_id).hex
    if trace_id == _NO_TRACE:
        trace_id = sha256(run_id.encode()).hexdigest()[:32]
    return TraceContext(traceparent=f"00-{trace_id}-{span_id}-{'01' if sampled else '00'}")


def derived_span(trace: TraceContext, *parts: str) -> TraceContext:
    """A context in the same trace whose span id depends on `parts` alone, such as a task_id and `send`."""
    return in_trace(trace, _span_id("/".join(parts)))


def in_trace(trace: TraceContext, span_id: str) -> TraceContext:
    """The context of another span of the same trace."""
    parent = trace.traceparent
    return TraceContext(traceparent=f"00-{parent[3:35]}-{span_id}-{parent[53:55]}", tracestate=trace.tracestate)


def is_valid(context: TraceContext) -> bool:
    """Whether it names a span: version ff and ids of zeros do not (W3C Trace Context, section 3.2.2)."""
    text = context.traceparent
    return text[3:35] != _NO_TRACE and text[36:52] != _NO_SPAN and text[:2] != "ff"


def is_sampled(context: TraceContext) -> bool:
    """Whether the sender records this trace."""
    return context.traceparent[54] in _ODD


def trace_id_of(context: TraceContext) -> str:
    """The trace's id as 32 hexadecimal digits."""
    return context.traceparent[3:35]


def span_id_of(context: TraceContext) -> str:
    """The span's id as 16 hexadecimal digits."""
    return context.traceparent[36:52]


def _span_id(text: str) -> str:
    digest = sha256(text.encode()).hexdigest()
    return digest[:16] if digest[:16] != _NO_SPAN else digest[16:32]
