"""Recording spans: parents, whole trees, limits, and what is passed on when nothing is recorded."""

import asyncio
import threading

import pytest

from collegium.telemetry.contexts import is_sampled, span_id_of, trace_id_of
from collegium.telemetry.memory import MemoryTracing
from collegium.telemetry.redaction import Redactor
from collegium.telemetry.sampling import Sampling
from collegium.telemetry.sinks import Tree
from collegium.telemetry.tracing import FinishedSpan, Link, Tracing, TracingLimits, derived_span, run_trace
from collegium.telemetry.tree import check_tree
from collegium_schemas.base import TraceContext

RUN = "01890a5d-ac96-774b-bcce-b302099a8057"
SAMPLED = TraceContext(traceparent=f"00-{'ab' * 16}-{'cd' * 8}-01", tracestate="vendor=1")
UNSAMPLED = TraceContext(traceparent=f"00-{'ab' * 16}-{'cd' * 8}-00")


class Trees:
    """A sink that remembers which trees it was given."""

    def __init__(self) -> None:
        self.names: list[list[str]] = []
        self.trees: list[Tree] = []
        self.closed = 0

    def submit(self, tree: Tree) -> None:
        """Remember."""
        self.names.append([record.name for record in tree])
        self.trees.append(tree)

    def flush(self, timeout_ms: int) -> bool:
        """Nothing to do."""
        return True

    def close(self, timeout_ms: int) -> None:
        """Count."""
        self.closed += 1


class Losses:
    """Counts dropped spans."""

    def __init__(self) -> None:
        self.by_reason: dict[str, int] = {}

    def __call__(self, reason: str, spans: int) -> None:
        """Count."""
        self.by_reason[reason] = self.by_reason.get(reason, 0) + spans


def test_spans_nest_within_a_task() -> None:
    """Without a parent a span continues the active one, and becomes a root where there is none."""
    tracing = MemoryTracing()
    with tracing.span("outer") as outer, tracing.span("inner", kind="client") as inner:
        assert tracing.current() == inner.context
        assert trace_id_of(inner.context) == trace_id_of(outer.context)
    assert tracing.current() is None
    report = check_tree(tracing.spans)
    assert report.is_one_tree
    assert [span.name for span in tracing.spans] == ["outer", "inner"]
    assert tracing.spans[1].parent_id == span_id_of(outer.context)
    assert tracing.spans[1].kind == "client"


def test_a_remote_parent_is_continued() -> None:
    """A given parent decides trace, parent id and state."""
    tracing = MemoryTracing()
    with tracing.span("work", parent=SAMPLED) as span:
        assert span.context.tracestate == "vendor=1"
    (recorded,) = tracing.spans
    assert recorded.trace_id == trace_id_of(SAMPLED)
    assert recorded.parent_id == span_id_of(SAMPLED)


def test_a_tree_is_handed_on_once_all_of_it_has_ended() -> None:
    """A child that outlives its root keeps the tree back; then all go together, parents first."""
    sink = Trees()
    tracing = Tracing([sink])
    with tracing.span("root"):
        late = tracing.span("late")
        late.__enter__()
        with tracing.span("grandchild"):
            pass
    assert sink.names == []
    late.__exit__(None, None, None)
    assert sink.names == [["root", "late", "grandchild"]]


async def test_a_child_task_belongs_to_the_tree_of_its_creator() -> None:
    """Tasks inherit the active span, and their spans join its tree even when they end after it."""
    sink = Trees()
    tracing = Tracing([sink])
    go_on = asyncio.Event()

    async def child() -> None:
        with tracing.span("child"):
            await go_on.wait()

    with tracing.span("root"):
        task = asyncio.create_task(child())
        await asyncio.sleep(0)
    assert sink.names == []
    go_on.set()
    await task
    assert sink.names == [["root", "child"]]


