"""The desk: lets each effect happen once, whoever asks for it and however often. The protocol is docs/effects.md.

A claim is an intent in the `effects` topic. Everybody reads the topic in the same order, so everybody agrees on who
holds a key. Only its holder calls the target, within a bound that the intent states. Once that has passed, another asks
the target what became of the call, and goes on from there.
"""

import asyncio
import hashlib
import json
from collections.abc import Callable
from functools import partial
from typing import Final, Literal

from collegium.agent.attempt import Attempt
from collegium.agent.effects import EffectCall, Found, Target
from collegium.agent.effects_book import Standing, State
from collegium.agent.effects_call import EffectEquipment, Ended, carry_out, seek, write_outcome
from collegium.agent.effects_records import EffectRecords
from collegium.agent.specialist import SpecialistFailure
from collegium.cancellation import guarded
from collegium.faults.points import Point
from collegium.telemetry.conventions import execute_tool
from collegium_schemas.base import TraceContext
from collegium_schemas.effects import EffectIntended
from collegium_schemas.tasks import FailureKind

_MAX_TURNS: Final = 16
"""How often one attempt looks again at a key that others move; then it fails, and the next attempt goes on."""


_LOOK_MS: Final = 1_000
"""How often an attempt that waits for another's bound shows that it is doing something."""


class NoRights:
    """The desk of an attempt without execution rights."""

    def __init__(self, attempt: Attempt) -> None:
        self._task = attempt.task

    async def execute(self, name: str, content: bytes) -> str:
        """Refuse."""
        raise _unauthorised(self._task.role, self._task.step, name)

    async def withdraw(self, name: str) -> str | None:
        """Refuse."""
        raise _unauthorised(self._task.role, self._task.step, name)


class Desks:
    """Gives each attempt its desk, and keeps calls under way when the attempt that asked for them is stopped."""

    def __init__(self, shared: EffectEquipment) -> None:
        self.shared = shared
        self._group: asyncio.TaskGroup | None = None

    def serve_in(self, group: asyncio.TaskGroup) -> None:
        """Calls end with this group, which waits for them: each is bounded by its target's time-out."""
        self._group = group

    def desk(self, attempt: Attempt, active: Callable[[], None]) -> "Desk | NoRights":
        """The desk of an attempt, as its task's rights allow.

        Args:
            attempt: Who asks.
            active: Told that the attempt is doing something, be it waiting for another's bound.
        """
        return Desk(attempt, self, active) if attempt.task.effects else NoRights(attempt)

    async def carry_out(self, records: EffectRecords, intent: EffectIntended, call: EffectCall) -> Ended:
        """Call the target, and write its answer even when whoever asked has gone."""
        if self._group is None:
            raise RuntimeError("effects are asked for before the runtime runs")
        work = partial(carry_out, self.shared, records, intent, call)
        return await asyncio.shield(self._group.create_task(guarded(f"the effect {call.key}", work)))


