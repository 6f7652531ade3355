"""Histories of runs as an orchestrator writes them, for tests of whatever reads run-events."""

from collegium_schemas.base import TraceContext
from collegium_schemas.events import (
    AttemptDispatched,
    AttemptFailed,
    AttemptSucceeded,
    Event,
    InputRefused,
    Origin,
    PlanAdopted,
    RetryScheduled,
    RunAccepted,
    RunArchived,
    RunDecided,
    RunEnded,
    RunPaused,
    RunRejected,
    RunResumed,
)
from collegium_schemas.objective import ObjectiveSubmitted, RunStatus
from collegium_schemas.plan import PlanChange, SubtaskSpec
from collegium_schemas.tasks import ContextRef, Failure, FailureKind

TRACE = TraceContext(traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
START_MS = 1_760_000_000_000
RUN_ID = "0199c5a0-0000-7000-8000-000000000001"


def decided(run_id: str, version: int, at_ms: int, *events: Event) -> RunDecided:
    """One decision."""
    return RunDecided(
        run_id=run_id,
        version=version,
        at_ms=at_ms,
        origin=Origin(kind="result"),
        owner="orchestrator-test",
        events=events,
    )


def spec(subtask_id: str, role: str, *, after: tuple[str, ...] = (), round_: int = 1) -> SubtaskSpec:
    """A plan node whose step is its role."""
    return SubtaskSpec(
        subtask_id=subtask_id,
        step=role,
        role=role,
        instruction=f"do {subtask_id}",
        depends_on=after,
        inputs=after,
        round=round_,
    )


def dispatched(subtask_id: str, attempt: int = 1, *, at_ms: int = START_MS) -> AttemptDispatched:
    """A dispatch with a minute's deadline."""
    return AttemptDispatched(
        subtask_id=subtask_id, attempt=attempt, strategy="deterministic", deadline_at_ms=at_ms + 60_000
    )


def succeeded(
    subtask_id: str, attempt: int, started_at_ms: int, ended_at_ms: int, *, output: str = "evidence", evidence: int = 3
) -> AttemptSucceeded:
    """A success with one output."""
    ref = ContextRef(name=output, partition=0, offset=7, sha256="ab" * 32, size_bytes=10)
    return AttemptSucceeded(
        subtask_id=subtask_id,
        attempt=attempt,
        outputs=(ref,),
        confidence=0.9,
        evidence_count=evidence,
        note=f"{subtask_id} done",
        worker="worker-1",
        started_at_ms=started_at_ms,
        ended_at_ms=ended_at_ms,
    )


def completed_run(run_id: str = RUN_ID, goal: str = "Compare A and B", at_ms: int = START_MS) -> list[RunDecided]:
    """A run with a retry, a re-plan, a pause, a refused input, a superseded subtask, and a report; it completes."""
    objective = ObjectiveSubmitted(goal=goal, run_id=run_id, corpus="docs")
    lost = Failure(kind=FailureKind.TIMEOUT, message="no outcome within 60000 ms")
    first = PlanChange(
        version=1,
        reason="playbook research-report",
        added=(
            spec("retrieve-1", "retrieval"),
            spec("retrieve-2", "retrieval"),
            spec("draft-1", "drafting", after=("retrieve-1", "retrieve-2")),
        ),
    )
    second = PlanChange(
        version=2,
        reason="review of round 1: 1 without enough evidence",
        round=2,
        added=(spec("deliver-1", "delivery", round_=2),),
        removed=("draft-1",),
    )
    return [
        decided(
            run_id,
            1,
            at_ms,
            RunAccepted(objective=objective, objective_sha256="0" * 64, deadline_at_ms=at_ms + 600_000, trace=TRACE),
            PlanAdopted(change=first),
            dispatched("retrieve-1", at_ms=at_ms),
            dispatched("retrieve-2", at_ms=at_ms),
        ),
        decided(run_id, 2, at_ms + 120, succeeded("retrieve-1", 1, at_ms + 10, at_ms + 110)),
        decided(
            run_id,
            3,
            at_ms + 200,
            AttemptFailed(subtask_id="retrieve-2", attempt=1, failure=lost),
            RetryScheduled(subtask_id="retrieve-2", attempt=2, at_ms=at_ms + 300, strategy="deterministic"),
        ),
        decided(run_id, 4, at_ms + 250, InputRefused(what="intervention", reason="approve does not apply")),
        decided(run_id, 5, at_ms + 300, dispatched("retrieve-2", 2, at_ms=at_ms + 300)),
        decided(run_id, 6, at_ms + 310, RunPaused(requester="ann", reason="lunch")),
        decided(run_id, 7, at_ms + 320, RunResumed(requester="ann")),
        decided(
            run_id,
            8,
            at_ms + 400,
            succeeded("retrieve-2", 2, at_ms + 310, at_ms + 390, evidence=2),
            PlanAdopted(change=second),
            dispatched("deliver-1", at_ms=at_ms + 400),
        ),
        decided(
            run_id,
            9,
            at_ms + 500,
            succeeded("deliver-1", 1, at_ms + 410, at_ms + 480, output="report", evidence=0),
            RunEnded(status=RunStatus.COMPLETED, reason="every subtask of the plan has ended"),
        ),
        decided(run_id, 10, at_ms + 1_000, RunArchived()),
    ]


def cancelled_run(run_id: str, at_ms: int = START_MS) -> list[RunDecided]:
    """A run that is cancelled while its only subtask runs."""
    objective = ObjectiveSubmitted(goal="Cancel me", run_id=run_id)
    change = PlanChange(version=1, reason="playbook", added=(spec("retrieve-1", "retrieval"),))
    return [
        decided(
            run_id,
            1,
            at_ms,
            RunAccepted(objective=objective, objective_sha256="0" * 64, trace=TRACE),
            PlanAdopted(change=change),
            dispatched("retrieve-1", at_ms=at_ms),
        ),
        decided(
            run_id,
            2,
            at_ms + 50,
            RunEnded(status=RunStatus.CANCELLED, reason="cancelled on request", requester="ann"),
        ),
    ]


def rejected_run(run_id: str, at_ms: int = START_MS) -> list[RunDecided]:
    """An objective that could not be run."""
    rejection = RunRejected(reason="unknown playbook 'nope'", objective_sha256="0" * 64, trace=TRACE)
    return [decided(run_id, 1, at_ms, rejection)]