async def test_a_task_that_outlives_the_tree_starts_another_below_it() -> None:
    """What begins after a tree was handed on is handed on by itself, once, as a child of what it was started in."""
    sink = Trees()
    tracing = Tracing([sink])
    go_on = asyncio.Event()

    async def child() -> None:
        await go_on.wait()
        with tracing.span("late") as span:
            span.set(a=1)

    with tracing.span("root") as root:
        task = asyncio.create_task(child())
        await asyncio.sleep(0)
    assert sink.names == [["root"]]
    go_on.set()
    await task
    assert sink.names == [["root"], ["late"]]
    assert sink.trees[1][0].parent_id == span_id_of(root.context)


def test_an_ended_parent_whose_tree_is_open_keeps_its_children() -> None:
    """A span below an ended one is held back with the rest, so that it cannot come out before its parent."""
    sink = Trees()
    tracing = Tracing([sink])
    with tracing.span("root"):
        with tracing.span("ended") as ended:
            pass
        with tracing.span("child", parent=ended.context):
            pass
        assert sink.names == []
    assert sink.names == [["root", "ended", "child"]]


def test_an_ended_span_changes_no_more() -> None:
    """It may be in export; what is set afterwards is ignored, as OpenTelemetry does."""
    tracing = MemoryTracing()
    with tracing.span("work") as span:
        pass
    span.set(a=1)
    span.event("late")
    span.fail("late", "late")
    (recorded,) = tracing.spans
    assert (recorded.attributes, recorded.events, recorded.error) == ({}, (), None)


async def test_tasks_do_not_see_each_others_spans() -> None:
    """A span is active in its own task only."""
    tracing = MemoryTracing()

    async def work(name: str) -> None:
        with tracing.span(name):
            await asyncio.sleep(0)
            with tracing.span(f"{name}-inner"):
                await asyncio.sleep(0)

    await asyncio.gather(work("a"), work("b"))
    by_name = {span.name: span for span in tracing.spans}
    assert by_name["a-inner"].parent_id == by_name["a"].span_id
    assert by_name["b-inner"].parent_id == by_name["b"].span_id
    assert by_name["a"].trace_id != by_name["b"].trace_id


def test_an_explicit_parent_that_is_open_here_is_the_same_tree() -> None:
    """Naming a local span as the parent, from wherever, does not start a tree of its own."""
    sink = Trees()
    tracing = Tracing([sink])
    with tracing.span("root") as root:
        with tracing.span("other-trace", parent=SAMPLED), tracing.span("child", parent=root.context):
            pass
        assert sink.names == [["other-trace"]]
    assert sink.names[1:] == [["root", "child"]]


def test_spans_of_threads_are_kept_apart_and_complete() -> None:
    """Many threads record at once without losing or mixing spans."""
    tracing = MemoryTracing()

    def work() -> None:
        for _ in range(50):
            with tracing.span("root"), tracing.span("child"):
                pass

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tracing.spans) == 800
    for trace_id in {span.trace_id for span in tracing.spans}:
        assert check_tree(tracing.trace(trace_id)).is_one_tree


@pytest.mark.parametrize("error", [ValueError("no such corpus"), asyncio.CancelledError()])
def test_an_exception_marks_the_span_and_passes_on(error: BaseException) -> None:
    """The error's type becomes error.type; the exception is not swallowed."""
    tracing = MemoryTracing()
    with pytest.raises(type(error)), tracing.span("work"):
        raise error
    (span,) = tracing.spans
    assert span.attributes["error.type"] == type(error).__name__
    assert span.error == (str(error) or type(error).__name__)


def test_an_explicit_failure_is_kept() -> None:
    """What `fail` said is not replaced by the exception that follows it."""
    tracing = MemoryTracing()

    def work() -> None:
        with tracing.span("work") as span:
            span.fail("timeout", "took too long")
            raise RuntimeError("wrapped")

    with pytest.raises(RuntimeError):
        work()
    assert tracing.spans[0].attributes["error.type"] == "timeout"
    assert tracing.spans[0].error == "took too long"


