"""Threads for tools: a bounded pool that knows which calls have outlived their time-outs."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")


class ToolThreads:
    """Runs pure functions beside the event loop.

    A thread cannot be ended from outside: a call that nobody waits for any more keeps its thread until it returns,
    and counts as abandoned until then.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="tool")
        self._abandoned: set[Future[object]] = set()

    @property
    def size(self) -> int:
        """How many functions can run at once."""
        return self._size

    @property
    def abandoned(self) -> int:
        """Threads held by calls that nobody waits for. At most `size`."""
        self._abandoned = {call for call in self._abandoned if not call.done()}
        return len(self._abandoned)

    async def run(self, function: Callable[[], T]) -> T:
        """Call a function in a thread, with the caller's context variables."""
        call: Future[T] = self._pool.submit(copy_context().run, function)
        try:
            return await asyncio.wrap_future(call)
        except asyncio.CancelledError:
            if not call.cancel() and not call.done():
                self._abandoned.add(call)  # pyright: ignore[reportArgumentType] - only `done` is used of it
            raise

    def close(self) -> None:
        """Take no further calls. Does not wait for abandoned ones."""
        self._pool.shutdown(wait=False, cancel_futures=True)
