"""Bugs around effects."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from collegium.agent import effects_call, effects_desk
from collegium.agent.effects import EffectCall, Sought, Target
from collegium.agent.effects_call import Ended
from collegium.agent.effects_desk import Desk
from collegium.agent.effects_records import EffectRecords
from collegium.agent.effects_tail import EffectTail
from collegium_schemas.effects import EffectIntended
from collegium_schemas.tasks import FailureKind
from simulation.bugs.applying import Bug, Change


class _KeyWithAttempt(Desk):
    async def execute(self, name: str, content: bytes) -> str:
        """Each attempt has a key of its own."""
        task = self._task
        return await self._traced(name, EffectCall(f"{task.run_id}/{task.subtask_id}.{task.attempt}/{name}", content))


async def _unknown_is_failed(target: Target, call: EffectCall) -> Ended:
    """A call without an answer counts as one that did not happen."""
    ended = await _CALL(target, call)
    if ended.status == "unknown":
        return Ended("failed", reason=ended.reason, kind=FailureKind.TIMEOUT)
    return ended


_CALL = effects_call._call  # pyright: ignore[reportPrivateUsage]


class _CalledBefore:
    """A target whose next call has been made already: the later one is given its result. Implements `Target`."""

    def __init__(self, target: Target, call: EffectCall) -> None:
        self._target = target
        self._call = call
        self._made: Callable[[], str] | None = None
        self.kind = target.kind
        self.deduplicates = target.deduplicates
        self.timeout_ms = target.timeout_ms

    async def begin(self) -> None:
        """Call the target."""
        ended = asyncio.ensure_future(self._target.call(self._call))
        ended.add_done_callback(_seen)
        await asyncio.wait([ended], timeout=self.timeout_ms / 1_000)
        self._made = ended.result if ended.done() else _unanswered

    async def call(self, call: EffectCall) -> str:
        """What came of the call before."""
        made, self._made = self._made, None
        return await self._target.call(call) if made is None else made()

    async def find(self, key: str) -> Sought:
        """As the target says."""
        return await self._target.find(key)


def _seen(ended: asyncio.Future[str]) -> None:
    """Whoever asked may be gone: asyncio need not say that nobody has looked."""
    if not ended.cancelled():
        ended.exception()


def _unanswered() -> str:
    raise TimeoutError


class _CallsBeforeIntent(Desk):
    async def _once(self, call: EffectCall, target: Target, records: EffectRecords) -> str:
        """The target may be called before its records are written."""
        before = _CalledBefore(target, call)
        return await super()._once(call, before, replace(records, target=before))

    async def _claim(
        self,
        records: EffectRecords,
        target: Target,
        sha256: str,
        purpose: Literal["execute", "close"],
        takes_over: str | None,
    ) -> EffectIntended:
        """The target is called, and then the intent is written down."""
        if isinstance(target, _CalledBefore):
            await target.begin()
        return await super()._claim(records, target, sha256, purpose, takes_over)


def _remembers_nothing(tail: EffectTail, place: str) -> bool:
    """A removed key is a free one."""
    return False


BUGS = (
    Bug(
        "effect-key-with-attempt",
        "an effect's key has an attempt number",
        (Change(Desk, "execute", _KeyWithAttempt.execute),),
    ),
    Bug(
        "unknown-effect-failed",
        "an effect without an answer counts as not done",
        (Change(effects_call, "_call", _unknown_is_failed),),
    ),
    Bug(
        "effect-before-intent",
        "an effect is executed before it is claimed",
        (Change(effects_desk, "Desk", _CallsBeforeIntent),),
    ),
    Bug(
        "archived-effects-forgotten",
        "whether an effect's run is archived is not asked",
        (Change(EffectTail, "archived", _remembers_nothing),),
    ),
)
