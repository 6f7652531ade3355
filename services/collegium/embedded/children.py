"""Child processes that never outlive us.

Each child leads a session of its own, so that a terminal's Ctrl-C reaches only us and stopping is ours to order,
and so that one signal reaches the child and all that it started. On Linux the kernel kills it when we die, however
we die (prctl(2), PR_SET_PDEATHSIG).
"""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from collegium.embedded.logs import open_log

_PR_SET_PDEATHSIG: Final = 1
_ORPHANED: Final = 111
_KILL_WAIT_S: Final = 10.0


class Child:
    """A running process with its output in a log file."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def spawn(
        cls, command: Sequence[str], *, log_path: Path, environment: Mapping[str, str] | None = None
    ) -> "Child":
        """Start a process; it inherits our environment with `environment` laid over it.

        Raises:
            OSError: the program cannot be started.
        """
        inherited = os.environ  # noqa: TID251 - handed on to the child; nothing is read from it
        with open_log(log_path) as log:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**inherited, **(environment or {})},
                start_new_session=True,
                preexec_fn=_die_with(os.getpid()),
            )
        return cls(process)

    @property
    def pid(self) -> int:
        """The process id, which is its process group's id as well."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self._process.returncode

    async def wait(self) -> int:
        """Wait for the end; the exit code."""
        return await self._process.wait()

    async def stop(self, grace_s: float) -> int:
        """Ask for the end (SIGTERM), insist after `grace_s` (SIGKILL), and leave nothing of its group behind."""
        if self._process.returncode is None:
            self._signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(grace_s):
                    await self._process.wait()
            except TimeoutError:
                pass  # It had its chance; what follows does not ask.
        self.kill()
        async with asyncio.timeout(_KILL_WAIT_S):
            return await self._process.wait()

    def kill(self) -> None:
        """End the process and its group now."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            pass  # The whole group has ended.


def _die_with(parent: int) -> Callable[[], None] | None:
    """What the child does between fork and exec. All that it needs is loaded here, before the fork."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def tie() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # We died before the kernel was told.
            os._exit(_ORPHANED)

    return tie
