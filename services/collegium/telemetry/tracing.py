"""Spans of this process, kept as whole trees.

Everything that is recorded under one local root is handed on together, parents first, once all of it has ended.
A process that is killed therefore leaves a whole tree or nothing of it, and never a child whose parent was not
exported. The spans that other processes hang theirs on are derived ones (`run_trace`, `derived_span`), which
their owner emits, and emits again after a crash, with `Tracing.emit`.

OpenTelemetry's own `Tracer` costs many times as much per span; its samplers, resource, readable spans and
exporters work behind this facade. No global of OpenTelemetry is read or set.
"""

import asyncio
from contextlib import AbstractContextManager
from random import Random
from threading import Lock
from time import time_ns

from collegium.telemetry.active import ERROR_TYPE, ActiveSpan, CurrentSpan, PassiveSpan, RecordingSpan, Scope, Tree
from collegium.telemetry.bounds import TracingLimits
from collegium.telemetry.contexts import derived_span, is_sampled, is_valid, run_trace
from collegium.telemetry.redaction import Redactor
from collegium.telemetry.sampling import Sampling
from collegium.telemetry.sinks import Dropped, Sinks, uncounted
from collegium.telemetry.spans import Attributes, FinishedSpan, Link, Links, SpanKind, SpanRecord
from collegium_schemas.base import TraceContext

__all__ = [
    "ActiveSpan",
    "FinishedSpan",
    "Link",
    "SpanKind",
    "Tracing",
    "TracingLimits",
    "derived_span",
    "run_trace",
]


