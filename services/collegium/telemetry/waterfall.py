"""A trace as a waterfall in the terminal."""

from collections.abc import Collection, Sequence
from itertools import islice
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
_NARROWEST_NAME: Final = 24
_WIDEST_SERVICE: Final = 24
_TIME_WIDTH: Final = 8
_MARKS_WIDTH: Final = 6
_MAX_ERRORS: Final = 20
_MAX_ERROR_CHARS: Final = 300
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
        service_width = min(_WIDEST_SERVICE, max(len("service"), *map(len, self._report.services)))
        left = options.max_width - service_width - 2 * _TIME_WIDTH - 5
        tops = [*self._report.roots, *self._report.orphans]
        lines = list(islice(walk(self._spans, tops), self._max_spans))
        longest = max((len(_INDENT) * depth + len(span.name) + _MARKS_WIDTH for depth, span in lines), default=0)
        name_width = max(_NARROWEST_NAME, min(longest, left - _NARROWEST_BAR))
        bar_width = max(_NARROWEST_BAR, left - name_width)
        table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
        table.add_column("span", no_wrap=True, overflow="ellipsis", width=name_width)
        table.add_column("service", no_wrap=True, overflow="ellipsis", width=service_width)
        table.add_column("start", justify="right", no_wrap=True, width=_TIME_WIDTH)
        table.add_column("time", justify="right", no_wrap=True, width=_TIME_WIDTH)
        table.add_column("", no_wrap=True, width=bar_width)
        lost = {span.span_id for span in self._report.orphans}
        for depth, span in lines:
            self._add(table, span, depth, bar_width, lost=span.span_id in lost)
        yield table
        if len(lines) < len(self._spans):
            yield Text(f"… and {len(self._spans) - len(lines)} more", style="dim")
        yield self._summary()

    def _add(self, table: Table, span: StoredSpan, depth: int, bar_width: int, *, lost: bool) -> None:
        failed = span.error is not None
        name = Text(_INDENT * depth)
        if lost:
            name.append("? ", style="yellow")
        name.append(span.name, style="red" if failed else "")
        if span.links:
            name.append(f" ↪{len(span.links)}", style="dim")
        if failed:
            name.append(" ✗", style="bold red")
        colour = self._colours[span.service]
        table.add_row(
            name,
            Text(span.service, style=colour),
            Text(duration(span.start_ns - self._start_ns), style="dim"),
            duration(span.end_ns - span.start_ns),
            self._bar(span, bar_width, "red" if failed else colour),
        )

    def _bar(self, span: StoredSpan, width: int, style: str) -> Text:
        total = max(self._total_ns, 1)
        first = min(width - 1, (span.start_ns - self._start_ns) * width // total)
        length = max(1, min(width - first, round((span.end_ns - span.start_ns) * width / total)))
        return Text(" " * first + "━" * length, style=style)

    def _summary(self) -> Text:
        report = self._report
        services = "1 service" if len(report.services) == 1 else f"{len(report.services)} services"
        text = Text(f"{report.spans} spans of {services} in {duration(self._total_ns)}", "dim")
        failed = [span for span in self._spans if span.error is not None]
        for span in failed[:_MAX_ERRORS]:
            text.append(f"\n✗ {span.name}: {_told(span)}", style="red")
        if len(failed) > _MAX_ERRORS:
            text.append(f"\n… and {len(failed) - _MAX_ERRORS} more failed spans", style="red")
        for problem in report.problems():
            text.append(f"\n{problem}", style="yellow")
        return text


def _told(span: StoredSpan) -> str:
    kind, message = span.attributes.get("error.type"), (span.error or "error")[:_MAX_ERROR_CHARS]
    return message if kind is None or kind == message else f"{kind}: {message}"


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
