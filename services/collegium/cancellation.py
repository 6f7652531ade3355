"""Cancellation that nobody asked for.

Whatever a task awaits may end as cancelled: a request of a library that closes its connection, say. Then the task ends
as cancelled, too, and asyncio takes that for an order: a task group goes on without it and tells nobody.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

_log = logging.getLogger(__name__)


class CancelledWithin(Exception):
    """A part of the process ended as cancelled, and nobody had asked for that. What was not committed is redelivered.

    End the process, and mend it: the cause shows where it came from.
    """

    def __init__(self, part: str) -> None:
        super().__init__(f"{part} was cancelled from within: something that it waited for ended as cancelled")
        self.part = part


def asked() -> bool:
    """Whether the current task has been told to stop, be it by a time-out of its own."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


async def guarded(part: str, work: Callable[[], Awaitable[T]]) -> T:
    """Do some work that a process cannot go on without.

    Args:
        part: What it is, for people.
        work: Does it. Called in here: a task that is cancelled before its first step leaves no coroutine behind.

    Raises:
        CancelledWithin: it ended as cancelled, and nobody had asked for that.
    """
    try:
        return await work()
    except asyncio.CancelledError as error:
        if asked():
            raise
        _log.exception("%s was cancelled from within", part)
        raise CancelledWithin(part) from error
