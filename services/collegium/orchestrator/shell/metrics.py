"""The orchestrator's metrics."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_COMMIT_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


class OrchestratorMetrics:
    """Counters and gauges of one orchestrator process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"collegium_orchestrator_{name}", text, labels, registry=registry)

        self.decisions = counter("decisions", "Decisions committed, by what led to them.", "origin")
        self.runs_ended = counter("runs_ended", "Runs that reached a terminal status.", "status")
        self.attempts = counter("attempts", "Attempts dispatched.", "role")
        self.retries = counter("retries", "Retries scheduled, by the failure that led to them.", "kind")
        self.replans = counter("replans", "Plan versions adopted after the first.")
        self.dropped = counter("inputs_dropped", "Inputs that change nothing, such as a second outcome.", "reason")
        self.dead_letters = counter("dead_letters", "Inputs that could not be used.")
        self.forwarded = counter("inputs_forwarded", "Inputs moved to their home partition.")
        self.restores = counter("restores", "Times that a partition was restored from run-state.")
        self.lost_transactions = counter("transactions_unknown", "Transactions whose outcome was not known.", "kind")
        self.commit_seconds = Histogram(
            "collegium_orchestrator_commit_seconds",
            "From begin to committed.",
            buckets=_COMMIT_BUCKETS,
            registry=registry,
        )
        self.restore_seconds = Gauge(
            "collegium_orchestrator_restore_seconds",
            "The latest restore, by partition.",
            ["partition"],
            registry=registry,
        )
        self.live_runs = Gauge(
            "collegium_orchestrator_live_runs", "Runs that have not ended.", ["partition"], registry=registry
        )
        self.owned_partitions = Gauge(
            "collegium_orchestrator_owned_partitions", "Partitions that are restored and served.", registry=registry
        )
