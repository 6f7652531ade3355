"""What the runtime counts, for Prometheus."""

from collections.abc import Callable

from prometheus_client import Counter

from collegium.telemetry.metrics import Metrics


class AgentMetrics:
    """One role's metrics in one process. Several roles may share a process and its registry."""

    def __init__(self, metrics: Metrics, role: str) -> None:
        self._metrics = metrics
        self._role = role
        self._outcomes = metrics.counter("agent_tasks", "Attempts answered", ["role", "outcome", "kind"])
        self._effects = metrics.counter("agent_effects", "Calls of targets by outcome", ["role", "target", "status"])
        self._skipped = metrics.counter("agent_tasks_skipped", "Tasks that needed no answer", ["role", "reason"])
        self.seconds = metrics.histogram(
            "agent_task_duration_seconds", "From the start of the work to its acknowledged result", ["role"]
        ).labels(role)
        self.queue_seconds = metrics.histogram(
            "agent_queue_wait_seconds", "From a task's arrival to the start of the work", ["role"]
        ).labels(role)
        self.redelivered = self._counter("agent_tasks_redelivered", "Tasks that came again while or after being done")
        self.dead_lettered = self._counter("agent_dead_lettered", "Records that could not be used")
        self.tried_alone = self._counter("agent_tried_alone", "Tasks worked on alone, as two processes had ended")
        self.context_bytes = self._counter("agent_context_bytes", "Content written to the shared context")
        self.commit_failures = self._counter("agent_commit_failures", "Offset commits that were refused")

    def _counter(self, name: str, text: str) -> Counter:
        return self._metrics.counter(name, text, ["role"]).labels(self._role)

    def succeeded(self) -> None:
        """A success was acknowledged."""
        self._outcomes.labels(self._role, "succeeded", "").inc()

    def failed(self, kind: str) -> None:
        """A failure was acknowledged."""
        self._outcomes.labels(self._role, "failed", kind).inc()

    def skipped(self, reason: str) -> None:
        """A task was passed by."""
        self._skipped.labels(self._role, reason).inc()

    def effect(self, kind: str, status: str) -> None:
        """The outcome of a call to a target was acknowledged."""
        self._effects.labels(self._role, kind, status).inc()

    def watch(self, name: str, text: str, value: Callable[[], float]) -> None:
        """A gauge that is read when it is scraped."""
        self._metrics.gauge(name, text, ["role"]).labels(self._role).set_function(value)
