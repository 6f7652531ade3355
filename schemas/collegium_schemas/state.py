"""Run state in parts, as the compacted `run-state` topic holds it. A decision writes only the parts it changed.

Keys are `run_id/header`, `run_id/objective`, `run_id/plan` and `run_id/subtask/ID`; input positions are under
`__pos/TOPIC` in the partition they speak about.
"""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from collegium_schemas import limits
from collegium_schemas.base import (
    Contract,
    EffectName,
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
from collegium_schemas.objective import Limit, ObjectiveSubmitted, RunStatus
from collegium_schemas.plan import SubtaskSpec
from collegium_schemas.tasks import ContextRef, EffectWord, Failure, ReviewSummary, Strategy


class Ending(Contract):
    """How a run will end once its effects are undone, and why."""

    status: RunStatus
    reason: Text
    limit: Limit | None = None
    requester: Identifier | None = None


class RunHeader(Message):
    """What every decision needs to know of a run, kept small."""

    TYPE: ClassVar[str] = "collegium.state.header.v1"

    run_id: RunId
    version: Annotated[int, Field(ge=1)]
    status: RunStatus
    playbook: Name | None = None
    """None when the objective could not be understood."""
    plan_version: Annotated[int, Field(ge=0)] = 0
    round: Annotated[int, Field(ge=1)] = 1
    open_subtasks: Annotated[int, Field(ge=0)] = 0
    """Subtasks of the plan that have not ended."""
    steps: Annotated[int, Field(ge=0)] = 0
    """Attempts dispatched so far."""
    usage: Usage = Usage()
    objective_sha256: Sha256
    accepted_at_ms: EpochMs
    updated_at_ms: EpochMs
    deadline_at_ms: EpochMs | None = None
    ended_at_ms: EpochMs | None = None
    reason: Text = ""
    limit: Limit | None = None
    ending: Ending | None = None
    """Set while the run undoes its effects, and kept when it has ended after that."""
    effects: Annotated[tuple[EffectName, ...], Field(max_length=limits.MAX_RUN_EFFECTS)] = ()
    """Of an ended run: its effects as `subtask/name`, whose keys are removed from `effects` with it."""
    trace: TraceContext
    trace_parent: TraceContext | None = None


class ObjectivePart(Message):
    """The objective, written once."""

    TYPE: ClassVar[str] = "collegium.state.objective.v1"

    objective: ObjectiveSubmitted


class PlanPart(Message):
    """The current plan version; the nodes themselves are in the subtask parts."""

    TYPE: ClassVar[str] = "collegium.state.plan.v1"

    version: Annotated[int, Field(ge=1)]
    reason: Text
    subtask_ids: Annotated[tuple[SubtaskId, ...], Field(max_length=limits.MAX_PLAN_SUBTASKS)]
    """In the order in which the plan lists them."""


class SubtaskStatus(StrEnum):
    """Where a subtask stands; `succeeded` and `failed` have ended."""

    PENDING = "pending"
    RUNNING = "running"
    BACKOFF = "backoff"
    WAITING = "waiting"
    """For a human's word on an effect whose outcome is unknown."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """True when no further attempt will be made."""
        return self in {SubtaskStatus.SUCCEEDED, SubtaskStatus.FAILED}


class SubtaskPart(Message):
    """One subtask: its node in the plan, and how far it is."""

    TYPE: ClassVar[str] = "collegium.state.subtask.v1"

    spec: SubtaskSpec
    status: SubtaskStatus = SubtaskStatus.PENDING
    attempt: Annotated[int, Field(ge=0)] = 0
    """The latest attempt dispatched; 0 before the first."""
    strategy: Strategy = "deterministic"
    dispatched_at_ms: EpochMs | None = None
    deadline_at_ms: EpochMs | None = None
    """When the running attempt is given up."""
    retry_at_ms: EpochMs | None = None
    """When the next attempt is dispatched, in back-off."""
    outputs: Annotated[tuple[ContextRef, ...], Field(max_length=limits.MAX_OUTPUTS)] = ()
    confidence: Share | None = None
    review: ReviewSummary | None = None
    failure: Failure | None = None
    """Why the latest attempt failed."""
    trace: TraceContext | None = None
    """The span that sent the accepted outcome."""
    effect_word: EffectWord | None = None
    """What a human said of its effects."""
    ended_version: Annotated[int, Field(ge=1)] | None = None
    """The run's version at which a subtask with a compensation ended: effects are undone in reverse order."""


class InputPosition(Message):
    """The next offset to take from one input topic in this partition, committed with the state that includes it."""

    TYPE: ClassVar[str] = "collegium.state.position.v1"

    topic: Identifier
    partition: Annotated[int, Field(ge=0)]
    next_offset: Annotated[int, Field(ge=0)]
