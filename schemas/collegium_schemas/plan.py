"""Plans: immutable, versioned graphs of subtasks."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from collegium_schemas import limits
from collegium_schemas.base import Contract, Name, Params, Role, Share, SubtaskId, Text
from collegium_schemas.tasks import HeartbeatTimeoutMs, Strategy


class RetryPolicy(Contract):
    """How often and how patiently a subtask is tried again. Delays grow as base * 2^(attempt-1), with jitter."""

    max_attempts: Annotated[int, Field(ge=1, le=limits.MAX_ATTEMPTS)] = 3
    base_delay_ms: Annotated[int, Field(ge=1, le=600_000)] = 500
    max_delay_ms: Annotated[int, Field(ge=1, le=3_600_000)] = 30_000


class Compensation(Contract):
    """How a step's effects are undone when its run fails after them: a step of its own."""

    role: Role | None = None
    """Who undoes them; the step's own role when absent."""
    instruction: Text = "Undo what this subtask has done."
    params: Params = Field(default_factory=dict)
    effects: Annotated[tuple[Name, ...], Field(max_length=limits.MAX_STEP_EFFECTS)] | None = None
    """Which of the step's effects it undoes, at least one; all of them when absent."""
    timeout_ms: Annotated[int, Field(ge=1, le=86_400_000)] = 60_000
    retry: RetryPolicy = RetryPolicy(max_attempts=5)


class SubtaskSpec(Contract):
    """One node of a plan."""

    subtask_id: SubtaskId
    step: Name
    """The playbook step it was made from."""
    role: Role
    instruction: Text
    params: Params = Field(default_factory=dict)
    depends_on: Annotated[tuple[SubtaskId, ...], Field(max_length=limits.MAX_FAN_OUT)] = ()
    """Subtasks that must have ended before this one starts."""
    inputs: Annotated[tuple[SubtaskId, ...], Field(max_length=limits.MAX_FAN_OUT)] = ()
    """Subtasks whose outputs it is given; a subset of what has ended before it."""
    outputs: Annotated[tuple[Name, ...], Field(max_length=limits.MAX_OUTPUTS)] = ()
    min_confidence: Share = 0.0
    """Acceptance criterion: a success below it counts as low_confidence."""
    optional: bool = False
    """True when the run goes on without it, and says so, if its attempts are used up."""
    timeout_ms: Annotated[int, Field(ge=1, le=86_400_000)] = 60_000
    """One attempt's deadline, counted from its dispatch."""
    heartbeat_timeout_ms: HeartbeatTimeoutMs | None = None
    retry: RetryPolicy = RetryPolicy()
    strategy: Strategy = "deterministic"
    round: Annotated[int, Field(ge=1, le=limits.MAX_ROUNDS + 1)] = 1
    effects: Annotated[tuple[Name, ...], Field(max_length=limits.MAX_STEP_EFFECTS)] = ()
    """Targets outside the system that it may change."""
    compensate: Compensation | None = None
    """What undoes its effects."""
    compensates: SubtaskId | None = None
    """The subtask whose effects this one undoes."""

    @model_validator(mode="after")
    def _as_0_1_0_meant_it(self) -> Self:
        """Before effects had names, every delivery published to `reports`; newer plans always say which they grant."""
        if self.role == "delivery" and "effects" not in self.model_fields_set:
            object.__setattr__(self, "effects", ("reports",))  # the contract is frozen for everybody else
        return self


class PlanChange(Contract):
    """A plan version as the difference from the one before; version 1 differs from the empty plan."""

    version: Annotated[int, Field(ge=1)]
    reason: Text
    round: Annotated[int, Field(ge=1, le=limits.MAX_ROUNDS + 1)] = 1
    added: Annotated[tuple[SubtaskSpec, ...], Field(max_length=limits.MAX_PLAN_SUBTASKS)] = ()
    removed: Annotated[tuple[SubtaskId, ...], Field(max_length=limits.MAX_PLAN_SUBTASKS)] = ()
    """Subtasks that had not started and are now superseded."""
    continues: bool | None = None
    """True when this is more of the change before it, which no record could hold whole: no other plan, but more of
    the same."""
