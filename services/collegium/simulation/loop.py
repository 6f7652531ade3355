"""An event loop with a clock of its own: nothing ever waits, and a seed decides what runs next.

The base class keeps timers and ready callbacks in attributes without a public interface. They have been the same from
Python 3.11 to 3.13; `check_python` says so clearly where they are not.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Coroutine, Generator, Sequence
from contextvars import Context, ContextVar
from functools import cache
from random import Random
from selectors import EVENT_READ, BaseSelector, SelectorKey
from typing import Any, Final, NoReturn, Protocol, TypeVar, TypeVarTuple, Unpack

from collegium.simulation.errors import NotDeterministic, SimulationError, Stuck, Unsupported

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_LOOP_ATTRIBUTES: Final = ("_ready", "_scheduled", "_timer_cancelled_count", "_stopping", "_run_once")
_HANDLE_ATTRIBUTES: Final = ("_context", "_cancelled", "_run")
_TIMER_ATTRIBUTES: Final = ("_when", "_scheduled")
_CANCELLED_KEPT: Final = 50
DEFAULT_MAX_STEPS: Final = 2_000_000


class Host(Protocol):
    """Whose callbacks these are: a simulated process, which may be paused or dead."""

    def admits(self, handle: asyncio.Handle) -> bool:
        """Whether the callback runs now. One that does not is the host's to keep or to drop."""
        ...


HOST: Final[ContextVar[Host | None]] = ContextVar("collegium_simulation_host", default=None)
"""The simulated process that a callback belongs to; None is the world outside: network, brokers, faults."""


