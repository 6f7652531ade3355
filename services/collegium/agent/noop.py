"""A specialist that returns at once: the benchmark's empty work, and what the runtime's own tests run as a process.

    python -m collegium.agent.noop --role retrieval

It takes the tasks of any role and answers each with a success. Outputs that a task asks for are not written, so
use it with playbooks whose steps ask for none.
"""

import argparse
import asyncio
import sys

from collegium.agent.service import main
from collegium.agent.specialist import Success, Workbench
from collegium_schemas.tasks import TaskRequested


class NoOp:
    """Succeeds without doing anything, after a pause if one is asked for."""

    def __init__(self, role: str, *, pause_ms: int = 0) -> None:
        self._role = role
        self._pause_ms = pause_ms

    @property
    def role(self) -> str:
        """The role given."""
        return self._role

    async def perform(self, task: TaskRequested, bench: Workbench) -> Success:
        """Return at once, or after the pause."""
        if self._pause_ms:
            await asyncio.sleep(self._pause_ms / 1000)
        return Success(note="nothing was done")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m collegium.agent.noop", description="A specialist that returns at once."
    )
    parser.add_argument("--role", required=True, help="whose tasks to take, such as retrieval")
    parser.add_argument("--pause-ms", type=int, default=0, help="how long each attempt takes")
    return parser.parse_args()


if __name__ == "__main__":
    given = _arguments()
    sys.exit(main(lambda _: NoOp(given.role, pause_ms=given.pause_ms)))
