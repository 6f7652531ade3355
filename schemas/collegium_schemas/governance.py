"""Records of governed calls and lasting lessons: usage, audit and memory."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from collegium_schemas.base import (
    EpochMs,
    Identifier,
    Message,
    Name,
    Role,
    RunId,
    Sha256,
    SubtaskId,
    Text,
    Usage,
)


class UsageSettled(Message):
    """What one model or tool call cost, settled; sent to `usage`. Upsert by `call_id`."""

    TYPE: ClassVar[str] = "collegium.usage.settled.v1"

    call_id: Identifier
    run_id: RunId
    subtask_id: SubtaskId
    attempt: Annotated[int, Field(ge=1)]
    role: Role
    tenant: Name
    team: Name
    target: Identifier
    """The model or tool that was called."""
    usage: Usage
    at_ms: EpochMs


class AuditRecorded(Message):
    """Who asked for what, before a governed call (`intent`) and after it (`outcome`); sent to `audit`."""

    TYPE: ClassVar[str] = "collegium.audit.recorded.v1"

    call_id: Identifier
    phase: Literal["intent", "outcome"]
    run_id: RunId
    task_id: Identifier
    principal: Identifier
    """The user on whose behalf the agent acts."""
    actor: Identifier
    """The agent that acts."""
    action: Identifier
    target: Identifier
    decision: Literal["allowed", "denied", "succeeded", "failed", "unknown"]
    reason: Text = ""
    arguments_sha256: Sha256 | None = None
    at_ms: EpochMs


class MemoryStored(Message):
    """A lesson that outlives its run, in the compacted `memory` topic under `tenant/role/key`."""

    TYPE: ClassVar[str] = "collegium.memory.stored.v1"

    tenant: Name
    role: Role
    key: Identifier
    content: Annotated[str, StringConstraints(max_length=16_384)]
    learned_from: RunId
    at_ms: EpochMs
