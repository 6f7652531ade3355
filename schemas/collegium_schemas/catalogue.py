"""The messages by CloudEvents type, and the topics that carry them."""

from dataclasses import dataclass
from typing import Final, Literal

from collegium_schemas.base import Message
from collegium_schemas.effects import EffectEnded, EffectIntended
from collegium_schemas.events import RunDecided
from collegium_schemas.evidence import Analysis, Delivery, Draft, Evidence, ReportText, Review
from collegium_schemas.governance import AuditRecorded, MemoryStored, UsageSettled
from collegium_schemas.objective import Intervention, ObjectiveSubmitted
from collegium_schemas.state import InputPosition, ObjectivePart, PlanPart, RunHeader, SubtaskPart
from collegium_schemas.tasks import ControlState, TaskFailed, TaskProgress, TaskRequested, TaskSucceeded

CONTEXT_MESSAGES: Final[tuple[type[Message], ...]] = (Evidence, Analysis, Draft, Review, Delivery, ReportText)
"""Content of context entries."""

MESSAGES: Final[dict[str, type[Message]]] = {
    message.TYPE: message
    for message in (
        ObjectiveSubmitted,
        Intervention,
        TaskRequested,
        TaskSucceeded,
        TaskFailed,
        TaskProgress,
        ControlState,
        RunDecided,
        RunHeader,
        ObjectivePart,
        PlanPart,
        SubtaskPart,
        InputPosition,
        UsageSettled,
        AuditRecorded,
        MemoryStored,
        EffectIntended,
        EffectEnded,
        *CONTEXT_MESSAGES,
    )
}

_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic: what it is for and how the broker keeps it. `partitions` None means the co-partitioned count."""

    name: str
    """Without prefix."""
    key: str
    cleanup: Literal["delete", "compact"]
    description: str
    messages: tuple[type[Message], ...]
    partitions: int | None = None
    retention_ms: int | None = None


CO_PARTITIONED: Final = ("objectives", "interventions", "results", "run-state", "run-events", "effects")
"""These have one common partition count, fixed at creation: a run's home is the same partition in all of them."""

TOPICS: Final[tuple[TopicSpec, ...]] = (
    TopicSpec("objectives", "run_id", "delete", "What users ask for.", (ObjectiveSubmitted,), None, 7 * _DAY_MS),
    TopicSpec("interventions", "run_id", "delete", "Humans' words on runs.", (Intervention,), None, 7 * _DAY_MS),
    TopicSpec("results", "run_id", "delete", "Outcomes of attempts.", (TaskSucceeded, TaskFailed), None, 7 * _DAY_MS),
    TopicSpec(
        "run-state",
        "run_id/part",
        "compact",
        "Live runs in parts, and the input positions they include.",
        (RunHeader, ObjectivePart, PlanPart, SubtaskPart, InputPosition),
    ),
    TopicSpec("run-events", "run_id", "delete", "Every decision, in order.", (RunDecided,), None, 365 * _DAY_MS),
    TopicSpec("progress", "run_id", "delete", "Heartbeats; loss is allowed.", (TaskProgress,), None, 3_600_000),
    TopicSpec("context", "run_id/subtask/attempt/name", "compact", "Shared context entries.", CONTEXT_MESSAGES, 4),
    TopicSpec("control", "scope/name", "compact", "Orders that every process follows.", (ControlState,), 1),
    TopicSpec(
        "effects", "run_id/subtask/name", "compact", "Effects, claimed by log order.", (EffectIntended, EffectEnded)
    ),
    TopicSpec("usage", "run_id", "delete", "Settled cost of calls.", (UsageSettled,), 4, 365 * _DAY_MS),
    TopicSpec("audit", "run_id", "delete", "Intent before, outcome after.", (AuditRecorded,), 4, 365 * _DAY_MS),
    TopicSpec("memory", "tenant/role/key", "compact", "Lessons that outlive a run.", (MemoryStored,), 4),
    TopicSpec("dead-letters", "original key", "delete", "Records that could not be used.", (), 1, 30 * _DAY_MS),
)


def tasks_topic(role: str) -> TopicSpec:
    """The task topic of a role; its partition count is how far the role scales."""
    return TopicSpec(f"tasks.{role}", "run_id", "delete", f"Attempts for {role}.", (TaskRequested,), 8, 7 * _DAY_MS)
