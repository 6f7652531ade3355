"""Invariant 8: the spans of each run are one connected tree, and each decision and dispatch has its span.

What is promised about processes that are killed (docs/tracing.md): whatever follows from history is emitted again by
the next owner; a specialist that dies takes whole local trees with it, so that nothing that is left has lost its
parent. Only the span that sent an outcome may be missing, when the worker that sent it was killed just afterwards.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from chaos.checker.canonical import Object, member, number, word
from chaos.checker.facts import Facts, Finding

_SHOWN = 3
LOST_MS = 3_000
"""How long before a worker is killed it may have ended work that it has not told the collector of: the half second for
which spans wait (`OTEL_BSP_SCHEDULE_DELAY`), and what a busy machine adds."""

Ends = dict[tuple[str, str], list[int]]
"""(task, worker) -> when it ended the task, by its own results, in milliseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Span:
    """What the checker looks at of an exported span. One that was exported twice is the same twice."""

    trace_id: str
    """32 hexadecimal digits."""
    span_id: str
    """16 hexadecimal digits."""
    parent_id: str
    """Empty for a root."""
    name: str
    run_id: str = ""
    """The run that it says it belongs to; like the following, from its attributes."""
    version: int = 0
    """Of a decision: the run's version that it made."""
    task: str = ""
    """`subtask/attempt`."""


@dataclass(frozen=True, slots=True)
class Killed:
    """A process that was killed."""

    role: str
    pid: int
    """The id that it had for itself, with which its name ends; another one of its role may have the same."""
    at_ms: int
    """When, in milliseconds since 1970."""

    def may_have_lost(self, worker: str, ended_ms: int) -> bool:
        """Whether what a worker of this name ended then may have died with it."""
        named = worker.startswith(f"{self.role}@") and worker.endswith(f":{self.pid}")
        return named and self.at_ms - LOST_MS <= ended_ms <= self.at_ms


def trees(facts: Facts, spans: Collection[Span], killed: Collection[Killed]) -> Iterator[Finding]:
    """Check each run's spans.

    Args:
        facts: The topics.
        spans: All that were exported, in any order.
        killed: Processes that were killed.
    """
    ends = _ends(facts)
    by_trace = dict[str, list[Span]]()
    for span in spans:
        by_trace.setdefault(span.trace_id, []).append(span)
    homes = dict[str, str]()
    for run_id in facts.runs:
        for opened in facts.events(run_id, "run_accepted", "run_rejected"):
            trace_id, root_id = _ids(member(opened, "trace"))
            homes[run_id] = trace_id
            yield from _tree(run_id, by_trace.get(trace_id, []), root_id, _ids(member(opened, "trace_parent"))[1])
            yield from _decided(run_id, facts, by_trace.get(trace_id, []))
            yield from _ended(run_id, facts, by_trace.get(trace_id, []), ends, killed)
    for span in spans:
        if span.run_id and homes.get(span.run_id) != span.trace_id:
            yield Finding(
                "spans", span.run_id, f"{span.name!r} is in the trace {span.trace_id}, which is not the run's"
            )


def _tree(run_id: str, spans: Sequence[Span], root_id: str, outside_id: str) -> Iterator[Finding]:
    known = {span.span_id: span for span in spans}
    if len(known) < len(spans):
        again = [span for span in spans if known[span.span_id] is not span]
        yield Finding("spans", run_id, f"two different spans have the same id: {_shown(again)}")
    roots = [span for span in known.values() if span.parent_id in {"", outside_id}]
    if [span.span_id for span in roots] != [root_id]:
        yield Finding("spans", run_id, f"it has {len(roots)} roots instead of {root_id}: {_shown(roots)}")
    orphans = [span for span in known.values() if span not in roots and span.parent_id not in known]
    if orphans:
        yield Finding("spans", run_id, f"{len(orphans)} spans have lost their parents: {_shown(orphans)}")
    lost = len(known) - _reached(known, [*roots, *orphans])
    if lost:
        yield Finding("spans", run_id, f"{lost} spans hang below each other in a circle")


def _reached(known: Mapping[str, Span], tops: Iterable[Span]) -> int:
    children = dict[str, list[str]]()
    for span in known.values():
        children.setdefault(span.parent_id, []).append(span.span_id)
    todo, seen = [span.span_id for span in tops], set[str]()
    while todo:
        span_id = todo.pop()
        if span_id not in seen:
            seen.add(span_id)
            todo += children.get(span_id, [])
    return len(seen)


def _decided(run_id: str, facts: Facts, spans: Sequence[Span]) -> Iterator[Finding]:
    """Each decision and each dispatch has its span."""
    versions = {span.version for span in spans}
    sent = {span.task for span in spans if span.name.startswith("send ")}
    for decided in facts.runs[run_id]:
        if decided.version not in versions:
            yield Finding("spans", f"{run_id}/{decided.version}", "the decision has no span")
    for event in facts.events(run_id, "attempt_dispatched"):
        if (task := _task(event)) not in sent:
            yield Finding("spans", f"{run_id}/{task}", "no span says that it was sent")


def _ended(
    run_id: str, facts: Facts, spans: Sequence[Span], ends: Ends, killed: Collection[Killed]
) -> Iterator[Finding]:
    """Each accepted success has the span that sent it, unless its worker was killed then."""
    ids = {span.span_id for span in spans}
    for event in facts.events(run_id, "attempt_succeeded"):
        task, worker = f"{run_id}/{_task(event)}", word(event, "worker")
        times = ends.get((task, worker), [])
        excused = any(one.may_have_lost(worker, ended_ms) for one in killed for ended_ms in times)
        if not excused and _ids(member(event, "trace"))[1] not in ids:
            yield Finding("spans", task, f"the span of its outcome is missing: {worker}")


def _ends(facts: Facts) -> Ends:
    ends = Ends()
    for _, body in facts.bodies("results"):
        ends.setdefault((f"{word(body, 'run_id')}/{_task(body)}", word(body, "worker")), []).append(
            number(body, "ended_at_ms")
        )
    return ends


def _task(told: Object) -> str:
    """`subtask/attempt`."""
    return f"{word(told, 'subtask_id')}/{number(told, 'attempt')}"


def _ids(trace: Object) -> tuple[str, str]:
    """The trace id and the span id of a W3C traceparent; empty when there is none."""
    parts = word(trace, "traceparent").split("-")
    return (parts[1], parts[2]) if len(parts) == len(("version", "trace-id", "parent-id", "flags")) else ("", "")


def _shown(spans: Sequence[Span]) -> str:
    told = ", ".join(f"{span.name} {span.span_id} below {span.parent_id or 'nothing'}" for span in spans[:_SHOWN])
    return told if len(spans) <= _SHOWN else f"{told}, ..."