def test_attributes_events_and_links_are_recorded() -> None:
    """Everything that a span is told can be read back."""
    tracing = MemoryTracing()
    with tracing.span("work", attributes={"a": 1}, links=[SAMPLED, Link(UNSAMPLED, {"why": "retry"})]) as span:
        span.set(b="x")
        span.set_attributes({"a": 2, "c.d": ["p", "q"]})
        span.event("found", {"passages": 3})
    (recorded,) = tracing.spans
    assert recorded.attributes == {"a": 2, "b": "x", "c.d": ["p", "q"]}
    assert [(event.name, event.attributes) for event in recorded.events] == [("found", {"passages": 3})]
    assert [link.attributes for link in recorded.links] == [{}, {"why": "retry"}]
    assert recorded.start_ns <= recorded.events[0].time_ns <= recorded.end_ns


def test_the_callers_attributes_are_not_shared() -> None:
    """A mapping given at the start stays as it was."""
    tracing = MemoryTracing()
    given = {"a": 1}
    with tracing.span("work", attributes=given) as span:
        span.set(b=2)
    assert given == {"a": 1}


def test_what_is_beyond_a_spans_limits_is_cut_off() -> None:
    """Attributes, values, links and events are bounded."""
    limits = TracingLimits(attributes_per_span=2, value_chars=3, links_per_span=1, events_per_span=1)
    tracing = MemoryTracing(limits=limits)
    attributes = {"a": "abcdef", "b": ["123456", "x", "y"], "c": 1}
    with tracing.span("work", attributes=attributes, links=[SAMPLED, UNSAMPLED]) as span:
        span.event("one", {"k": "abcdef"})
        span.event("two")
    (recorded,) = tracing.spans
    assert recorded.attributes == {"a": "abc", "b": ["123", "x"]}
    assert len(recorded.links) == 1
    assert [(event.name, event.attributes) for event in recorded.events] == [("one", {"k": "abc"})]


def test_spans_beyond_a_trees_limit_pass_on_the_nearest_recorded_span() -> None:
    """A full tree records no more; messages sent from there hang on a span that exists, and the loss is counted."""
    sink, losses = Trees(), Losses()
    tracing = Tracing([sink], limits=TracingLimits(spans_per_tree=2), dropped=losses)
    with tracing.span("root"), tracing.span("child") as child, tracing.span("third") as third:
        assert not third.recording
        with tracing.span("fourth") as fourth:
            assert fourth.context == child.context
    assert sink.names == [["root", "child"]]
    assert losses.by_reason == {"tree_is_full": 1}


def test_trees_beyond_the_limit_pass_on_their_parent() -> None:
    """When too many trees are open a new one is not recorded, and messages hang on its parent."""
    sink, losses = Trees(), Losses()
    tracing = Tracing([sink], limits=TracingLimits(trees=1), dropped=losses)
    with tracing.span("first"), tracing.span("second", parent=SAMPLED) as second:
        assert second.context == SAMPLED
    assert sink.names == [["first"]]
    assert losses.by_reason == {"too_many_trees": 1}
    with tracing.span("third"):
        pass
    assert sink.names == [["first"], ["third"]]


def test_an_unsampled_parent_is_passed_on_unrecorded() -> None:
    """Nothing below an unsampled context is recorded, and its context reaches further messages unchanged."""
    tracing = MemoryTracing()
    with tracing.span("work", parent=UNSAMPLED) as span, tracing.span("inner") as inner:
        assert span.context == UNSAMPLED
        assert inner.context == UNSAMPLED
        assert not inner.recording
        inner.set(a=1)
        inner.set_attributes({"b": 2})
        inner.event("ignored")
        inner.fail("ignored", "ignored")
    assert tracing.spans == ()


def test_an_unsampled_trace_has_one_context() -> None:
    """With sampling off, all below a root carry one context that tells others not to record either."""
    tracing = MemoryTracing(sampling=Sampling.named("always_off"))
    with tracing.span("root") as root, tracing.span("inner") as inner:
        assert inner.context == root.context
        assert not is_sampled(root.context)
    assert tracing.spans == ()


