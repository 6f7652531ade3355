"""The history of a run: one `RunDecided` record per decision, holding the events it consists of."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from collegium_schemas import limits
from collegium_schemas.base import (
    Contract,
    EpochMs,
    Identifier,
    Message,
    Name,
    RunId,
    Sha256,
    Share,
    SubtaskId,
    Text,
    TraceContext,
    Usage,
)
from collegium_schemas.objective import Action, Limit, ObjectiveSubmitted, RunStatus
from collegium_schemas.plan import PlanChange
from collegium_schemas.tasks import ContextRef, Failure, ReviewSummary, Strategy


class Origin(Contract):
    """The input that led to a decision: a record's position, or a timer."""

    kind: Literal["objective", "intervention", "result", "timer"]
    topic: Identifier | None = None
    partition: Annotated[int, Field(ge=0)] | None = None
    offset: Annotated[int, Field(ge=0)] | None = None


class RunAccepted(Contract):
    """The objective is valid and the run exists."""

    type: Literal["run_accepted"] = "run_accepted"
    objective: ObjectiveSubmitted
    objective_sha256: Sha256
    deadline_at_ms: EpochMs | None = None
    trace: TraceContext
    """The run's own span, which everything in the run descends from."""
    trace_parent: TraceContext | None = None
    """The span of whoever sent the objective."""


class RunRejected(Contract):
    """The objective cannot be run; the run ends as `failed` with this reason."""

    type: Literal["run_rejected"] = "run_rejected"
    reason: Text
    objective_sha256: Sha256
    trace: TraceContext
    trace_parent: TraceContext | None = None


class PlanAdopted(Contract):
    """A plan version was validated and is now the plan."""

    type: Literal["plan_adopted"] = "plan_adopted"
    change: PlanChange


class AttemptDispatched(Contract):
    """A task was sent to its role's topic, in the same transaction."""

    type: Literal["attempt_dispatched"] = "attempt_dispatched"
    subtask_id: SubtaskId
    attempt: Annotated[int, Field(ge=1)]
    strategy: Strategy
    deadline_at_ms: EpochMs


class AttemptSucceeded(Contract):
    """The first outcome of the current attempt arrived and was accepted."""

    type: Literal["attempt_succeeded"] = "attempt_succeeded"
    subtask_id: SubtaskId
    attempt: Annotated[int, Field(ge=1)]
    outputs: Annotated[tuple[ContextRef, ...], Field(max_length=limits.MAX_OUTPUTS)] = ()
    confidence: Share
    evidence_count: Annotated[int, Field(ge=0)] = 0
    note: Text = ""
    review: ReviewSummary | None = None
    usage: Usage = Usage()
    worker: Identifier
    started_at_ms: EpochMs
    ended_at_ms: EpochMs
    trace: TraceContext | None = None
    """The span that sent the outcome; what follows from it links there."""


class AttemptFailed(Contract):
    """The current attempt failed, or its deadline passed."""

    type: Literal["attempt_failed"] = "attempt_failed"
    subtask_id: SubtaskId
    attempt: Annotated[int, Field(ge=1)]
    failure: Failure
    usage: Usage = Usage()


class RetryScheduled(Contract):
    """The subtask will be tried again at the given time; or for the first time, as this decision dispatches enough."""

    type: Literal["retry_scheduled"] = "retry_scheduled"
    subtask_id: SubtaskId
    attempt: Annotated[int, Field(ge=1)]
    """The attempt that will be dispatched."""
    at_ms: EpochMs
    strategy: Strategy

    @property
    def first(self) -> bool:
        """True when nothing was tried before: no retry, but a dispatch that a later decision makes."""
        return self.attempt == 1


class SubtaskFailed(Contract):
    """The subtask's attempts are used up, or its failure cannot be mended by another attempt."""

    type: Literal["subtask_failed"] = "subtask_failed"
    subtask_id: SubtaskId
    failure: Failure
    tolerated: bool
    """True when the subtask is optional: the run goes on without it and its report says so."""


class InputRefused(Contract):
    """Something sent to an existing run was refused; the run goes on unchanged."""

    type: Literal["input_refused"] = "input_refused"
    what: Literal["objective", "intervention"]
    reason: Text


class RunPaused(Contract):
    """No further attempt is dispatched until the run is resumed; outcomes are still accepted."""

    type: Literal["run_paused"] = "run_paused"
    requester: Identifier
    reason: Text = ""


class RunResumed(Contract):
    """Dispatching goes on."""

    type: Literal["run_resumed"] = "run_resumed"
    requester: Identifier
    action: Action = Action.RESUME
    reason: Text = ""


class ApprovalRequested(Contract):
    """An attempt could not tell whether its effect happened. The run waits for `approve`, `retry` or `deny`."""

    type: Literal["approval_requested"] = "approval_requested"
    subtask_id: SubtaskId
    attempt: Annotated[int, Field(ge=1)]
    question: Text
    """What is asked, and what each answer does."""
    effects: Annotated[tuple[Name, ...], Field(max_length=limits.MAX_STEP_EFFECTS)] = ()
    expires_at_ms: EpochMs | None = None
    """When the run ends without an answer: its deadline."""


class ApprovalAnswered(Contract):
    """A human's word on that: `approve` counts the effect as done, `retry` executes it again, `deny` fails."""

    type: Literal["approval_answered"] = "approval_answered"
    subtask_id: SubtaskId
    attempt: Annotated[int, Field(ge=1)]
    action: Literal["approve", "retry", "deny"]
    requester: Identifier
    reason: Text = ""


class RunEnding(Contract):
    """The run will end like this; its effects are undone first, by the plan that follows. Nothing else goes on."""

    type: Literal["run_ending"] = "run_ending"
    status: RunStatus
    reason: Text
    limit: Limit | None = None
    requester: Identifier | None = None
    deadline_at_ms: EpochMs
    """When the run ends even if something is not undone."""


class RunEnded(Contract):
    """The run's one terminal status."""

    type: Literal["run_ended"] = "run_ended"
    status: RunStatus
    reason: Text
    limit: Limit | None = None
    """Which bound halted the run; only with status `halted`."""
    requester: Identifier | None = None


class RunArchived(Contract):
    """The terminal run leaves run-state; its history stays in run-events."""

    type: Literal["run_archived"] = "run_archived"


Event = Annotated[
    RunAccepted
    | RunRejected
    | PlanAdopted
    | AttemptDispatched
    | AttemptSucceeded
    | AttemptFailed
    | RetryScheduled
    | SubtaskFailed
    | InputRefused
    | RunPaused
    | RunResumed
    | ApprovalRequested
    | ApprovalAnswered
    | RunEnding
    | RunEnded
    | RunArchived,
    Field(discriminator="type"),
]


class RunDecided(Message):
    """One decision on a run, in `run-events`: what the input was, and what follows from it.

    `version` rises by exactly one from decision to decision of a run, starting at 1. The record's CloudEvents id
    is `run_id/version`, so that readers can upsert.
    """

    TYPE: ClassVar[str] = "collegium.run.decided.v1"

    run_id: RunId
    version: Annotated[int, Field(ge=1)]
    at_ms: EpochMs
    origin: Origin
    owner: Identifier
    """The orchestrator process that decided."""
    events: Annotated[tuple[Event, ...], Field(min_length=1, max_length=limits.MAX_EVENTS_PER_DECISION)]

    @property
    def event_id(self) -> str:
        """`run_id/version`."""
        return f"{self.run_id}/{self.version}"