class Desk:
    """Implements `collegium.agent.effects.Effects` for one attempt."""

    def __init__(self, attempt: Attempt, desks: Desks, active: Callable[[], None]) -> None:
        self._attempt = attempt
        self._active = active
        self._task = attempt.task
        self._desks = desks
        self._shared = desks.shared

    async def execute(self, name: str, content: bytes) -> str:
        """Have an effect happen, once for the subtask."""
        for granted in self._task.effects:
            self._target(granted)  # else the first ones would happen before the missing one is noticed
        key = f"{self._task.run_id}/{self._task.subtask_id}/{name}"
        return await self._traced(name, EffectCall(key, content))

    async def withdraw(self, name: str) -> str | None:
        """Undo the effect of this name of the compensated subtask, once."""
        task, target = self._task, self._target(name)
        if task.compensates is None:
            raise SpecialistFailure(FailureKind.UNAUTHORISED, "this task compensates nothing", permanent=True)
        undone = f"{task.run_id}/{task.compensates}/{name}"
        if not await self._close(target, self._records(name, target, undone, None)):
            return None
        content = json.dumps({"withdraws": undone}).encode()
        return await self._traced(name, EffectCall(f"{task.run_id}/{task.subtask_id}/{name}", content, undone))

    def _target(self, name: str) -> Target:
        target = self._shared.targets.get(name)
        if name not in self._task.effects:
            raise _unauthorised(self._task.role, self._task.step, name)
        if target is None:
            known = ", ".join(sorted(self._shared.targets)) or "none"
            message = f"{self._task.role} has no target {name!r} (it has {known}): configure it, or mend the playbook"
            raise SpecialistFailure(FailureKind.UNAUTHORISED, message, permanent=True)
        return target

    def _records(self, name: str, target: Target, key: str, trace: TraceContext | None) -> EffectRecords:
        shared = self._shared
        return EffectRecords(self._attempt, name, target, key, shared.names, shared.worker, shared.tail, trace)

    async def _traced(self, name: str, call: EffectCall) -> str:
        target = self._target(name)
        span_name, attributes = execute_tool(f"{target.kind}/{name}", tool_type="extension")
        with self._shared.tracing.span(span_name, attributes={**attributes, "collegium.effect.key": call.key}) as span:
            try:
                return await self._once(call, target, self._records(name, target, call.key, span.context))
            except SpecialistFailure as failure:
                span.fail(failure.kind.value, failure.message)
                raise

    # -- executing

    async def _once(self, call: EffectCall, target: Target, records: EffectRecords) -> str:
        sha256 = hashlib.sha256(call.content).hexdigest()
        lost = False
        for _ in range(_MAX_TURNS):
            standing = await self._standing(records.record_key)
            match standing.state:
                case State.DONE:
                    return await self._as_before(records, standing, sha256, repair=lost)
                case State.CLOSED:
                    message = f"{records.key} is being undone, or its run is archived: it is not executed any more"
                    raise SpecialistFailure(FailureKind.CANCELLED, message, permanent=True)
                case State.FREE:
                    takes_over = None
                case State.HELD | State.UNKNOWN:
                    takes_over = await self._settled(records, target, standing)
                    if takes_over is None:
                        continue
            intent = await self._claim(records, target, sha256, "execute", takes_over)
            if self._shared.tail.standing(records.record_key).claim == intent.claim:
                return await self._held(records, target, intent, call)
            lost = True
        raise _moved(records.key)

    async def _standing(self, record_key: str) -> Standing:
        await self._shared.tail.caught_up.wait()
        self._active()
        return self._shared.tail.standing(record_key)

    async def _as_before(self, records: EffectRecords, standing: Standing, sha256: str, *, repair: bool) -> str:
        """What an earlier call did. Whoever claimed in vain writes it again: compaction keeps the latest record."""
        if repair:
            ended = Ended("done", standing.receipt)
            await write_outcome(self._shared, records, standing.claim, standing.request_sha256, ended)
        if standing.request_sha256 != sha256:
            message = f"{records.key} was executed before with other content; it is not executed again"
            raise SpecialistFailure(FailureKind.INVALID_OUTPUT, message, permanent=True)
        return standing.receipt

    async def _claim(
        self,
        records: EffectRecords,
        target: Target,
        sha256: str,
        purpose: Literal["execute", "close"],
        takes_over: str | None,
    ) -> EffectIntended:
        """Write an intent, and read on until everybody knows who holds the key."""
        shared = self._shared
        undoes = purpose == "close" or self._task.compensates is not None  # bounded by the effects there are
        if shared.tail.full and takes_over is None and not undoes:
            message = f"{len(shared.tail)} effects of runs that are kept are remembered; no more fit"
            raise SpecialistFailure(FailureKind.DEPENDENCY_UNAVAILABLE, message)
        shared.reached(Point.EFFECT_BEFORE_INTENT)
        now_ms = shared.clock()
        intent = EffectIntended(
            key=records.key,
            run_accepted_at_ms=self._task.run_accepted_at_ms,
            claim=shared.name_claim(),
            purpose=purpose,
            takes_over=takes_over,
            attempt=self._task.attempt,
            role=self._task.role,
            worker=shared.worker,
            target=target.kind,
            request_sha256=sha256,
            at_ms=now_ms,
            start_before_ms=now_ms + shared.bounds.start_ms,
            settled_by_ms=now_ms + shared.bounds.start_ms + target.timeout_ms,
        )
        [position] = await shared.publisher.publish([records.intended(intent)])
        shared.reached(Point.EFFECT_AFTER_INTENT)
        await shared.tail.past(position.partition, position.offset)
        return intent

    async def _held(self, records: EffectRecords, target: Target, intent: EffectIntended, call: EffectCall) -> str:
        ended = await self._desks.carry_out(records, intent, call)
        if ended.status == "done":
            return ended.receipt
        if ended.status == "failed":
            raise SpecialistFailure(ended.kind, ended.reason, permanent=ended.permanent)
        sought = await seek(self._shared, target, records.key)
        if sought.found is Found.DONE:
            done = Ended("done", sought.receipt)
            await write_outcome(self._shared, records, intent.claim, intent.request_sha256, done)
            return sought.receipt
        if target.deduplicates:
            raise SpecialistFailure(FailureKind.DEPENDENCY_UNAVAILABLE, ended.reason)
        raise _unknown(records.key, ended.reason)

    # -- what others left open

    async def _settled(self, records: EffectRecords, target: Target, standing: Standing) -> str | None:
        """Find out what became of another's claim, once its bound has passed.

        Returns:
            The claim to take over; None when the key stands otherwise by now.

        Raises:
            SpecialistFailure: `outcome_unknown`.
        """
        if standing.state is State.HELD and not await self._given_up(records.record_key, standing):
            return None
        word = self._task.effect_word
        spoken = standing.state is State.UNKNOWN and word is not None and standing.attempt <= word.through_attempt
        if spoken and word is not None and word.assume == "done":
            await self._write_done(records, standing, "", "a human says that it is done")
            return None
        sought = await seek(self._shared, target, records.key)
        if sought.found is Found.DONE:
            await self._write_done(records, standing, sought.receipt, "the target says that it is done")
            return None
        if target.deduplicates or spoken:
            return standing.claim
        if standing.state is State.HELD:
            ended = Ended("unknown", reason="its holder was not heard of again, and the target cannot tell")
            await write_outcome(self._shared, records, standing.claim, standing.request_sha256, ended)
        raise _unknown(records.key, f"attempt {standing.attempt} left it open, and the target cannot tell")

    async def _given_up(self, record_key: str, standing: Standing) -> bool:
        """Wait for the holder. True when its bound has passed and the key stands as before."""
        shared = self._shared
        by_ms = standing.settled_by_ms + shared.bounds.skew_ms
        while shared.tail.standing(record_key) == standing:
            remaining_ms = by_ms - shared.clock()
            if remaining_ms <= 0:
                return True
            await shared.tail.changed(record_key, standing, min(remaining_ms, _LOOK_MS) / 1000)
            self._active()
        return False

    async def _write_done(self, records: EffectRecords, standing: Standing, receipt: str, reason: str) -> None:
        ended = Ended("done", receipt, reason)
        await write_outcome(self._shared, records, standing.claim, standing.request_sha256, ended)
        await self._shared.tail.changed(records.record_key, standing, self._shared.bounds.find_ms / 1000)

    # -- undoing

    async def _close(self, target: Target, records: EffectRecords) -> bool:
        """Make sure that nobody executes the effect from now on. False when nobody has."""
        for _ in range(_MAX_TURNS):
            standing = await self._standing(records.record_key)
            match standing.state:
                case State.DONE:
                    return True
                case State.CLOSED:
                    return standing.doubt > 0
                case State.FREE:
                    takes_over = None
                case State.HELD | State.UNKNOWN:
                    if standing.state is State.HELD and not await self._given_up(records.record_key, standing):
                        continue
                    takes_over = standing.claim
            await self._claim(records, target, _NOTHING, "close", takes_over)
        raise _moved(records.key)


_NOTHING: Final = hashlib.sha256(b"").hexdigest()


def _unauthorised(role: str, step: str, name: str) -> SpecialistFailure:
    message = f"step {step} gives {role} no right to the effect {name!r}: grant it in the playbook's `effects`"
    return SpecialistFailure(FailureKind.UNAUTHORISED, message, permanent=True)


def _unknown(key: str, reason: str) -> SpecialistFailure:
    return SpecialistFailure(FailureKind.OUTCOME_UNKNOWN, f"{key} may or may not have happened: {reason}")


def _moved(key: str) -> SpecialistFailure:
    return SpecialistFailure(FailureKind.DEPENDENCY_UNAVAILABLE, f"{key} is moved by others all the time")
