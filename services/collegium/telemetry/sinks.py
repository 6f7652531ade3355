"""Where finished spans go, as `Tracing` sees it."""

from collections.abc import Sequence
from typing import Protocol

from collegium.telemetry.spans import SpanRecord

Tree = Sequence[SpanRecord]
"""Spans of one process that belong together, every parent before its children."""


class Sink(Protocol):
    """Takes whole trees. Nothing here waits for disk or network, except `flush` and `close` within their bound."""

    def submit(self, tree: Tree) -> None:
        """Take a tree, or count it as dropped. Never blocks and never raises."""
        ...

    def flush(self, timeout_ms: int) -> bool:
        """Wait until all that was submitted before is out; False when that took too long. Blocks."""
        ...

    def close(self, timeout_ms: int) -> None:
        """Flush within the bound, then release everything. Idempotent. Blocks."""
        ...


Sinks = Sequence[Sink]


class Dropped(Protocol):
    """Told how many spans were lost, and why."""

    def __call__(self, reason: str, spans: int) -> None:
        """Count `spans` as lost for a `reason` of few possible values."""
        ...


def uncounted(reason: str, spans: int) -> None:
    """For tests and tools that have no metrics."""
