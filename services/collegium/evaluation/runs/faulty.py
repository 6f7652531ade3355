"""Specialists that fail, are slow or unsure, as a scenario asks."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from collegium.agent.effects import Target
from collegium.agent.specialist import Specialist, SpecialistFailure, Success, Workbench
from collegium.evaluation.runs.objectives import Fault
from collegium_schemas.tasks import TaskRequested


class Faulty:
    """A specialist behind a fault; what the fault leaves alone is the specialist's own work."""

    def __init__(self, specialist: Specialist, fault: Fault) -> None:
        self._specialist = specialist
        self._fault = fault
        self._begun: Counter[str] = Counter()
        self.role = specialist.role
        self.effect_targets: Mapping[str, Target] = getattr(specialist, "effect_targets", {})

    async def perform(self, task: TaskRequested, bench: Workbench) -> Success:
        """Fail as often as asked, then work.

        Raises:
            SpecialistFailure: the fault, or the specialist's own.
        """
        self._begun[task.run_id] += 1
        struck = self._begun[task.run_id] <= self._fault.times
        if struck:
            await asyncio.sleep(self._fault.delay_ms / 1_000)
            if self._fault.fails is not None:
                raise SpecialistFailure(self._fault.fails, "the scenario says so", permanent=self._fault.permanent)
        done = await self._specialist.perform(task, bench)
        most = self._fault.confidence
        return done if most is None or not struck else replace(done, confidence=min(done.confidence, most))
