"""Calling a target as the holder of a key: audit, clock, call, and the outcome that everybody will read."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal
from uuid import uuid4

from collegium.agent.effects import EffectCall, Found, NotDone, Sought, Target
from collegium.agent.effects_book import State
from collegium.agent.effects_records import EffectRecords
from collegium.agent.effects_tail import EffectTail
from collegium.agent.publisher import Publisher
from collegium.agent.text import explain, one_line
from collegium.cancellation import asked
from collegium.faults.points import FaultPoint, Point, unarmed
from collegium.log.port import Clock
from collegium.log.topics import TopicNames
from collegium.telemetry.tracing import Tracing
from collegium_schemas import limits
from collegium_schemas.effects import EffectEnded, EffectIntended
from collegium_schemas.tasks import FailureKind

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EffectBounds:
    """Times that decide when a silent holder is given up, and how much happens at once."""

    start_ms: int = 2_000
    """How long after its intent a holder may begin its call."""
    skew_ms: int = 1_000
    """How far apart the clocks of two processes may be."""
    find_ms: int = 5_000
    """For one question to a target."""
    remembered: int = 200_000
    """Effects of kept runs that a process remembers; beyond it no further one is claimed."""


def new_claim() -> str:
    """A claim's name: never used before."""
    return uuid4().hex


def uncounted(kind: str, status: str) -> None:
    """Nobody counts."""


@dataclass(frozen=True, slots=True)
class EffectEquipment:
    """What the desks of one process share."""

    tail: EffectTail
    publisher: Publisher
    targets: Mapping[str, Target]
    tracing: Tracing
    names: TopicNames
    worker: str
    clock: Clock
    bounds: EffectBounds = field(default_factory=EffectBounds)
    reached: FaultPoint = unarmed
    name_claim: Callable[[], str] = new_claim
    count: Callable[[str, str], None] = uncounted
    """Told of each outcome: the target's kind, and the status."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of a call. `failed` and `unknown` say why."""

    status: Literal["done", "failed", "unknown"]
    receipt: str = ""
    reason: str = ""
    kind: FailureKind = FailureKind.OUTCOME_UNKNOWN
    permanent: bool = False


async def carry_out(shared: EffectEquipment, records: EffectRecords, intent: EffectIntended, call: EffectCall) -> Ended:
    """Call the target on a claim that holds the key, and write what came of it.

    Raises:
        LogGone: the log has been away for longer than the bound; the claim stays open.
    """
    await shared.publisher.publish([records.audited_intent(intent)])
    if shared.clock() > intent.start_before_ms:
        late = f"{records.key}: the call was not begun within {shared.bounds.start_ms} ms of its intent"
        ended = Ended("failed", reason=late, kind=FailureKind.TIMEOUT)
    else:
        ended = await _call(records.target, call)
        shared.reached(Point.EFFECT_AFTER_CALL)
    await write_outcome(shared, records, intent.claim, intent.request_sha256, ended, settled_by_ms=intent.settled_by_ms)
    shared.count(records.target.kind, ended.status)
    shared.reached(Point.EFFECT_AFTER_OUTCOME)
    return ended


async def write_outcome(
    shared: EffectEquipment,
    records: EffectRecords,
    claim: str,
    request_sha256: str,
    ended: Ended,
    *,
    settled_by_ms: int | None = None,
) -> None:
    """Write what came of a claim, for everybody who reads the key, and for the audit.

    A claim that was taken over meanwhile has no say any more, except that it was done: compaction keeps the latest
    record alone, and that must not be the word of one that let go of what another holds. A holder that is late may
    not have read yet that it was taken over: read alone, its word leaves a doubt. Of an archived run nothing is said
    any more but to the audit.

    Args:
        shared: The process's equipment.
        records: Writes it down.
        claim: Whose outcome it is.
        request_sha256: Of the content that was asked for.
        ended: The outcome.
        settled_by_ms: When others begin to take the claim over; None when it is not the writer's own.
    """
    standing, now_ms = shared.tail.standing(records.record_key), shared.clock()
    own_attempt = records.attempt.task.attempt
    doubt = standing.doubt if standing.claim == claim else 0
    if settled_by_ms is not None and now_ms > settled_by_ms:
        doubt = doubt or own_attempt
    outcome = EffectEnded(
        key=records.key,
        run_accepted_at_ms=records.attempt.task.run_accepted_at_ms,
        claim=claim,
        status=ended.status,
        attempt=own_attempt,
        doubt=0 if ended.status == "done" else doubt,
        worker=records.worker,
        request_sha256=request_sha256,
        receipt=ended.receipt,
        reason=ended.reason,
        at_ms=now_ms,
    )
    open_yet = standing.claim == claim and standing.state in {State.HELD, State.UNKNOWN}
    says = (ended.status == "done" or open_yet) and not shared.tail.archived(records.record_key)
    effect = [records.ended(outcome)] if says else []
    await shared.publisher.publish([*effect, records.audited_outcome(outcome)])


async def _call(target: Target, call: EffectCall) -> Ended:
    try:
        async with asyncio.timeout(target.timeout_ms / 1000):
            receipt = await target.call(call)
    except NotDone as error:
        return Ended("failed", "", one_line(error.message), error.kind, error.permanent)
    except TimeoutError:
        return Ended("unknown", reason=f"{target.kind} gave no answer within {target.timeout_ms} ms")
    except asyncio.CancelledError:
        if asked():
            raise
        return Ended("unknown", reason=f"{target.kind}: the call was cancelled from within")
    except Exception as error:  # noqa: BLE001 - whatever a target raises, nobody knows what it did
        _log.warning("the call of %s ended in an error", call.key, exc_info=error)
        return Ended("unknown", reason=one_line(f"{target.kind}: {explain(error)}"))
    if len(receipt) > limits.MAX_RECEIPT_CHARS:
        receipt = receipt[: limits.MAX_RECEIPT_CHARS]
    return Ended("done", receipt)


async def seek(shared: EffectEquipment, target: Target, key: str) -> Sought:
    """Ask a target what it knows of a key. No answer is `CANNOT_TELL`."""
    try:
        async with asyncio.timeout(shared.bounds.find_ms / 1000):
            return await target.find(key)
    except TimeoutError:
        _log.warning("%s gave no answer about %s within %d ms", target.kind, key, shared.bounds.find_ms)
    except asyncio.CancelledError:
        if asked():
            raise
        _log.warning("asking %s about %s was cancelled from within", target.kind, key)
    except Exception as error:  # noqa: BLE001 - a target that cannot be asked cannot tell
        _log.warning("%s could not be asked about %s", target.kind, key, exc_info=error)
    return Sought(Found.CANNOT_TELL)
