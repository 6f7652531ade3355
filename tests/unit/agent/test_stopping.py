"""A process ends in any case: drained, cancelled, or by force."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE

from collegium.agent.stopping import StopSignals

STUCK = """
import sys, threading
from collegium.agent.stopping import end_within
threading.Thread(target=threading.Event().wait).start()
end_within(0.2, 7)
sys.exit(0)
"""


async def test_a_thread_that_never_returns_does_not_keep_the_process() -> None:
    """Past the bound the process ends with the status given, whatever its threads do."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", STUCK, stderr=PIPE)
    async with asyncio.timeout(20):
        _, said = await process.communicate()
    assert process.returncode == 7
    assert b"by force" in said


async def test_the_first_signal_drains_and_the_second_cancels() -> None:
    """Two signals to this process: the first calls drain, the second ends the task that waits for it."""
    drained = asyncio.Event()

    async def work() -> None:
        with StopSignals(bound_s=600) as signals:
            signals.drain_with(drained.set)
            os.kill(os.getpid(), signal.SIGTERM)
            await drained.wait()
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    async with asyncio.timeout(10):
        await asyncio.wait([task])
    assert drained.is_set()
    assert task.cancelled()


async def test_a_signal_before_there_is_anything_to_drain_cancels() -> None:
    """While the process still waits for its broker, the first signal ends it."""

    async def work() -> None:
        with StopSignals(bound_s=600):
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    async with asyncio.timeout(10):
        await asyncio.wait([task])
    assert task.cancelled()
