"""However spans nest, end and fail, what is handed on is whole."""

from contextlib import AbstractContextManager

from hypothesis import given, settings
from hypothesis import strategies as st

from collegium.telemetry.memory import MemorySink
from collegium.telemetry.sinks import Tree
from collegium.telemetry.spans import stored
from collegium.telemetry.tracing import ActiveSpan, Tracing, TracingLimits
from collegium.telemetry.tree import check_tree

MAX_SPANS = 5


class Prefixes(MemorySink):
    """Checks every prefix of every tree: that is what a torn write or a kill may leave."""

    def __init__(self) -> None:
        super().__init__("s")
        self.trees = 0

    def submit(self, tree: Tree) -> None:
        """Check, then keep."""
        self.trees += 1
        assert all(span.end_ns >= span.start_ns > 0 for span in tree)
        outside = [tree[0].parent_id]
        for length in range(1, len(tree) + 1):
            assert check_tree([stored(span, "s") for span in tree[:length]], outside=outside).is_one_tree
        super().submit(tree)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=30))
def test_every_prefix_of_a_tree_is_a_tree(steps: list[tuple[int, bool]]) -> None:
    """Spans begin below any open span and end in any order; trees go out whole, once all of them has ended."""
    sink = Prefixes()
    tracing = Tracing([sink], limits=TracingLimits(spans_per_tree=MAX_SPANS))
    open_spans: list[tuple[AbstractContextManager[ActiveSpan], ActiveSpan]] = []
    roots = 0
    for choice, begins in steps:
        if begins or not open_spans:
            parent = open_spans[choice % len(open_spans)][1].context if open_spans and choice else None
            block = tracing.span("work", parent=parent or tracing.new_trace())
            roots += parent is None
            open_spans.append((block, block.__enter__()))
        else:
            block, _ = open_spans.pop(choice % len(open_spans))
            block.__exit__(None, None, None)
    for block, _ in reversed(open_spans):
        block.__exit__(None, None, None)
    assert sink.trees == roots