class NumberedTask(asyncio.Task[Any]):
    """A task whose hash is its number, so that sets of tasks have the same order in every process."""

    def __init__(self, number: int, coro: Coroutine[Any, Any, Any], **arguments: Any) -> None:  # noqa: ANN401
        self._number = number
        super().__init__(coro, **arguments)

    def __hash__(self) -> int:
        return self._number

    def __eq__(self, other: object) -> bool:
        return self is other


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs one ready callback at a time, chosen by the seed; when none is ready, time jumps to the next timer.

    Args:
        random: Chooses among ready callbacks.
        in_order: True runs them in the order in which they became ready, as asyncio does.
        max_steps: How many callbacks may run before the world counts as running in circles.
    """

    _ready: deque[asyncio.Handle]
    _scheduled: list[asyncio.TimerHandle]
    _timer_cancelled_count: int
    _stopping: bool

    def __init__(self, random: Random, *, in_order: bool = False, max_steps: int = DEFAULT_MAX_STEPS) -> None:
        check_python()
        super().__init__(_NoSelector())
        self._now = 0.0
        self._random = random.random
        self._in_order = in_order
        self._max_steps = max_steps
        self._failure: BaseException | None = None
        self._forgiving = False
        self._numbered = 0
        self.steps = 0
        """Callbacks run so far."""
        self.adopt: Callable[[asyncio.Task[Any]], None] = _nobody
        """Told of every new task, in the context of its creator."""
        self.set_task_factory(_number_task)
        self.set_exception_handler(_fail)

    def time(self) -> float:
        """Virtual seconds since the world began."""
        return self._now

    def fail(self, error: BaseException) -> None:
        """Stop the world at the next step and raise this from it. The first failure counts."""
        if not self._forgiving:
            self._failure = self._failure or error

    def forgive(self) -> None:
        """Go on after a failure, so that what is left can be ended. No further failure counts."""
        self._failure = None
        self._forgiving = True
        self._max_steps = self.steps + DEFAULT_MAX_STEPS

    def readmit(self, handles: Sequence[asyncio.Handle]) -> None:
        """Callbacks that their host has kept are ready again."""
        self._ready.extend(handles)

    def next_number(self) -> int:
        """A number for a new task."""
        self._numbered += 1
        return self._numbered

    def _run_once(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self.steps >= self._max_steps:
            raise Stuck(f"more than {self._max_steps} steps: something runs in circles, at {self._now:.3f} s")
        if self._timer_cancelled_count > _CANCELLED_KEPT:
            self._sweep()
        ready, scheduled = self._ready, self._scheduled
        if not ready:
            self._advance()
        while scheduled and scheduled[0]._when <= self._now:  # type: ignore[attr-defined]  # noqa: SLF001 - see check_python
            timer = heapq.heappop(scheduled)
            timer._scheduled = False  # type: ignore[attr-defined]  # noqa: SLF001
            if timer.cancelled():
                self._timer_cancelled_count -= 1
            else:
                ready.append(timer)
        if not ready:
            return
        if not self._in_order and len(ready) > 1:
            ready.rotate(-int(self._random() * len(ready)))
        handle = ready.popleft()
        if handle.cancelled():
            return
        host = handle._context.get(HOST)  # type: ignore[attr-defined]  # noqa: SLF001
        if host is not None and not host.admits(handle):
            return
        self.steps += 1
        handle._run()  # type: ignore[attr-defined]  # noqa: SLF001

    def _sweep(self) -> None:
        """Forget cancelled timers: nearly all are, and each makes the heap slower."""
        kept = [timer for timer in self._scheduled if not timer.cancelled()]
        heapq.heapify(kept)
        self._scheduled = kept
        self._timer_cancelled_count = 0

    def _advance(self) -> None:
        scheduled = self._scheduled
        while scheduled and scheduled[0].cancelled():
            heapq.heappop(scheduled)._scheduled = False  # type: ignore[attr-defined]  # noqa: SLF001
            self._timer_cancelled_count -= 1
        if not scheduled:
            raise Stuck(f"deadlock at {self._now:.3f} s: nothing is ready and no timer is set")
        self._now = max(self._now, scheduled[0].when())

    def call_soon_threadsafe(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> NoReturn:
        """Refused.

        Raises:
            NotDeterministic: always.
        """
        raise NotDeterministic("simulated code used a thread; its order would not be the seed's")

    def run_in_executor(self, executor: object, func: Callable[[Unpack[Ts]], T], *args: *Ts) -> NoReturn:
        """Refused.

        Raises:
            NotDeterministic: always.
        """
        raise NotDeterministic(f"{func!r} would run in a thread of {executor!r}; its order would not be the seed's")


@cache
def check_python() -> None:
    """Say clearly that this Python's event loop is not as expected.

    Raises:
        Unsupported: an attribute is missing.
    """
    probe = asyncio.SelectorEventLoop(_NoSelector())
    try:
        timer = asyncio.TimerHandle(0, print, (), probe)
        missing = [f"the loop's {name}" for name in _LOOP_ATTRIBUTES if not hasattr(probe, name)]
        missing += [
            f"a handle's {name}" for name in (*_HANDLE_ATTRIBUTES, *_TIMER_ATTRIBUTES) if not hasattr(timer, name)
        ]
    finally:
        probe.close()
    if missing:
        raise Unsupported(f"the simulation does not know this Python's event loop: it lacks {', '.join(missing)}")


def _number_task(
    loop: asyncio.AbstractEventLoop,
    coro: Coroutine[Any, Any, Any] | Generator[Any, None, Any],
    **arguments: Any,  # noqa: ANN401
) -> asyncio.Task[Any]:
    if not isinstance(loop, VirtualLoop) or not isinstance(coro, Coroutine):
        raise TypeError(f"{coro!r} cannot be a task of {loop!r}")
    task = NumberedTask(loop.next_number(), coro, loop=loop, **arguments)
    loop.adopt(task)
    return task


def _nobody(task: asyncio.Task[Any]) -> None:
    """Nobody wants to know."""


def _fail(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What asyncio would only log ends the world: a callback that raised, an error that nobody has looked at."""
    if not isinstance(loop, VirtualLoop):
        raise TypeError(f"{loop!r} is not a simulated loop")
    error = context.get("exception")
    told = SimulationError(f"the event loop was told: {context.get('message')}: {error!r}")
    told.__cause__ = error
    loop.fail(error if isinstance(error, SimulationError) else told)


class _NoSelector(BaseSelector):
    """There is no input or output to wait for."""

    def register(self, fileobj: Any, events: int, data: Any = None) -> SelectorKey:  # noqa: ANN401
        return SelectorKey(fileobj, -1, EVENT_READ, data)

    def unregister(self, fileobj: Any) -> SelectorKey:  # noqa: ANN401
        return SelectorKey(fileobj, -1, EVENT_READ, None)

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        return []

    def get_map(self) -> Any:  # noqa: ANN401
        return {}
