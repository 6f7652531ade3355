"""Metrics by prometheus-client, in a registry of one process.

Names begin with `collegium_`, end with their unit, and counters with `_total`. Labels have few values: roles,
topics, statuses, failure kinds; never a run, a task or a tenant.
"""

from collections.abc import Sequence
from typing import Final, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
)

M = TypeVar("M", Counter, Gauge, Histogram)

PREFIX: Final = "collegium_"
LATENCY_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
"""Buckets for everything from one commit to one attempt."""


class Metrics:
    """Makes this process's metrics and holds their registry.

    Asking twice for a name returns the same metric, so that parts of a process need not know each other.
    """

    def __init__(self, service: str, version: str, *, process_collectors: bool = True) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        self._made: dict[str, Counter | Gauge | Histogram] = {}
        if process_collectors:
            ProcessCollector(registry=self.registry)
            PlatformCollector(registry=self.registry)
            GCCollector(registry=self.registry)
        Info(f"{PREFIX}build", "What runs in this process", registry=self.registry).info(
            {"service": service, "version": version}
        )

    def counter(self, name: str, help_text: str, labels: Sequence[str] = ()) -> Counter:
        """A counter; `name` without the prefix and without `_total`."""
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = Counter(f"{PREFIX}{name}", help_text, labels, registry=self.registry)
        return _expect(made, Counter)

    def gauge(self, name: str, help_text: str, labels: Sequence[str] = ()) -> Gauge:
        """A gauge; `name` without the prefix."""
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = Gauge(f"{PREFIX}{name}", help_text, labels, registry=self.registry)
        return _expect(made, Gauge)

    def histogram(
        self,
        name: str,
        help_text: str,
        labels: Sequence[str] = (),
        buckets: Sequence[float] = LATENCY_SECONDS,
    ) -> Histogram:
        """A histogram; `name` without the prefix, with its unit, such as `commit_duration_seconds`."""
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = Histogram(
                f"{PREFIX}{name}", help_text, labels, buckets=buckets, registry=self.registry
            )
        return _expect(made, Histogram)


class SpanCounter:
    """Counts spans that were not kept: `collegium_spans_dropped_total{reason=...}`."""

    def __init__(self, metrics: Metrics) -> None:
        self._dropped = metrics.counter("spans_dropped", "Spans that were recorded but not kept", ["reason"])

    def __call__(self, reason: str, spans: int) -> None:
        """Count `spans` as lost."""
        self._dropped.labels(reason).inc(spans)


def _expect(made: Counter | Gauge | Histogram, kind: type[M]) -> M:
    if not isinstance(made, kind):
        raise TypeError(f"the metric exists already as a {type(made).__name__}")
    return made