class Tracing:
    """Records this process's spans and hands whole trees to sinks. One per process; safe in threads.

    Args:
        sinks: Where trees go, all of them.
        sampling: Which traces are recorded.
        limits: Bounds on memory.
        dropped: Told about spans that were not kept.
        redactor: Takes known secrets out of error messages.
        enabled: False records nothing and passes contexts on unchanged.
    """

    def __init__(
        self,
        sinks: Sinks,
        *,
        sampling: Sampling | None = None,
        limits: TracingLimits | None = None,
        dropped: Dropped = uncounted,
        redactor: Redactor | None = None,
        enabled: bool = True,
    ) -> None:
        self._limits = limits or TracingLimits()
        self._redactor = redactor or Redactor()
        self._scope = Scope(self._limits, self._redactor, self._ended, self._unsampled)
        self._current = self._scope.current
        self._sinks = tuple(sinks)
        self._sampling = sampling or Sampling()
        self._always = self._sampling.root_is_constant
        self._dropped = dropped
        self._enabled = enabled
        self._bits = Random().getrandbits  # noqa: S311 - ids need to differ, not to be secret
        self._lock = Lock()
        self._held: dict[str, RecordingSpan] = {}
        """By span id, all spans of trees that have not been handed on."""
        self._trees = 0

    def span(
        self,
        name: str,
        *,
        kind: SpanKind = "internal",
        parent: TraceContext | None = None,
        links: Links = (),
        attributes: Attributes | None = None,
    ) -> AbstractContextManager[ActiveSpan]:
        """A span for the duration of a `with` block.

        Args:
            name: Of few possible values; what varies belongs in attributes.
            kind: Its side of a call or message.
            parent: The span that it continues. None is the one active in this task, else a new trace.
            links: Other spans that caused it.
            attributes: What is known at the start.

        Returns:
            A context manager. An exception that passes through marks the span as failed.
        """
        if parent is None:
            above = self._current.get()
        elif is_valid(parent):
            # A parent whose tree is still here belongs to that tree, even if another task holds it.
            above = self._held.get(parent.traceparent[36:52])
            if above is not None and above.record.trace_id != parent.traceparent[3:35]:
                above = None
        else:
            above, parent = None, None
        if above is None:
            return self._root(name, kind, parent, links, attributes)
        if isinstance(above, PassiveSpan):
            return PassiveSpan(self._scope, above.context)
        record, tree = above.record, above.tree
        if tree.closed:
            # A task that outlived the tree it was started in.
            return self._root(name, kind, above.context, links, attributes)
        if len(tree.spans) >= self._limits.spans_per_tree:
            self._dropped("tree_is_full", 1)
            return PassiveSpan(self._scope, above.context)
        return self._recorded(
            tree,
            SpanRecord(
                name=name,
                kind=kind,
                trace_id=record.trace_id,
                span_id=self._new_span_id(),
                parent_id=record.span_id,
                parent_is_remote=False,
                tracestate=record.tracestate,
                start_ns=time_ns(),
                end_ns=0,
                attributes=dict(attributes) if attributes else {},
                links=self._limits.links(links) if links else [],
                events=[],
                error="",
            ),
        )

    def emit(self, span: FinishedSpan) -> None:
        """Hand on a span whose ids and times were decided elsewhere. Emitting it again changes nothing."""
        context, parent = span.context, span.parent
        if not (self._enabled and is_sampled(context) and is_valid(context)):
            return
        has_parent = parent is not None and is_valid(parent)
        attributes = self._limits.copied(span.attributes)
        if span.error is not None:
            attributes.setdefault(ERROR_TYPE, span.error)
        record = SpanRecord(
            name=span.name,
            kind=span.kind,
            trace_id=context.traceparent[3:35],
            span_id=context.traceparent[36:52],
            parent_id=parent.traceparent[36:52] if parent is not None and has_parent else "",
            parent_is_remote=has_parent,
            tracestate=context.tracestate,
            start_ns=span.start_ms * 1_000_000,
            end_ns=max(span.start_ms, span.end_ms) * 1_000_000,
            attributes=attributes,
            links=self._limits.links(span.links),
            events=[],
            error="" if span.error is None else self._redactor(span.error or "error"),
        )
        self._submit((record,))

    def current(self) -> TraceContext | None:
        """The context of the span that is active in this task."""
        above = self._current.get()
        return None if above is None else above.context

    def new_trace(self) -> TraceContext:
        """The context of a new trace's root, for `emit`, with this process's sampling decision."""
        trace_id = self._new_trace_id()
        sampled = self._enabled and self._sampling.decide(trace_id)
        return TraceContext(traceparent=f"00-{trace_id}-{self._new_span_id()}-{'01' if sampled else '00'}")

    def samples(self, run_id: str) -> bool:
        """Whether a run that starts its own trace is recorded; every process with the same settings says the same."""
        return self._enabled and self._sampling.decide_run(run_id)

    def run_trace(self, run_id: str, parent: TraceContext | None) -> TraceContext:
        """`run_trace` with this process's sampling decision for a trace that begins with the run."""
        return run_trace(run_id, parent, sampled=parent is not None or self.samples(run_id))

    async def flush(self, timeout_ms: int = 5_000) -> bool:
        """Wait until all trees handed on so far are out; False when that took too long."""
        done = [await asyncio.to_thread(sink.flush, timeout_ms) for sink in self._sinks]
        return all(done)

    async def close(self, timeout_ms: int = 5_000) -> None:
        """Flush within the bound per sink and stop. Trees with a span still open are dropped. Idempotent."""
        with self._lock:
            unfinished = len(self._held)
            for span in self._held.values():
                span.tree.closed = True
            self._held.clear()
            self._enabled = False
        if unfinished:
            self._dropped("unfinished", unfinished)
        for sink in self._sinks:
            await asyncio.to_thread(sink.close, timeout_ms)

    def _root(
        self, name: str, kind: SpanKind, parent: TraceContext | None, links: Links, attributes: Attributes | None
    ) -> CurrentSpan:
        if not self._enabled:
            return PassiveSpan(self._scope, parent)
        if parent is None:
            trace_id = self._new_trace_id()
            sampled = self._always if self._always is not None else self._sampling.decide(trace_id)
        else:
            trace_id = parent.traceparent[3:35]
            sampled = self._sampling.decide(trace_id, parent_sampled=is_sampled(parent))
        if not sampled:
            return PassiveSpan(self._scope, parent)
        with self._lock:
            full = self._trees >= self._limits.trees
            self._trees += not full
        if full:
            self._dropped("too_many_trees", 1)
            return PassiveSpan(self._scope, parent)
        return self._recorded(
            Tree(),
            SpanRecord(
                name=name,
                kind=kind,
                trace_id=trace_id,
                span_id=self._new_span_id(),
                parent_id="" if parent is None else parent.traceparent[36:52],
                parent_is_remote=parent is not None,
                tracestate="" if parent is None else parent.tracestate,
                start_ns=time_ns(),
                end_ns=0,
                attributes=dict(attributes) if attributes else {},
                links=self._limits.links(links) if links else [],
                events=[],
                error="",
            ),
        )

    def _recorded(self, tree: Tree, record: SpanRecord) -> RecordingSpan:
        span = RecordingSpan(self._scope, tree, record)
        with self._lock:
            if tree.closed:  # by another thread, a moment ago
                span.tree = tree = Tree()
                self._trees += 1
            tree.spans.append(record)
            tree.open += 1
            self._held[record.span_id] = span
        return span

    def _ended(self, span: RecordingSpan) -> None:
        record, tree = span.record, span.tree
        with self._lock:
            if tree.closed or record.end_ns:
                return
            record.attributes = self._limits.attributes(record.attributes)
            record.end_ns = max(time_ns(), record.start_ns)
            tree.open -= 1
            if tree.open:
                return
            tree.closed = True
            self._trees -= 1
            for held in tree.spans:
                self._held.pop(held.span_id, None)
        self._submit(tree.spans)

    def _submit(self, tree: "list[SpanRecord] | tuple[SpanRecord, ...]") -> None:
        for sink in self._sinks:
            sink.submit(tree)

    def _unsampled(self) -> TraceContext:
        return TraceContext(traceparent=f"00-{self._new_trace_id()}-{self._new_span_id()}-00")

    def _new_trace_id(self) -> str:
        return f"{self._bits(128) or 1:032x}"

    def _new_span_id(self) -> str:
        return f"{self._bits(64) or 1:016x}"
