"""How a process ends: drained on the first signal, at once on the second, and in any case within a bound."""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

_log = logging.getLogger(__name__)
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

EXIT_STOPPED: Final = 0
EXIT_FAILED: Final = 1
EXIT_SETTINGS: Final = 2


class StopSignals:
    """Handles SIGTERM and SIGINT inside a `with` block of the main task.

    Until `drain_with` is called a signal cancels the task. Afterwards the first one drains, the second cancels.

    Args:
        bound_s: The process is ended by force this long after a signal, if the block has not been left by then.
    """

    def __init__(self, bound_s: float) -> None:
        self._bound_s = bound_s
        self._drain: Callable[[], None] | None = None
        self._task: asyncio.Task[object] | None = None
        self._forces: list[threading.Timer] = []

    def drain_with(self, drain: Callable[[], None]) -> None:
        """The next signal calls this instead."""
        self._drain = drain

    def _signalled(self) -> None:
        drain, self._drain = self._drain, None
        self._forces.append(end_within(self._bound_s, EXIT_FAILED))
        if drain is not None:
            drain()
        elif self._task is not None:
            self._task.cancel()

    def __enter__(self) -> Self:
        self._task = asyncio.current_task()
        for number in _SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, self._signalled)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number in _SIGNALS:
            asyncio.get_running_loop().remove_signal_handler(number)
        for force in self._forces:
            force.cancel()


def end_within(bound_s: float, status: int) -> threading.Timer:
    """End the process by force when it still exists after the bound: a thread of an overdue tool cannot be ended.

    Returns:
        The timer, which can be cancelled.
    """

    def end() -> None:
        _log.error("not ended within %.0f s: the process ends by force", bound_s)
        os._exit(status)

    timer = threading.Timer(bound_s, end)
    timer.daemon = True
    timer.start()
    return timer
