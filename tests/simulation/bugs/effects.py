"""Bugs around effects."""

from collegium.agent import effects_call, effects_desk
from collegium.agent.effects import EffectCall, Target
from collegium.agent.effects_call import Ended
from collegium.agent.effects_desk import Desk
from collegium.agent.effects_records import EffectRecords
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


class _CallsBeforeIntent(Desk):
    async def _once(self, call: EffectCall, target: Target, records: EffectRecords) -> str:
        """The target is called, and then the call is written down."""
        await _CALL(target, call)
        return await super()._once(call, target, records)


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
)
