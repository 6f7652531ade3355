"""Back-pressure: how many tasks may be in flight before the runtime stops taking more."""

import asyncio


class Gate:
    """Closes at the high-water mark and opens again at the low-water mark, so that it does not flutter."""

    def __init__(self, *, high: int, low: int) -> None:
        if not 0 <= low < high:
            raise ValueError(f"the low-water mark {low} must lie in [0, {high})")
        self._high = high
        self._low = low
        self._in_flight = 0
        self._open = asyncio.Event()
        self._open.set()
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def in_flight(self) -> int:
        """Tasks taken and not finished."""
        return self._in_flight

    @property
    def capacity(self) -> int:
        """How many more tasks may be taken now; 0 while the gate is closed."""
        return self._high - self._in_flight if self._open.is_set() else 0

    def enter(self) -> None:
        """A task was taken."""
        self._in_flight += 1
        self._empty.clear()
        if self._in_flight >= self._high:
            self._open.clear()

    def leave(self) -> None:
        """A task was finished or dropped."""
        self._in_flight -= 1
        if self._in_flight <= self._low:
            self._open.set()
        if not self._in_flight:
            self._empty.set()

    async def opened(self, timeout_ms: int) -> bool:
        """Wait until more may be taken; False when the time is over first."""
        return await _within(self._open, timeout_ms)

    async def emptied(self, timeout_ms: int) -> bool:
        """Wait until nothing is in flight; False when the time is over first."""
        return await _within(self._empty, timeout_ms)


async def _within(event: asyncio.Event, timeout_ms: int) -> bool:
    try:
        async with asyncio.timeout(timeout_ms / 1000):
            return await event.wait()
    except TimeoutError:
        return False
