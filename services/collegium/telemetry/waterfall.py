"""A trace as a waterfall in the terminal."""

from collections.abc import Collection, Sequence
from typing import Final

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from collegium.telemetry.spans import StoredSpan
from collegium.telemetry.tree import TreeReport, check_tree, unique, walk

__all__ = ["TreeReport", "Waterfall", "check_tree", "duration"]

MAX_SPANS: Final = 500
_COLOURS: Final = ("cyan", "green", "magenta", "blue", "yellow", "bright_cyan", "bright_green", "bright_magenta")
_NARROWEST_BAR: Final = 10
_INDENT: Final = "  "


class Waterfall:
    """A rich renderable: one line per span with its service, start, duration and bar; errors in red.

    Args:
        spans: All spans of one trace; duplicates are shown once.
        outside: Ids of parents that other systems recorded.
        max_spans: How many lines at most.
    """

    def __init__(
        self, spans: Sequence[StoredSpan], *, outside: Collection[str] = (), max_spans: int = MAX_SPANS
    ) -> None:
        self._spans = unique(spans)
        self._report = check_tree(self._spans, outside=outside)
        self._max_spans = max_spans
        self._start_ns = min((span.start_ns for span in self._spans), default=0)
        self._total_ns = max((span.end_ns for span in self._spans), default=0) - self._start_ns
        services = sorted(self._report.services)
        self._colours = {service: _COLOURS[i % len(_COLOURS)] for i, service in enumerate(services)}

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if not self._spans:
            yield Text("no spans")
            return
        bar_width = max(_NARROWEST_BAR, options.max_width // 3)
        table = Table(box=None, padding=(0, 1), expand=False, header_style="bold")
        table.add_column("span", no_wrap=True, overflow="ellipsis")
        table.add_column("service", no_wrap=True, overflow="ellipsis")
        table.add_column("start", justify="right", no_wrap=True)
        table.add_column("time", justify="right", no_wrap=True)
        table.add_column("", no_wrap=True, width=bar_width)
        tops = [*self._report.roots, *self._report.orphans]
        lost = {span.span_id for span in self._report.orphans}
        for shown, (depth, span) in enumerate(walk(self._spans, tops)):
            if shown == self._max_spans:
                table.add_row(Text(f"… and {len(self._spans) - shown} more", style="dim"))
                break
            self._add(table, span, depth, bar_width, lost=span.span_id in lost)
        yield table
        yield self._summary()

    def _add(self, table: Table, span: StoredSpan, depth: int, bar_width: int, *, lost: bool) -> None:
        failed = span.error is not None
        name = Text(_INDENT * depth)
        if lost:
            name.append("? ", style="yellow")
        name.append(span.name, style="red" if failed else "")
        if span.links:
            name.append(f"  ↪ {len(span.links)}", style="dim")
        if failed:
            kind = span.attributes.get("error.type")
            name.append(f"  ✗ {kind or 'error'}", style="bold red")
        colour = self._colours[span.service]
        table.add_row(
            name,
            Text(span.service, style=colour),
            Text(duration(span.start_ns - self._start_ns), style="dim"),
            duration(span.end_ns - span.start_ns),
            self._bar(span, bar_width, "red" if failed else colour),
        )
        if span.error:
            table.add_row(Text(f"{_INDENT * (depth + 1)}{span.error.splitlines()[0][:200]}", style="red"))

    def _bar(self, span: StoredSpan, width: int, style: str) -> Text:
        total = max(self._total_ns, 1)
        first = min(width - 1, (span.start_ns - self._start_ns) * width // total)
        length = max(1, min(width - first, round((span.end_ns - span.start_ns) * width / total)))
        return Text(" " * first + "━" * length, style=style)

    def _summary(self) -> Text:
        report = self._report
        text = Text(f"{report.spans} spans of {len(report.services)} services in {duration(self._total_ns)}", "dim")
        for problem in report.problems():
            text.append(f"\n{problem}", style="yellow")
        return text


def duration(ns: int) -> str:
    """A duration for people: `0.12 ms`, `34.5 ms`, `1.23 s`, `2 m 05 s`."""
    ms = ns / 1e6
    if ms < 10:
        return f"{ms:.2f} ms"
    if ms < 1_000:
        return f"{ms:.1f} ms"
    if ms < 60_000:
        return f"{ms / 1000:.2f} s"
    minutes, seconds = divmod(round(ms / 1000), 60)
    return f"{minutes} m {seconds:02d} s"
