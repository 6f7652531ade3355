"""What orchestrator and specialists say to each other: tasks, outcomes, progress and shared context."""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from collegium_schemas import limits
from collegium_schemas.base import (
    Contract,
    EpochMs,
    Identifier,
    Message,
    Name,
    Params,
    Role,
    RunId,
    Sha256,
    Share,
    SubtaskId,
    Text,
    Usage,
)


class FailureKind(StrEnum):
    """Why an attempt failed; each kind has a default reaction (see the orchestrator's reactions table)."""

    DEPENDENCY_UNAVAILABLE = "dependency_unavailable"
    TIMEOUT = "timeout"
    RATE_LIMITED = "rate_limited"
    INVALID_OUTPUT = "invalid_output"
    LOW_CONFIDENCE = "low_confidence"
    CONTRADICTION = "contradiction"
    TOOL_ERROR = "tool_error"
    POLICY_DENIED = "policy_denied"
    UNAUTHORISED = "unauthorised"
    BUDGET_EXHAUSTED = "budget_exhausted"
    POISON = "poison"
    WORKER_LOST = "worker_lost"
    CANCELLED = "cancelled"
    INTERNAL = "internal"
    OUTCOME_UNKNOWN = "outcome_unknown"
    """An effect may or may not have happened, and its target cannot tell: a human is asked."""


Strategy = Literal["deterministic", "model"]
"""How a specialist reasons: without a model, or through the gateway."""


HeartbeatTimeoutMs = Annotated[int, Field(ge=1_000, le=86_400_000)]
"""How long an attempt may go on without activity: no tool call begun or ended and no progress told. Then its worker
gives it up as `timeout`, before its deadline. Longer than its longest tool call."""


class ContextRef(Contract):
    """Where an immutable value of a run lies in the `context` topic, and the hash its content must have."""

    name: Name
    """The output's name, such as `evidence`."""
    partition: Annotated[int, Field(ge=0)]
    offset: Annotated[int, Field(ge=0)]
    sha256: Sha256
    size_bytes: Annotated[int, Field(ge=0, le=limits.MAX_MESSAGE_BYTES)]
    inline: Annotated[str, StringConstraints(max_length=limits.MAX_INLINE_BYTES)] | None = None
    """The content itself when it is small; never kept in run-state."""


class TaskInput(Contract):
    """One earlier subtask's output, handed to a task."""

    subtask_id: SubtaskId
    step: Name
    """The playbook step that the subtask belongs to, such as `retrieve`."""
    ref: ContextRef


class EffectWord(Contract):
    """A human's word on effects of a subtask whose outcome its attempts could not tell."""

    assume: Literal["done", "absent"]
    """`done`: they happened, so they are not executed again. `absent`: they did not, so they may be."""
    through_attempt: Annotated[int, Field(ge=1, le=limits.MAX_ATTEMPTS)]
    """The last attempt that the word is about; what a later one left open is another question."""


class TaskRequested(Message):
    """One attempt at a subtask, sent to `tasks.ROLE` in the transaction that recorded its dispatch."""

    TYPE: ClassVar[str] = "collegium.task.requested.v1"

    run_id: RunId
    subtask_id: SubtaskId
    attempt: Annotated[int, Field(ge=1, le=limits.MAX_ATTEMPTS)]
    role: Role
    step: Name
    instruction: Text
    goal: Annotated[str, StringConstraints(max_length=limits.MAX_GOAL_CHARS)]
    corpus: Name
    params: Params = Field(default_factory=dict)
    inputs: Annotated[tuple[TaskInput, ...], Field(max_length=limits.MAX_INPUTS)] = ()
    outputs: Annotated[tuple[Name, ...], Field(max_length=limits.MAX_OUTPUTS)] = ()
    """Names of the context entries that a success must return."""
    strategy: Strategy = "deterministic"
    plan_version: Annotated[int, Field(ge=1)] = 1
    round: Annotated[int, Field(ge=1, le=limits.MAX_ROUNDS + 1)] = 1
    """Which pass of the playbook's review loop this is."""
    dispatched_at_ms: EpochMs
    deadline_at_ms: EpochMs
    heartbeat_timeout_ms: HeartbeatTimeoutMs | None = None
    tenant: Name = "default"
    team: Name = "default"
    requester: Identifier = "anonymous"
    effects: Annotated[tuple[Name, ...], Field(max_length=limits.MAX_STEP_EFFECTS)] = ()
    """Execution rights: the targets that this task may change, each once for the subtask. Empty: it has none."""
    effect_word: EffectWord | None = None
    compensates: SubtaskId | None = None
    """The subtask of the run whose effects this task undoes."""
    run_accepted_at_ms: EpochMs | None = None
    """Which run of this name it is, should an earlier one have been archived; 0.1.0 did not say it."""

    @model_validator(mode="after")
    def _as_0_1_0_meant_it(self) -> Self:
        """Before effects had names, every delivery published to `reports`; newer plans always say which they grant."""
        if self.role == "delivery" and "effects" not in self.model_fields_set:
            object.__setattr__(self, "effects", ("reports",))  # the contract is frozen for everybody else
        return self

    @property
    def task_id(self) -> str:
        """`run/subtask/attempt`: the identity of this attempt everywhere."""
        return f"{self.run_id}/{self.subtask_id}/{self.attempt}"


