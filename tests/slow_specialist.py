"""A specialist whose first attempts take long: ``slow_specialist.py ROLE FIRST_ATTEMPT_MS``.

Attempt 1 of a subtask takes so long by the wall clock, which goes on while the process is stopped; later ones are done
at once. What is performed is said on standard error.
"""

import asyncio
import sys
import time
from dataclasses import dataclass

from collegium.agent.service import main
from collegium.agent.specialist import Success, Workbench
from collegium_schemas.tasks import TaskRequested

_LOOK_S = 0.02


@dataclass(frozen=True)
class Slow:
    """Takes its time at first."""

    role: str
    first_ms: int

    async def perform(self, task: TaskRequested, bench: Workbench) -> Success:
        """Wait, and succeed."""
        sys.stderr.write(f"PERFORMS {task.task_id}\n")
        sys.stderr.flush()
        ends_at = time.time() + (self.first_ms / 1000 if task.attempt == 1 else 0)
        while time.time() < ends_at:  # noqa: ASYNC110 - nobody signals the time
            await asyncio.sleep(_LOOK_S)
        return Success()


if __name__ == "__main__":
    sys.exit(main(lambda settings: Slow(sys.argv[1], int(sys.argv[2]))))
