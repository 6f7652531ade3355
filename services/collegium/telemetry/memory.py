"""Tracing that keeps its spans in memory: for tests, notebooks and the whole system in one process."""

from collections import deque
from collections.abc import Sequence
from threading import Lock

from collegium.telemetry.sampling import Sampling
from collegium.telemetry.sinks import Tree
from collegium.telemetry.spans import StoredSpan, stored
from collegium.telemetry.tracing import Tracing, TracingLimits

_MAX_SPANS = 100_000


class MemorySink:
    """Keeps the newest trees as they would be read back."""

    def __init__(self, service: str, *, max_spans: int = _MAX_SPANS) -> None:
        self._service = service
        self._lock = Lock()
        self._spans: deque[StoredSpan] = deque(maxlen=max_spans)

    def submit(self, tree: Tree) -> None:
        """Keep the tree's spans, dropping the oldest ones beyond the limit."""
        with self._lock:
            self._spans.extend(stored(record, self._service) for record in tree)

    def spans(self) -> Sequence[StoredSpan]:
        """All kept spans in the order of arrival."""
        with self._lock:
            return tuple(self._spans)

    def flush(self, timeout_ms: int) -> bool:
        """True: nothing is ever on its way."""
        return True

    def close(self, timeout_ms: int) -> None:
        """Keep what there is, so that it can still be read."""


class MemoryTracing(Tracing):
    """A `Tracing` whose finished spans can be looked at: `spans`, or `trace(trace_id)`."""

    def __init__(
        self, service: str = "test", *, sampling: Sampling | None = None, limits: TracingLimits | None = None
    ) -> None:
        self._sink = MemorySink(service)
        super().__init__([self._sink], sampling=sampling, limits=limits)

    @property
    def spans(self) -> Sequence[StoredSpan]:
        """All spans of finished trees, in the order in which the trees ended."""
        return self._sink.spans()

    def trace(self, trace_id: str) -> Sequence[StoredSpan]:
        """The spans of one trace."""
        return tuple(span for span in self.spans if span.trace_id == trace_id)
