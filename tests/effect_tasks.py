"""Tasks with the right to an effect, workers that execute it, and a worker that dies on the way."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from agent_rig import Rig, Running, new_task, until
from collegium.agent.effects import EffectCall
from collegium.agent.effects_call import EffectBounds
from collegium.faults.points import Point
from collegium_schemas.tasks import TaskRequested
from effect_worlds import Effector, JournalTarget

PATIENT = EffectBounds(start_ms=20_000, skew_ms=10, find_ms=20_000)
"""Bounds that no slow machine meets by chance."""
_PASSING = EffectBounds(start_ms=1_000, skew_ms=10, find_ms=20_000)
"""For one that dies: others wait until what it wrote has passed."""


def effector(directory: Path, **behaviour: bool) -> Effector:
    """A specialist with the scripted role and one journal."""
    target = JournalTarget(directory, "alpha", timeout_ms=200, **behaviour)
    return Effector({"alpha": target}, role="scripted")


def task(run_id: str | None = None, attempt: int = 1, **fields: object) -> TaskRequested:
    """A task with the right to `alpha`."""
    made = new_task(run_id=run_id, attempt=attempt)
    return made.model_copy(update={"effects": ("alpha",), **fields})


def undoing(run_id: str, attempt: int = 1) -> TaskRequested:
    """The compensation of subtask `s1`."""
    made = task(run_id, attempt, compensates="s1")
    return made.model_copy(update={"subtask_id": "undo.s1"})


def dies_at(point: Point, holder: list[Running]) -> Callable[[str], None]:
    """A fault that cancels the runtime at a point, for good."""

    def reached(where: str) -> None:
        if where == point:
            for cancelled in (holder[0].task, asyncio.current_task()):
                assert cancelled is not None
                cancelled.cancel()
            raise asyncio.CancelledError

    return reached


async def crashed_at(rig: Rig, point: Point, specialist: Effector, asked: TaskRequested) -> None:
    """Let one worker die at a point."""
    holder: list[Running] = []
    holder.append(rig.start(specialist, effects=_PASSING, reached=dies_at(point, holder)))
    await holder[0].ready()
    await rig.submit(asked)
    await until(holder[0].task.done, "the worker is dead")


class Gated(JournalTarget):
    """A journal whose calls wait for a gate: a holder that sleeps in the middle of its work."""

    def __init__(self, directory: Path, gate: asyncio.Event) -> None:
        super().__init__(directory, "alpha", timeout_ms=10_000)
        self.gate = gate
        self.calls = 0

    async def call(self, call: EffectCall) -> str:
        """Wait, then write."""
        self.calls += 1
        await self.gate.wait()
        return await super().call(call)
