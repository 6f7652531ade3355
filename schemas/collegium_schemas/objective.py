"""What users send: objectives, and their word on a run that is under way."""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field, StringConstraints, field_validator

from collegium_schemas import limits
from collegium_schemas.base import Contract, Identifier, Message, Name, Params, RunId, Text


class Autonomy(StrEnum):
    """How much a run may do outside the system without asking."""

    ADVISE = "advise"
    BOUNDED = "bounded"
    OVERSEE = "oversee"


class Budget(Contract):
    """Hard limits of a run; absent means no limit of that kind."""

    tokens: Annotated[int, Field(ge=0, le=10**12)] | None = None
    micro_usd: Annotated[int, Field(ge=0, le=10**12)] | None = None
    """Millionths of a US dollar."""
    steps: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Attempts that may be dispatched, retries included."""


class ObjectiveSubmitted(Message):
    """An objective: what a user asks for. Only `goal` is required.

    Sent to the `objectives` topic with the run_id as key. Sending the same run_id and content again changes
    nothing; the same run_id with other content is refused.
    """

    TYPE: ClassVar[str] = "collegium.objective.submitted.v1"

    goal: Annotated[str, StringConstraints(min_length=1, max_length=limits.MAX_GOAL_CHARS, strip_whitespace=True)]
    run_id: RunId | None = None
    """Chosen by the sender to make sending idempotent; derived from the record's position when absent."""
    corpus: Name = "default"
    playbook: Name = "research-report"
    params: Params = Field(default_factory=dict)
    """Parameters that the playbook declares."""
    budget: Budget = Budget()
    deadline: AwareDatetime | None = None
    """When the run is halted if it has not ended; RFC 3339 with an offset."""
    autonomy: Autonomy = Autonomy.BOUNDED
    tenant: Name = "default"
    team: Name = "default"
    requester: Identifier = "anonymous"
    priority: Annotated[int, Field(ge=0, le=9)] = 5

    @field_validator("goal")
    @classmethod
    def _printable(cls, goal: str) -> str:
        if not any(character.isalnum() for character in goal):
            raise ValueError("the goal holds no letter or digit: say what the run is for")
        return goal


class Action(StrEnum):
    """What a human may tell a run."""

    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    APPROVE = "approve"
    DENY = "deny"
    AMEND = "amend"
    RETRY = "retry"
    RAISE_BUDGET = "raise_budget"


class Intervention(Message):
    """A human's word on a run, sent to the `interventions` topic with the run_id as key.

    Cancel, pause and resume may be sent twice: a run that is already paused stays paused. An answer (approve, deny,
    retry) that is sent again may meet another question; one that names `subtask_id` and `attempt` is then refused.
    """

    TYPE: ClassVar[str] = "collegium.intervention.v1"

    run_id: RunId
    action: Action
    requester: Identifier = "anonymous"
    reason: Text = ""
    subtask_id: Identifier | None = None
    """The subtask meant by approve, deny or retry."""
    attempt: Annotated[int, Field(ge=1, le=limits.MAX_ATTEMPTS)] | None = None
    """The attempt whose effect is meant; the answer is refused when the subtask waits for a word on another."""
    budget: Budget | None = None
    """The new limits, for raise_budget."""
    goal: Annotated[str, StringConstraints(max_length=limits.MAX_GOAL_CHARS)] | None = None
    """The new goal, for amend."""


class RunStatus(StrEnum):
    """Where a run stands. The last four are terminal, and a run reaches exactly one of them."""

    PLANNING = "planning"
    RUNNING = "running"
    WAITING_APPROVAL = "waiting_approval"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    HALTED = "halted"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        """True when nothing further can happen to the run."""
        return self in _TERMINAL


_TERMINAL = frozenset({RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.HALTED, RunStatus.CANCELLED})

Limit = Literal["budget", "deadline", "steps", "policy", "safety"]
"""Which bound halted a run."""
