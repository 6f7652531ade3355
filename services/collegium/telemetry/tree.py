"""A trace's spans as one tree, and what is wrong where they are not."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from collegium.telemetry.spans import StoredSpan


@dataclass(frozen=True, slots=True)
class TreeReport:
    """What the spans of one trace look like together."""

    spans: int
    """Different spans; one that was exported twice counts once."""
    roots: tuple[StoredSpan, ...]
    """Spans without a parent, or with one outside our system."""
    orphans: tuple[StoredSpan, ...]
    """Spans whose parent is missing."""
    unreachable: int
    """Spans that hang below no root and no orphan: parents that form a circle."""
    duplicates: int
    """How many more spans were read than there are."""
    services: Mapping[str, int]
    """Spans per service."""
    names: Mapping[str, int]
    """Spans per name."""
    trace_ids: tuple[str, ...]

    @property
    def is_one_tree(self) -> bool:
        """Exactly one root, in one trace, and everything hangs below it."""
        return len(self.roots) == 1 and not self.orphans and not self.unreachable and len(self.trace_ids) == 1

    def problems(self) -> Sequence[str]:
        """What is wrong, in sentences; empty for one tree."""
        found: list[str] = []
        if len(self.trace_ids) > 1:
            found.append(f"{len(self.trace_ids)} traces: {', '.join(self.trace_ids)}")
        if len(self.roots) != 1:
            found.append(f"{len(self.roots)} roots: {', '.join(span.name for span in self.roots) or 'none'}")
        found += [f"{span.service}: {span.name!r} has lost its parent {span.parent_id}" for span in self.orphans]
        if self.unreachable:
            found.append(f"{self.unreachable} spans hang below no root")
        return found


def unique(spans: Iterable[StoredSpan]) -> list[StoredSpan]:
    """One span per id, by start. Of a span that was emitted again the version that ended last is taken."""
    found: dict[tuple[str, str], StoredSpan] = {}
    for span in spans:
        key = (span.trace_id, span.span_id)
        other = found.get(key)
        if other is None or span.end_ns > other.end_ns:
            found[key] = span
    return sorted(found.values(), key=lambda span: (span.start_ns, span.parent_id is not None, -span.end_ns))


def check_tree(spans: Sequence[StoredSpan], *, outside: Collection[str] = ()) -> TreeReport:
    """Whether the spans are one tree, and what is in it.

    Args:
        spans: All spans of one trace, from any number of processes; duplicates are allowed.
        outside: Ids of parents that other systems recorded, such as the caller's span that an objective carried.
    """
    once = unique(spans)
    known = {span.span_id for span in once}
    roots = [span for span in once if span.parent_id is None or span.parent_id in outside]
    orphans = [s for s in once if s.parent_id is not None and s.parent_id not in known and s.parent_id not in outside]
    reached = sum(1 for _ in walk(once, [*roots, *orphans]))
    return TreeReport(
        spans=len(once),
        roots=tuple(roots),
        orphans=tuple(orphans),
        unreachable=len(once) - reached,
        duplicates=len(spans) - len(once),
        services=dict(Counter(span.service for span in once)),
        names=dict(Counter(span.name for span in once)),
        trace_ids=tuple(sorted({span.trace_id for span in once})),
    )


def walk(spans: Sequence[StoredSpan], tops: Sequence[StoredSpan]) -> Iterator[tuple[int, StoredSpan]]:
    """Depth and span, parents before children and siblings in the given order; each span once.

    Args:
        spans: Spans without duplicates.
        tops: Where to begin.
    """
    children: dict[str, list[StoredSpan]] = {}
    for span in spans:
        if span.parent_id is not None:
            children.setdefault(span.parent_id, []).append(span)
    seen: set[str] = set()
    todo = [(0, span) for span in reversed(tops)]
    while todo:
        depth, span = todo.pop()
        if span.span_id in seen:
            continue
        seen.add(span.span_id)
        yield depth, span
        todo.extend((depth + 1, child) for child in reversed(children.get(span.span_id, ())))
