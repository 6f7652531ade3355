"""What a committed batch tells the people who watch: metrics, log lines and spans."""

import logging

from collegium.log.topics import TopicNames
from collegium.orchestrator.core.model import Run
from collegium.orchestrator.shell.metrics import OrchestratorMetrics
from collegium.orchestrator.shell.spans import decision_spans
from collegium.orchestrator.shell.transaction import Batch
from collegium.telemetry.tracing import Tracing
from collegium_schemas.events import AttemptDispatched, Event, PlanAdopted, RetryScheduled, RunEnded, RunRejected
from collegium_schemas.objective import RunStatus
from collegium_schemas.state import SubtaskPart

logger = logging.getLogger(__name__)


def observe(batch: Batch, metrics: OrchestratorMetrics, tracing: Tracing, names: TopicNames, now_ms: int) -> None:
    """Count, log and trace a batch after its commit."""
    for made in batch.made:
        metrics.decisions.labels(made.decided.origin.kind).inc()
        for event in made.decided.events:
            _event(event, made.decided.run_id, made.after, metrics)
        for span in decision_spans(made, names, now_ms):
            tracing.emit(span)
    for reason in batch.dropped:
        metrics.dropped.labels(reason).inc()
    if batch.dead_letters:
        metrics.dead_letters.inc(batch.dead_letters)
    if batch.forwarded:
        metrics.forwarded.inc(batch.forwarded)


def _event(event: Event, run_id: str, after: Run | None, metrics: OrchestratorMetrics) -> None:
    match event:
        case AttemptDispatched():
            part = _part(after, event.subtask_id)
            metrics.attempts.labels("unknown" if part is None else part.spec.role).inc()
        case RetryScheduled() if not event.first:
            part = _part(after, event.subtask_id)
            failure = None if part is None else part.failure
            metrics.retries.labels("unknown" if failure is None else failure.kind.value).inc()
        case PlanAdopted() if event.change.version > 1 and not event.change.continues:
            metrics.replans.inc()
        case RunEnded():
            metrics.runs_ended.labels(event.status.value).inc()
            logger.info("run ended as %s: %s", event.status.value, event.reason, extra={"run_id": run_id})
        case RunRejected():
            metrics.runs_ended.labels(RunStatus.FAILED.value).inc()
            logger.warning("objective rejected: %s", event.reason, extra={"run_id": run_id})
        case _:
            pass


def _part(run: Run | None, subtask_id: str) -> SubtaskPart | None:
    return None if run is None else run.subtasks.get(subtask_id)
