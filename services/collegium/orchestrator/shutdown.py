"""Ends a process's work on SIGTERM or SIGINT."""

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress


async def until_stopped(work: Coroutine[None, None, None]) -> None:
    """Run `work` until it ends or the process is told to stop; then cancel it and wait for it to clean up.

    Raises:
        Exception: whatever `work` raised.
    """
    loop = asyncio.get_running_loop()
    task = loop.create_task(work)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        with suppress(asyncio.CancelledError):
            await task
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