class FollowUp(Contract):
    """Further work that a specialist proposes; the core validates it like any plan."""

    step: Name
    """The playbook step to run again, such as `retrieve` or `draft`."""
    question: Annotated[str, StringConstraints(max_length=limits.MAX_TEXT_CHARS)] = ""
    question_id: Identifier | None = None
    reason: Text = ""


class ReviewSummary(Contract):
    """A reviewer's judgement in the form that the orchestrator acts on; the details are in the context."""

    supported: Annotated[int, Field(ge=0)]
    refuted: Annotated[int, Field(ge=0)]
    not_enough_evidence: Annotated[int, Field(ge=0)]
    passed: bool
    """True when nothing needs to be repeated."""
    follow_ups: Annotated[tuple[FollowUp, ...], Field(max_length=limits.MAX_FOLLOW_UPS)] = ()


class _Outcome(Message):
    run_id: RunId
    subtask_id: SubtaskId
    attempt: Annotated[int, Field(ge=1, le=limits.MAX_ATTEMPTS)]
    role: Role
    worker: Identifier
    """The process that did the work: role, host and process id."""
    run_accepted_at_ms: EpochMs | None = None
    """As the task said it."""
    started_at_ms: EpochMs
    ended_at_ms: EpochMs
    usage: Usage = Usage()

    @property
    def task_id(self) -> str:
        """`run/subtask/attempt`; a second outcome with the same one is dropped."""
        return f"{self.run_id}/{self.subtask_id}/{self.attempt}"


class TaskSucceeded(_Outcome):
    """An attempt's success, naming the context entries that were acknowledged before it was sent."""

    TYPE: ClassVar[str] = "collegium.task.succeeded.v1"

    outputs: Annotated[tuple[ContextRef, ...], Field(max_length=limits.MAX_OUTPUTS)] = ()
    confidence: Share = 1.0
    evidence_count: Annotated[int, Field(ge=0)] = 0
    """Passages, claims or sentences behind the outputs, for people who watch."""
    note: Text = ""
    """One line for people who watch the run."""
    review: ReviewSummary | None = None


class Failure(Contract):
    """What went wrong, in one line that says what to do."""

    kind: FailureKind
    message: Text
    permanent: bool = False
    """True when another attempt cannot help, such as a corpus that does not exist."""


class TaskFailed(_Outcome):
    """An attempt's failure; the orchestrator alone decides whether to try again."""

    TYPE: ClassVar[str] = "collegium.task.failed.v1"

    failure: Failure


class TaskProgress(Message):
    """A heartbeat of an attempt, with a line for people who watch; loss is allowed."""

    TYPE: ClassVar[str] = "collegium.task.progress.v1"

    run_id: RunId
    subtask_id: SubtaskId
    attempt: Annotated[int, Field(ge=1, le=limits.MAX_ATTEMPTS)]
    role: Role
    at_ms: EpochMs
    note: Text = ""


class ControlScope(StrEnum):
    """What a control record speaks about."""

    RUN = "run"
    ROLE = "role"
    TENANT = "tenant"
    ALL = "all"


class ControlState(Message):
    """The current order for a scope in the compacted `control` topic, keyed `scope/name`; every process tails it."""

    TYPE: ClassVar[str] = "collegium.control.state.v1"

    scope: ControlScope
    name: Identifier
    """A run_id, role or tenant; `*` for all."""
    run_accepted_at_ms: EpochMs | None = None
    """Of a run: which one of its name is meant; None for any."""
    stopped: bool
    reason: Text = ""
    at_ms: EpochMs
