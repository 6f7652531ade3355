"""Where an effect stands, folded from its records in the order of their partition. Pure.

The first open intent of a key holds it. An intent that comes while another holds the key changes nothing, unless it
names the holder as the one that it takes over.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from collegium_schemas.effects import EffectEnded, EffectIntended


class State(StrEnum):
    """What may happen to a key next."""

    FREE = "free"
    """The next intent holds it."""
    HELD = "held"
    """Its holder may call the target."""
    UNKNOWN = "unknown"
    """Its holder could not tell what happened; only a take-over leads on."""
    DONE = "done"
    CLOSED = "closed"
    """It is being undone: nobody may execute it any more."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One key, as far as its records were read."""

    state: State = State.FREE
    claim: str = ""
    """The holder's; when free, of the last one that let go."""
    attempt: int = 0
    """The holder's."""
    settled_by_ms: int = 0
    """When the holder's call has ended in any case."""
    doubt: int = 0
    """The attempt before the holder's whose call may have happened, because it was taken over; 0 for none."""
    request_sha256: str = ""
    receipt: str = ""


FREE = Standing()


def fold(standing: Standing | None, record: EffectIntended | EffectEnded) -> Standing:
    """Where the key stands after one more record.

    Args:
        standing: Where it stood; None before its first record. That may be an outcome: compaction drops intents.
        record: The next record of the key.
    """
    if isinstance(record, EffectIntended):
        return _intended(standing or FREE, record)
    return _ended(standing, record)


def _intended(standing: Standing, intent: EffectIntended) -> Standing:
    match standing.state:
        case State.FREE:
            if intent.claim == standing.claim:
                return standing  # the same record once more: its holder has let go already
            return _held(intent, doubt=0 if intent.takes_over is None else intent.attempt)
        case State.HELD | State.UNKNOWN:
            taken_over = intent.takes_over == standing.claim
            return _held(intent, doubt=standing.attempt) if taken_over else standing
        case State.DONE | State.CLOSED:
            return standing


def _held(intent: EffectIntended, *, doubt: int) -> Standing:
    return Standing(
        State.CLOSED if intent.purpose == "close" else State.HELD,
        intent.claim,
        intent.attempt,
        intent.settled_by_ms,
        doubt,
        intent.request_sha256,
    )


def _alone(ended: EffectEnded) -> Standing:
    """The latest record of a key says all that is left of those before it."""
    failed = ended.status == "failed"
    return Standing(
        State.FREE if failed and not ended.doubt else State.UNKNOWN,
        ended.claim,
        ended.doubt if failed and ended.doubt else ended.attempt,
        doubt=ended.doubt,
        request_sha256=ended.request_sha256,
    )


def _ended(standing: Standing | None, ended: EffectEnded) -> Standing:
    if ended.status == "done":
        return Standing(
            State.DONE, ended.claim, ended.attempt, request_sha256=ended.request_sha256, receipt=ended.receipt
        )
    if standing is None:
        return _alone(ended)
    if ended.claim != standing.claim or standing.state not in {State.HELD, State.UNKNOWN}:
        return standing
    if ended.status == "unknown":
        return replace(standing, state=State.UNKNOWN)
    if standing.doubt:  # what was taken over may have happened all the same
        return replace(standing, state=State.UNKNOWN, attempt=standing.doubt)
    return replace(standing, state=State.FREE)
