"""Simulated processes: groups of tasks that can be killed at any callback, paused, and started again."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from random import Random
from typing import Any, Final

from collegium.simulation.errors import SimulationError
from collegium.simulation.link import OUTSIDE, Fates, Link
from collegium.simulation.loop import HOST, VirtualLoop

_MOST_CANCELS: Final = 200


class Node:
    """One incarnation of a simulated process. Implements `Host`: the loop asks it before each of its callbacks.

    Args:
        name: Unique among all incarnations.
        loop: The world's loop.
        random: For the latencies of its link.
        fates: What waits for its requests, and for those of others of its kind.
    """

    def __init__(self, name: str, loop: VirtualLoop, random: Random, fates: Fates) -> None:
        self.name = name
        self.loop = loop
        self.link = Link(name, loop, random, fates)
        self.clock_offset_ms = 0
        self.paused = False
        self.dead = False
        self.ended: BaseException | None = None
        """What its main task ended with; None while it runs, or when it ended well."""
        self.steps = 0
        self.kill_at_step: int | None = None
        self.crashed: Callable[[], None] = _nothing
        """Called when it dies at that step."""
        self.killed: Callable[[], None] = _nothing
        """Called when it dies."""
        self.drain: Callable[[], None] | None = None
        """Asks it to end in good order; without it, `stop` cancels it."""
        self.temporary = False
        """True when nobody starts it again."""
        self._held: list[asyncio.Handle] = []
        self._tasks: dict[asyncio.Task[Any], None] = {}
        self._main: asyncio.Task[Any] | None = None

    # -- Host

    def admits(self, handle: asyncio.Handle) -> bool:
        """Runs the callback, keeps it until the node goes on, or dies instead of it."""
        if self.paused:
            self._held.append(handle)
            return False
        self.steps += 1
        if self.steps == self.kill_at_step and not self.dead:
            self.crashed()
            self.kill()
        return True

    def adopt(self, task: asyncio.Task[Any]) -> None:
        """A task was created in this node."""
        self._tasks[task] = None
        task.add_done_callback(self._forget, context=OUTSIDE)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(task, None)

    # -- life and death

    def start(self, main: Callable[[], Coroutine[Any, Any, None]], ended: "Callable[[Node], None]") -> None:
        """Run the node's main coroutine.

        Args:
            main: Makes it; called inside the node.
            ended: Called, outside, when it has ended by itself.
        """
        context = copy_context()
        context.run(HOST.set, self)
        self._main = task = self.loop.create_task(_run(main), context=context)
        self.adopt(task)

        def done(task: asyncio.Task[Any]) -> None:
            if task.cancelled():
                self.ended = asyncio.CancelledError()
            else:
                self.ended = task.exception()
            if not self.dead:
                self.dead = True
                self.link.sever()
                ended(self)

        task.add_done_callback(done, context=OUTSIDE)

    def stop(self) -> None:
        """Ask it to end in good order, as SIGTERM does."""
        if self._main is None or self.dead:
            return
        if self.drain is not None:
            self.drain()
        else:
            self._main.cancel()

    def kill(self) -> None:
        """End it at once: nothing that it does from now on reaches anyone."""
        if self.dead:
            return
        self.dead = True
        self.link.sever()
        self.resume()
        for task in list(self._tasks):
            task.cancel()
        self.killed()

    def pause(self) -> None:
        """Let none of its callbacks run, as SIGSTOP does. What it has sent already still arrives."""
        self.paused = True
        self.link.pause()

    def resume(self) -> None:
        """Go on where it stood."""
        if not self.paused:
            return
        self.paused = False
        self.link.resume()
        held, self._held = self._held, []
        self.loop.readmit(held)

    async def buried(self) -> None:
        """Wait until none of its tasks is left.

        Raises:
            SimulationError: a task cannot be cancelled.
        """
        for _ in range(_MOST_CANCELS):
            if not self._tasks:
                return
            for task in list(self._tasks):
                task.cancel()
            await asyncio.sleep(0.05)
        raise SimulationError(f"{self.name} has tasks that cannot be cancelled: {[*self._tasks][:3]}")


async def _run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    await main()


def _nothing() -> None:
    """Nobody wants to know."""
