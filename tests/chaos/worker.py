"""A specialist for trials, as a process: ``worker.py ROLE``.

It reads all its inputs, hash-checked, and writes one output that depends on them. A tenth of all first attempts fail,
by task id, so that retries are always under way. `params.kilobytes` asks for an output that no message repeats inline;
`params.lethal` kills the process. A step that is granted the effect `tally` adds a line to a file, once; a compensation
adds a line that takes it back, after `params.pause_ms`. `params.confirms` fails for good in some runs (`chaos.saga`).
"""

import asyncio
import hashlib
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from chaos.saga import doomed
from chaos.tally import TALLIED_BY, Tally
from collegium.agent.effects import Target
from collegium.agent.service import main
from collegium.agent.specialist import Output, SpecialistFailure, Success, Workbench
from collegium_schemas.evidence import ReportText
from collegium_schemas.tasks import FailureKind, TaskRequested

_FAILS_OF_256 = 26


class Worker:
    """Does a few milliseconds of honest work."""

    def __init__(self, role: str, directory: Path) -> None:
        self.role = role
        self._targets = {"tally": Tally(directory)}

    @property
    def effect_targets(self) -> Mapping[str, Target]:
        """What playbook steps may grant in `effects`."""
        return self._targets

    async def perform(self, task: TaskRequested, bench: Workbench) -> Success:
        """Read, hash, write."""
        if task.params.get("lethal"):
            os.kill(os.getpid(), signal.SIGKILL)
        read = await bench.inputs(ReportText)
        digest = hashlib.sha256("".join((task.run_id, task.step, *(text.markdown for text in read))).encode())
        await self._effects(task, bench, digest.digest())
        if task.params.get("confirms") and doomed(task.run_id):
            raise SpecialistFailure(FailureKind.TOOL_ERROR, "it cannot be confirmed", permanent=True)
        if task.attempt == 1 and digest.digest()[0] < _FAILS_OF_256:
            raise SpecialistFailure(FailureKind.TOOL_ERROR, "one of the failures that every trial has")
        size = 1_024 * int(task.params.get("kilobytes", 1))
        markdown = (digest.hexdigest() * (size // 64 + 1))[:size]
        return Success(outputs=[Output("report", ReportText(title=task.step, markdown=markdown))])

    async def _effects(self, task: TaskRequested, bench: Workbench, content: bytes) -> None:
        """Have all of them happen, or take them back: slowly, so that a trial meets runs in the middle of it."""
        if task.compensates is not None:
            await asyncio.sleep(int(task.params.get("pause_ms", 0)) / 1_000)
        for name in task.effects:
            if task.compensates is None:
                await bench.effects.execute(name, content)
            else:
                await bench.effects.withdraw(name)


if __name__ == "__main__":
    sys.exit(main(lambda settings: Worker(sys.argv[1], settings.data_dir.parent / TALLIED_BY)))
