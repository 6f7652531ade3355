"""A specialist that some tasks kill: ``killing_specialist.py ROLE``.

An attempt at a subtask whose name begins with `killer` ends the process as kill -9 would, in the middle of `perform`,
when whatever runs beside it has been under way for a moment; every other one takes a moment and succeeds. What was
performed is said on standard error.
"""

import asyncio
import os
import signal
import sys
from dataclasses import dataclass

from collegium.agent.service import main
from collegium.agent.specialist import Success, Workbench
from collegium_schemas.tasks import TaskRequested

_MOMENT_S = 0.05


@dataclass(frozen=True)
class Killing:
    """Dies of some tasks."""

    role: str

    async def perform(self, task: TaskRequested, bench: Workbench) -> Success:
        """Do it, or die of it."""
        sys.stderr.write(f"PERFORMS {task.task_id}\n")
        sys.stderr.flush()
        await asyncio.sleep(_MOMENT_S)
        if task.subtask_id.startswith("killer"):
            os.kill(os.getpid(), signal.SIGKILL)
        return Success()


if __name__ == "__main__":
    sys.exit(main(lambda settings: Killing(sys.argv[1])))
