"""The places where a fault can happen. Code tells a `FaultPoint` that it has reached one; most do nothing then."""

from collections.abc import Callable
from enum import StrEnum

FaultPoint = Callable[[str], None]
"""Called with a `Point` when the code gets there. May end or stop the process; may raise, in a simulation."""


def unarmed(point: str) -> None:
    """Nothing happens: what every process runs with unless a fault was asked for."""


class Point(StrEnum):
    """Every place. The numbers are the steps of the commit protocol (docs/architecture.md, "Commit protocol")."""

    OWNER_ASSIGNED = "owner.1.assigned"
    """A partition is given to an owner; nothing is fenced yet."""
    OWNER_FENCED = "owner.2.fenced"
    """Both producers are open: the owner before is fenced. Nothing is read yet."""
    OWNER_RESTORED = "owner.3.restored"
    """The partition's state is in memory."""
    OWNER_SOUGHT = "owner.4.sought"
    """The inputs stand at the restored positions; none is taken yet."""
    OWNER_DECIDED = "owner.5.decided"
    """A batch is decided in memory; nothing of it is sent."""
    OWNER_BEGUN = "owner.6.begun"
    """The transaction is begun; nothing is sent in it."""
    OWNER_SENT = "owner.6.sent"
    """Everything was handed to the producer; the commit is not asked for."""
    OWNER_COMMITTED = "owner.6.committed"
    """The commit is acknowledged; memory does not know it yet."""
    OWNER_DROPPED = "owner.7.dropped"
    """A transaction's outcome is unknown: producers and memory are dropped."""
    OWNER_PUBLISHED = "owner.8.published"
    """Memory, timers and spans follow the commit."""
    OWNER_REVOKED = "owner.9.revoked"
    """The owner's task ends: its partition is revoked, or is no longer ours, or the process stops."""

    AGENT_TAKEN = "agent.taken"
    """A task is taken from the log; nothing of it is done."""
    AGENT_BEFORE_CONTEXT = "agent.before_context"
    """The attempt's outcome is known; nothing of it is written."""
    AGENT_AFTER_CONTEXT = "agent.after_context"
    """Its outputs are acknowledged; its result is not sent."""
    AGENT_AFTER_RESULT = "agent.after_result"
    """Its result is acknowledged; its record is not marked as finished."""
    AGENT_BEFORE_OFFSETS = "agent.before_offsets"
    """Offsets are about to be committed."""
    AGENT_AFTER_OFFSETS = "agent.after_offsets"
    """Offsets are committed."""

    EFFECT_BEFORE_INTENT = "effect.before_intent"
    """An effect is about to happen; nothing is written of it."""
    EFFECT_AFTER_INTENT = "effect.after_intent"
    """The intent is acknowledged; the target is not called."""
    EFFECT_AFTER_CALL = "effect.after_call"
    """The target has answered; its answer is not written."""
    EFFECT_AFTER_OUTCOME = "effect.after_outcome"
    """The effect's outcome is acknowledged."""
