"""What a run left behind, as far as it can be scored: kept a line each, taken up again by the next evaluation."""

from typing import Annotated, Literal

from pydantic import Field

from collegium.delivery.report import Report
from collegium.embedded.inprocess import Finished
from collegium.evaluation.answers import Kept
from collegium_schemas.base import Contract, Identifier, Share, Text
from collegium_schemas.events import (
    ApprovalRequested,
    AttemptDispatched,
    AttemptFailed,
    AttemptSucceeded,
    PlanAdopted,
    RetryScheduled,
    RunDecided,
    RunEnded,
)
from collegium_schemas.objective import Limit, RunStatus
from collegium_schemas.tasks import FailureKind, Strategy


class Attempt(Contract):
    """One attempt at a subtask and its end."""

    subtask: Identifier
    attempt: int
    strategy: Strategy
    failure: FailureKind | None = None
    confidence: Share | None = None
    ms: float | None = None


class Course(Contract):
    """How a run went."""

    status: RunStatus
    reason: Text = ""
    limit: Limit | None = None
    replans: int = 0
    """Plan versions after the first."""
    retries: int = 0
    escalated: Text = ""
    """What a person was asked; empty when nobody was."""
    attempts: Annotated[tuple[Attempt, ...], Field(max_length=2_000)] = ()
    tokens: int = 0
    micro_usd: int = 0


class Recording(Kept):
    """A run on one objective; its key is of the objective, the corpus, the playbooks and all sources."""

    objective_id: Identifier
    course: Course
    report: Report | None = None
    displaced: int = 0
    """Sources whose text is not, byte for byte, where they say that it stands."""
    mode: Literal["bm25", "bm25+vectors", "none"] = "none"
    """How retrieval searched."""
    ms: Annotated[float, Field(ge=0.0)]
    """From sending the objective to reading the end of its run, on the clock of the wall."""
    log_bytes: int = 0
    """Keys, values and headers of every record of the run."""
    log_records: int = 0
    report_bytes: int = 0
    """Of the delivered files together."""


def course_of(history: list[RunDecided], finished: Finished) -> Course:
    """How a run went, from its decisions."""
    events = [event for decided in history for event in decided.events]
    ended = {(e.subtask_id, e.attempt): e for e in events if isinstance(e, AttemptSucceeded | AttemptFailed)}
    attempts: list[Attempt] = []
    for event in events:
        if isinstance(event, AttemptDispatched):
            end = ended.get((event.subtask_id, event.attempt))
            done = end if isinstance(end, AttemptSucceeded) else None
            attempts.append(
                Attempt(
                    subtask=event.subtask_id,
                    attempt=event.attempt,
                    strategy=event.strategy,
                    failure=end.failure.kind if isinstance(end, AttemptFailed) else None,
                    confidence=None if done is None else done.confidence,
                    ms=None if done is None else max(0.0, done.ended_at_ms - done.started_at_ms),
                )
            )
    spent = [end.usage for end in ended.values()]
    return Course(
        status=finished.status,
        reason=finished.reason,
        limit=next((event.limit for event in events if isinstance(event, RunEnded)), None),
        replans=max(0, sum(isinstance(event, PlanAdopted) for event in events) - 1),
        retries=sum(isinstance(event, RetryScheduled) for event in events),
        escalated=next((event.question for event in events if isinstance(event, ApprovalRequested)), ""),
        attempts=tuple(attempts[:2_000]),
        tokens=sum(usage.tokens for usage in spent),
        micro_usd=sum(usage.micro_usd for usage in spent),
    )
