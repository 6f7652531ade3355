"""A specialist for trials, as a process: ``worker.py ROLE``.

It reads all its inputs, hash-checked, and writes one output that depends on them. A tenth of all first attempts fail,
by task id, so that retries are always under way. `params.kilobytes` asks for an output that no message repeats inline;
`params.lethal` kills the process. A step that is granted the effect `tally` adds a line to a file, once.
"""

import hashlib
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from chaos.tally import Tally
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
        for name in task.effects:
            await bench.effects.execute(name, digest.digest())
        if task.attempt == 1 and digest.digest()[0] < _FAILS_OF_256:
            raise SpecialistFailure(FailureKind.TOOL_ERROR, "one of the failures that every trial has")
        size = 1_024 * int(task.params.get("kilobytes", 1))
        markdown = (digest.hexdigest() * (size // 64 + 1))[:size]
        return Success(outputs=[Output("report", ReportText(title=task.step, markdown=markdown))])


if __name__ == "__main__":
    sys.exit(main(lambda settings: Worker(sys.argv[1], settings.data_dir)))
