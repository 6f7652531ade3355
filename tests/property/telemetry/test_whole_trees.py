"""However spans nest, end and fail, what is handed on is whole."""

from contextlib import AbstractContextManager

from hypothesis import given, settings
from hypothesis import strategies as st

from collegium.telemetry.contexts import span_id_of
from collegium.telemetry.memory import MemorySink
from collegium.telemetry.sinks import Tree
from collegium.telemetry.spans import stored
from collegium.telemetry.tracing import ActiveSpan, Tracing, TracingLimits
from collegium.telemetry.tree import check_tree

MAX_SPANS = 5


class Prefixes(MemorySink):
    """Checks every prefix of every tree: that is what a torn write or a kill may leave."""

    def submit(self, tree: Tree) -> None:
        """Check, then keep."""
        assert all(span.end_ns >= span.start_ns > 0 for span in tree)
        assert len(tree) <= MAX_SPANS
        outside = [tree[0].parent_id]
        for length in range(1, len(tree) + 1):
            assert check_tree([stored(span, "s") for span in tree[:length]], outside=outside).is_one_tree
        super().submit(tree)


@settings(max_examples=500)
@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=30))
def test_every_prefix_of_a_tree_is_a_tree(steps: list[tuple[int, bool]]) -> None:
    """Spans begin below any open span and end in any order; each recorded one is handed on exactly once."""
    sink = Prefixes("s")
    tracing = Tracing([sink], limits=TracingLimits(spans_per_tree=MAX_SPANS))
    open_spans: list[tuple[AbstractContextManager[ActiveSpan], ActiveSpan]] = []
    recorded: list[str] = []
    for choice, begins in steps:
        if begins or not open_spans:
            parent = open_spans[choice % len(open_spans)][1].context if open_spans and choice else None
            block = tracing.span("work", parent=parent or tracing.new_trace())
            span = block.__enter__()
            if span.recording:
                recorded.append(span_id_of(span.context))
            open_spans.append((block, span))
        else:
            block, _ = open_spans.pop(choice % len(open_spans))
            block.__exit__(None, None, None)
    for block, _ in reversed(open_spans):
        block.__exit__(None, None, None)
    assert sorted(span.span_id for span in sink.spans()) == sorted(recorded)
