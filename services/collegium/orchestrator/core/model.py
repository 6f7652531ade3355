"""What the core works on: runs, and the inputs that change them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from collegium.orchestrator.core.sizes import MAX_DISPATCHED_BYTES
from collegium.orchestrator.core.subtasks import NONE, Subtasks
from collegium_schemas.base import TraceContext
from collegium_schemas.objective import Intervention, ObjectiveSubmitted
from collegium_schemas.playbook import Playbook
from collegium_schemas.state import PlanPart, RunHeader
from collegium_schemas.tasks import TaskFailed, TaskSucceeded


@dataclass(frozen=True, slots=True)
class Run:
    """A run as its history made it. Equal histories give equal runs."""

    header: RunHeader
    objective: ObjectiveSubmitted | None = None
    """None when the objective was rejected."""
    plan: PlanPart | None = None
    subtasks: Subtasks = field(default_factory=lambda: NONE)
    dependents: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """For each subtask, the ones that wait for it; derived from the subtasks."""


@dataclass(frozen=True, slots=True)
class ObjectiveArrived:
    """A well-formed objective reached its home partition."""

    run_id: str
    objective: ObjectiveSubmitted
    objective_sha256: str
    trace: TraceContext
    trace_parent: TraceContext | None


@dataclass(frozen=True, slots=True)
class ObjectiveInvalid:
    """Something on the objectives topic cannot be understood; its sender is owed an answer."""

    run_id: str
    reason: str
    objective_sha256: str
    trace: TraceContext
    trace_parent: TraceContext | None


@dataclass(frozen=True, slots=True)
class InterventionArrived:
    """A human's word on the run."""

    run_id: str
    intervention: Intervention


@dataclass(frozen=True, slots=True)
class OutcomeArrived:
    """A specialist reported the end of an attempt."""

    run_id: str
    outcome: TaskSucceeded | TaskFailed
    trace: TraceContext | None
    """The span that sent it."""


TimerKind = Literal["attempt_deadline", "retry", "run_deadline", "archive", "silence"]
"""`silence` is never armed: it fires when an attempt shows no life any more."""


@dataclass(frozen=True, slots=True, order=True)
class Timer:
    """Something that is due at a time. It is guarded by what it names: a timer that no longer fits does nothing."""

    at_ms: int
    run_id: str
    kind: TimerKind
    subtask_id: str = ""
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer's time has come."""

    timer: Timer

    @property
    def run_id(self) -> str:
        """The run it belongs to."""
        return self.timer.run_id


Input = ObjectiveArrived | ObjectiveInvalid | InterventionArrived | OutcomeArrived | TimerFired


@dataclass(frozen=True, slots=True)
class Rules:
    """What decisions depend on besides the run and the input."""

    playbooks: Mapping[str, Playbook]
    invalid_playbooks: Mapping[str, str] = field(default_factory=dict[str, str])
    """Playbooks that could not be loaded, with the reason."""
    attempt_grace_ms: int = 2_000
    """How long after an attempt's deadline the orchestrator waits for the worker's own report of it."""
    dispatched_bytes: int = MAX_DISPATCHED_BYTES
    """Tasks that one decision sends, without content that they carry."""
    archive_after_ms: int = 86_400_000
    """How long a terminal run stays in run-state, which is also how long a repeated run_id is recognised."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When a decision is made, and the randomness it may use."""

    now_ms: int
    entropy: float
    """In [0, 1): spreads retries."""
