"""Run views: what people and programs are shown of a run, as the ledger serves it and the CLI prints it."""

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from collegium_schemas import limits
from collegium_schemas.base import (
    Contract,
    EpochMs,
    Identifier,
    Name,
    Role,
    RunId,
    Share,
    SubtaskId,
    Text,
    Usage,
)
from collegium_schemas.objective import Budget, Limit, RunStatus
from collegium_schemas.tasks import ContextRef, Failure, ReviewSummary, Strategy

MAX_NOTICES: Final = 50
"""Notices kept of one run; the oldest go first."""

MAX_PLANS: Final = 1_000
"""Plan versions kept of one run; the oldest go first."""

SubtaskViewStatus = Literal["pending", "running", "backoff", "waiting", "succeeded", "failed", "superseded", "stopped"]
"""As in run-state, and `superseded` by a later plan, and `stopped` because the run ended first."""


class AttemptView(Contract):
    """One try at a subtask, with its times. What is not known yet, or never reported, is absent."""

    attempt: Annotated[int, Field(ge=1)]
    strategy: Strategy
    status: Literal["running", "succeeded", "failed"]
    dispatched_at_ms: EpochMs
    deadline_at_ms: EpochMs | None = None
    started_at_ms: EpochMs | None = None
    """When the specialist began, by its own clock."""
    ended_at_ms: EpochMs | None = None
    decided_at_ms: EpochMs | None = None
    """When the orchestrator took the outcome."""
    worker: Identifier | None = None
    confidence: Share | None = None
    evidence_count: Annotated[int, Field(ge=0)] = 0
    note: Text = ""
    outputs: tuple[ContextRef, ...] = ()
    review: ReviewSummary | None = None
    failure: Failure | None = None
    usage: Usage = Usage()


class SubtaskView(Contract):
    """One subtask and all its attempts, oldest first."""

    subtask_id: SubtaskId
    step: Name
    role: Role
    instruction: Text
    status: SubtaskViewStatus = "pending"
    optional: bool = False
    round: Annotated[int, Field(ge=1)] = 1
    plan_version: Annotated[int, Field(ge=1)]
    """The version that added it."""
    depends_on: tuple[SubtaskId, ...] = ()
    attempts: Annotated[tuple[AttemptView, ...], Field(max_length=limits.MAX_ATTEMPTS)] = ()
    retry_at_ms: EpochMs | None = None
    """When the next attempt is due, in back-off."""
    failure: Failure | None = None
    """Why it failed for good."""

    @property
    def latest(self) -> AttemptView | None:
        """The newest attempt, if any."""
        return self.attempts[-1] if self.attempts else None


class PlanView(Contract):
    """One plan version, as the difference from the one before."""

    version: Annotated[int, Field(ge=1)]
    at_ms: EpochMs
    reason: Text
    round: Annotated[int, Field(ge=1)] = 1
    added: tuple[SubtaskId, ...] = ()
    removed: tuple[SubtaskId, ...] = ()


class Notice(Contract):
    """Something that people did to the run, or tried to."""

    at_ms: EpochMs
    kind: Literal[
        "paused", "resumed", "objective_refused", "intervention_refused", "approval_requested", "answered", "ending"
    ]
    text: Annotated[str, StringConstraints(max_length=500)] = ""
    requester: Identifier | None = None


class HistoryPosition(Contract):
    """Where a run's records lie in run-events, so that its history can be read without a search."""

    partition: Annotated[int, Field(ge=0)]
    first_offset: Annotated[int, Field(ge=0)]
    last_offset: Annotated[int, Field(ge=0)]


class RunSummary(Contract):
    """A run in one line."""

    run_id: RunId
    version: Annotated[int, Field(ge=0)]
    """The last decision that this view includes."""
    status: RunStatus
    goal: Annotated[str, StringConstraints(max_length=limits.MAX_GOAL_CHARS)] = ""
    """Empty when the objective could not be understood."""
    playbook: Name | None = None
    corpus: Name | None = None
    tenant: Name | None = None
    team: Name | None = None
    requester: Identifier | None = None
    accepted_at_ms: EpochMs
    updated_at_ms: EpochMs
    ended_at_ms: EpochMs | None = None
    deadline_at_ms: EpochMs | None = None
    reason: Text = ""
    """Why the run ended."""
    limit: Limit | None = None
    ended_by: Identifier | None = None
    plan_version: Annotated[int, Field(ge=0)] = 0
    round: Annotated[int, Field(ge=1)] = 1
    replans: Annotated[int, Field(ge=0)] = 0
    retries: Annotated[int, Field(ge=0)] = 0
    """Further attempts that were scheduled."""
    steps: Annotated[int, Field(ge=0)] = 0
    """Attempts dispatched."""
    subtasks_total: Annotated[int, Field(ge=0)] = 0
    """Subtasks of the current plan; superseded ones do not count."""
    subtasks_ended: Annotated[int, Field(ge=0)] = 0
    evidence_count: Annotated[int, Field(ge=0)] = 0
    """Passages, claims and sentences that the accepted outcomes reported."""
    usage: Usage = Usage()
    budget: Budget = Budget()
    trace_id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")] | None = None
    history: HistoryPosition | None = None
    incomplete: bool = False
    """True when part of the history had expired or was lost before it was folded."""


class RunView(RunSummary):
    """A run with its plans, subtasks and notices."""

    plans: tuple[PlanView, ...] = ()
    subtasks: tuple[SubtaskView, ...] = ()
    """In the order in which plans added them."""
    notices: tuple[Notice, ...] = ()

    def subtask(self, subtask_id: str) -> SubtaskView | None:
        """The subtask of that id, if there is one."""
        return next((part for part in self.subtasks if part.subtask_id == subtask_id), None)

    def output(self, name: str) -> tuple[str, int, ContextRef] | None:
        """The newest accepted output of that name: its subtask, attempt and reference."""
        found: tuple[int, str, int, ContextRef] | None = None
        for part in self.subtasks:
            for attempt in part.attempts:
                for ref in attempt.outputs:
                    at_ms = attempt.decided_at_ms or 0
                    if ref.name == name and (found is None or at_ms >= found[0]):
                        found = (at_ms, part.subtask_id, attempt.attempt, ref)
        return None if found is None else found[1:]


class RunPage(Contract):
    """The answer to `GET /runs`."""

    runs: tuple[RunSummary, ...]
    """Newest first."""
    total: Annotated[int, Field(ge=0)]
    """Runs that match, of which `runs` holds the first ones."""
    complete: bool = True
    """False while this ledger does not own every partition, so that other runs may exist."""


class StageLatency(Contract):
    """How long one stage took, over the attempts or runs that are kept. Percentiles by nearest rank."""

    role: Name
    """The specialist's role, or `run` for whole runs."""
    stage: Literal["queue", "work", "judge", "total"]
    """queue: dispatch to start; work: start to end; judge: end to decision; total: dispatch to decision.

    For whole runs only `total`: acceptance to end."""
    count: Annotated[int, Field(ge=0)]
    p50_ms: Annotated[int, Field(ge=0)]
    p90_ms: Annotated[int, Field(ge=0)]
    p99_ms: Annotated[int, Field(ge=0)]
    max_ms: Annotated[int, Field(ge=0)]


class LatencyReport(Contract):
    """The answer to `GET /latencies`."""

    stages: tuple[StageLatency, ...]
    complete: bool = True