def test_disabled_tracing_passes_contexts_on_unchanged() -> None:
    """As OpenTelemetry's no-op tracer does."""
    tracing = Tracing([], enabled=False)
    with tracing.span("work", parent=SAMPLED) as span, tracing.span("inner") as inner:
        assert span.context == SAMPLED
        assert inner.context == SAMPLED
    with tracing.span("root") as root:
        assert not is_sampled(root.context)


def test_an_invalid_parent_starts_a_new_trace() -> None:
    """A traceparent of zeros is nobody."""
    tracing = MemoryTracing()
    with tracing.span("work", parent=TraceContext(traceparent=f"00-{'0' * 32}-{'0' * 16}-01")):
        pass
    assert tracing.spans[0].parent_id is None


def test_an_emitted_span_is_exactly_what_was_given() -> None:
    """Ids, times, attributes and links are the caller's; an error gets its type; repeating it is the same span."""
    tracing = MemoryTracing()
    root = run_trace(RUN, None)
    span = FinishedSpan(
        name="send collegium.tasks.retrieval",
        kind="producer",
        context=derived_span(root, "task", "send"),
        parent=root,
        start_ms=1_000,
        end_ms=1_005,
        attributes={"collegium.role": "retrieval"},
        links=[SAMPLED],
        error="timeout",
    )
    tracing.emit(span)
    tracing.emit(span)
    first, second = tracing.spans
    assert first == second
    assert (first.span_id, first.parent_id) == (span_id_of(span.context), span_id_of(root))
    assert (first.start_ns, first.end_ns) == (1_000_000_000, 1_005_000_000)
    assert first.attributes == {"collegium.role": "retrieval", "error.type": "timeout"}
    assert first.error == "timeout"
    assert first.links[0].span_id == span_id_of(SAMPLED)


def test_an_unsampled_emitted_span_is_not_recorded() -> None:
    """The sampled flag of the span's context decides."""
    tracing = MemoryTracing()
    trace = run_trace(RUN, UNSAMPLED)
    tracing.emit(FinishedSpan("x", "internal", derived_span(trace, "x"), trace, 1, 2))
    assert tracing.spans == ()


def test_secrets_are_taken_out_of_error_messages() -> None:
    """A message that quotes a credential reaches no sink."""
    sink = Trees()
    tracing = Tracing([sink], redactor=Redactor(["hunter2-secret"]))
    with pytest.raises(ValueError, match="hunter2"), tracing.span("work"):
        raise ValueError("login with hunter2-secret failed")
    assert sink.trees[0][0].error == "login with [redacted] failed"


async def test_close_counts_what_was_still_open() -> None:
    """Trees that never ended are lost and counted; closing again does nothing; later spans are not recorded."""
    sink, losses = Trees(), Losses()
    tracing = Tracing([sink], dropped=losses)
    with tracing.span("root"):
        with tracing.span("child"):
            pass
        await tracing.close()
    assert losses.by_reason == {"unfinished": 2}
    with tracing.span("late", parent=SAMPLED) as late:
        assert late.context == SAMPLED
    assert sink.names == []
    assert sink.closed == 1


def test_the_run_decision_is_the_same_in_every_process() -> None:
    """`run_trace` of two processes with one setting agree, and a caller's decision wins."""
    first = MemoryTracing(sampling=Sampling.named("parentbased_traceidratio", "0.5"))
    second = MemoryTracing(sampling=Sampling.named("parentbased_traceidratio", "0.5"))
    runs = [f"01890a5d-ac96-774b-bcce-b302099a{n:04x}" for n in range(64)]
    decisions = [is_sampled(first.run_trace(run, None)) for run in runs]
    assert decisions == [is_sampled(second.run_trace(run, None)) for run in runs]
    assert set(decisions) == {True, False}
    assert all(is_sampled(first.run_trace(run, SAMPLED)) for run in runs)
