"""Effects: changes outside the system. Who may cause one is decided by the order of these records in `effects`.

Each effect has one key, without an attempt number. Whoever wants to execute it writes an intent; the first open intent
of a key, in the order of its partition, may call the target and writes the outcome (docs/effects.md). The records lie
under `effect_record_key`, which also says which run of the name is meant.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from collegium_schemas import limits
from collegium_schemas.base import EffectKey, EpochMs, Identifier, Message, Role, Sha256, Text

Receipt = Annotated[str, StringConstraints(max_length=limits.MAX_RECEIPT_CHARS)]
"""What a target answered, for whoever undoes the effect or looks it up: a path, a status, an identifier."""


def effect_record_key(key: EffectKey, run_accepted_at_ms: EpochMs | None) -> str:
    """The key of an effect's records in the topic: a run of the same name, accepted at another time, has others.

    Args:
        key: The effect's key.
        run_accepted_at_ms: As its tasks say it; None where they do not.
    """
    return key if run_accepted_at_ms is None else f"{key}@{run_accepted_at_ms}"


class EffectIntended(Message):
    """Somebody claims an effect, before anything happens; sent to `effects` under its `effect_record_key`."""

    TYPE: ClassVar[str] = "collegium.effect.intended.v1"

    key: EffectKey
    run_accepted_at_ms: EpochMs | None = None
    claim: Identifier
    """Names this try; the outcome repeats it."""
    purpose: Literal["execute", "close"] = "execute"
    """`close`: nobody may execute it any more, because it is being undone."""
    takes_over: Identifier | None = None
    """The claim that this one replaces; without effect when another has replaced it first."""
    attempt: Annotated[int, Field(ge=1, le=limits.MAX_ATTEMPTS)]
    role: Role
    worker: Identifier
    target: Identifier
    """The kind of target, such as `files` or `webhook`."""
    request_sha256: Sha256
    """Of what the target is asked for; the content itself is in no topic."""
    at_ms: EpochMs
    start_before_ms: EpochMs
    """The claimant does not call the target after this."""
    settled_by_ms: EpochMs
    """By then its call has ended, one way or another."""


class EffectEnded(Message):
    """What became of a claim; sent to `effects` under the effect's `effect_record_key`."""

    TYPE: ClassVar[str] = "collegium.effect.ended.v1"

    key: EffectKey
    run_accepted_at_ms: EpochMs | None = None
    claim: Identifier
    status: Literal["done", "failed", "unknown"]
    """`failed`: it certainly did not happen, and may be tried again."""
    attempt: Annotated[int, Field(ge=1, le=limits.MAX_ATTEMPTS)]
    worker: Identifier
    doubt: Annotated[int, Field(ge=0, le=limits.MAX_ATTEMPTS)] = 0
    """Another attempt whose call may have happened, whatever came of this one; 0 for none."""
    request_sha256: Sha256
    receipt: Receipt = ""
    reason: Text = ""
    at_ms: EpochMs
