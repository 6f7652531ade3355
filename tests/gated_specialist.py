"""A real specialist as a process whose attempts can be held up: ``gated_specialist.py ROLE GATES``.

The file ``GATES/ROLE@RUN_ID.hold`` holds back that role's attempts of that run, in the middle of `perform`, for as
long as it exists. An attempt that is being held writes ``GATES/ROLE@RUN_ID.held``, with its process id; one that is
told to stop meanwhile writes ``GATES/ROLE@RUN_ID.stopped``. Apart from that this is ``python -m collegium.ROLE``.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from collegium.agent.effects import Executing, Target
from collegium.agent.service import main
from collegium.agent.settings import AgentSettings
from collegium.agent.specialist import Specialist, Success, Workbench
from collegium_schemas.tasks import TaskRequested

_LOOK_S = 0.02


class Gated:
    """A specialist behind a gate that others open and close."""

    def __init__(self, inner: Specialist, gates: Path) -> None:
        self._inner = inner
        self._gates = gates

    @property
    def role(self) -> str:
        """The inner specialist's."""
        return self._inner.role

    @property
    def effect_targets(self) -> Mapping[str, Target]:
        """The inner specialist's, if it has any."""
        return self._inner.effect_targets if isinstance(self._inner, Executing) else {}

    async def perform(self, task: TaskRequested, bench: Workbench) -> Success:
        """Wait for the gate, then do the real work."""
        place = self._gates / f"{self.role}@{task.run_id}"
        try:
            while place.with_suffix(".hold").exists():
                held = place.with_suffix(".held")
                if not held.exists() or held.read_text() != str(os.getpid()):
                    held.write_text(str(os.getpid()))
                await asyncio.sleep(_LOOK_S)
        except asyncio.CancelledError:
            place.with_suffix(".stopped").touch()
            raise
        return await self._inner.perform(task, bench)


def build(role: str, gates: Path, settings: AgentSettings) -> Gated:
    """The specialist as its own process builds it, behind the gate."""
    return Gated(import_module(f"collegium.{role}.__main__").build(settings), gates)


if __name__ == "__main__":
    sys.exit(main(lambda settings: build(sys.argv[1], Path(sys.argv[2]), settings)))
