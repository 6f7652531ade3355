"""Checking a trace's shape, and showing it."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from collegium.telemetry.spans import RecordedLink, StoredSpan
from collegium.telemetry.waterfall import Waterfall, check_tree, duration

TRACE = "0af7651916cd43dd8448eb211c80319c"
MS = 1_000_000


def span(
    number: int, parent: int | None, name: str, service: str = "a", start_ms: int = 0, time_ms: int = 10
) -> StoredSpan:
    """A span of the one trace."""
    return StoredSpan(
        trace_id=TRACE,
        span_id=f"{number:016x}",
        parent_id=None if parent is None else f"{parent:016x}",
        name=name,
        kind="internal",
        service=service,
        start_ns=start_ms * MS,
        end_ns=(start_ms + time_ms) * MS,
    )


ROOT = span(1, None, "invoke_workflow research-report", "orchestrator", time_ms=100)
AGENT = span(2, 1, "invoke_agent retrieval", "retrieval", 20, 50)
TOOL = span(3, 2, "execute_tool search", "retrieval", 25, 20)


def shown(spans: list[StoredSpan], width: int = 100, **options: int) -> str:
    """The waterfall as plain text."""
    out = io.StringIO()
    Console(file=out, width=width).print(Waterfall(spans, **options))
    return out.getvalue()


def test_a_whole_tree_is_found_so() -> None:
    """One root, no orphan, every service and name counted."""
    report = check_tree([TOOL, ROOT, AGENT])
    assert report.is_one_tree
    assert report.problems() == []
    assert report.roots == (ROOT,)
    assert report.services == {"orchestrator": 1, "retrieval": 2}
    assert report.names["execute_tool search"] == 1
    assert (report.spans, report.duplicates) == (3, 0)


def test_spans_exported_twice_count_once() -> None:
    """Emitting again after a crash, even with a later end, does not break the tree."""
    later = replace(ROOT, end_ns=ROOT.end_ns + MS, service="orchestrator-2")
    report = check_tree([ROOT, AGENT, ROOT, later, TOOL])
    assert report.is_one_tree
    assert report.roots == (later,)
    assert report.duplicates == 2


def test_a_lost_parent_is_an_orphan() -> None:
    """The report names the span and the parent that is missing."""
    report = check_tree([ROOT, TOOL])
    assert not report.is_one_tree
    assert report.orphans == (TOOL,)
    assert "lost its parent" in report.problems()[0]


def test_a_parent_of_another_system_is_no_loss() -> None:
    """The caller's span that the objective carried is not ours to have."""
    called = replace(ROOT, parent_id="cd" * 8)
    assert check_tree([called, AGENT]).orphans == (called,)
    assert check_tree([called, AGENT], outside=["cd" * 8]).is_one_tree


@pytest.mark.parametrize(
    "spans",
    [
        [],
        [ROOT, span(9, None, "another root")],
        [ROOT, span(5, 6, "circle"), span(6, 5, "circle")],
        [ROOT, replace(AGENT, trace_id="ff" * 16)],
    ],
)
def test_what_is_not_one_tree_has_a_problem(spans: list[StoredSpan]) -> None:
    """No spans, two roots, circles and mixed traces are told apart from a tree."""
    report = check_tree(spans)
    assert not report.is_one_tree
    assert report.problems()


def test_the_waterfall_shows_every_span_in_order() -> None:
    """Parents stand above their children, indented, with service, start, time and a bar."""
    lines = shown([TOOL, AGENT, ROOT]).splitlines()
    assert lines[1].startswith("invoke_workflow research-report")
    assert lines[2].startswith("  invoke_agent retrieval")
    assert lines[3].startswith("    execute_tool search")
    assert lines[3].split()[2:7] == ["retrieval", "25.0", "ms", "20.0", "ms"]
    assert "━" in lines[3]
    assert lines[4] == "3 spans of 2 services in 100.0 ms"


def test_the_waterfall_tells_errors_links_and_orphans() -> None:
    """A failed span is marked and its message told; links are counted; a lost parent is said."""
    failed = replace(
        TOOL,
        error="took 50 ms",
        attributes={"error.type": "timeout"},
        links=(RecordedLink(TRACE, "cd" * 8, {}),),
    )
    text = shown([ROOT, failed])
    assert "? execute_tool search ↪1 ✗" in text
    assert "✗ execute_tool search: timeout: took 50 ms" in text
    assert "lost its parent" in text


def test_errors_are_red() -> None:
    """In a terminal a failed span's name and bar are red."""
    out = io.StringIO()
    console = Console(file=out, width=100, force_terminal=True, color_system="standard")
    console.print(Waterfall([replace(ROOT, error="boom")]))
    assert "\x1b[31minvoke_workflow" in out.getvalue()


@pytest.mark.parametrize("width", [20, 60, 80, 200])
def test_the_waterfall_fits_any_width(width: int) -> None:
    """No line is longer than the terminal is wide."""
    assert all(len(line) <= width for line in shown([ROOT, AGENT, TOOL], width).splitlines())


def test_a_huge_trace_is_cut() -> None:
    """At most so many lines are shown, and how many are not is said."""
    many = [ROOT, *(span(n, 1, f"child {n}") for n in range(2, 100))]
    text = shown(many, max_spans=10)
    assert "… and 89 more" in text
    assert len(text.splitlines()) == 13


def test_no_spans_is_said() -> None:
    """An empty trace is no error."""
    assert shown([]).strip() == "no spans"


def test_a_circle_can_be_shown() -> None:
    """Spans without any root still give a summary."""
    assert "hang below no root" in shown([span(5, 6, "circle"), span(6, 5, "circle")])


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0.00 ms"),
        (120_000, "0.12 ms"),
        (34_500_000, "34.5 ms"),
        (1_230_000_000, "1.23 s"),
        (125 * 10**9, "2 m 05 s"),
    ],
)
def test_durations_are_readable(ns: int, text: str) -> None:
    """Each length has the unit that people would use."""
    assert duration(ns) == text
