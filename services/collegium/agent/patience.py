"""Waiting for the log to come back: growing pauses up to a bound, then a clear end."""

import asyncio
import logging
from dataclasses import dataclass

from collegium.agent.errors import LogGone
from collegium.log.errors import LogError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to put up with an absent log, and how often to look."""

    bound_ms: int = 60_000
    first_pause_ms: int = 50
    longest_pause_ms: int = 2_000


class Outage:
    """One loop's view of the log's absence. Not shared between tasks.

    Args:
        doing: What waits for the log, for people.
        patience: How long, and how often it looks.
        same: Those that wait for the same reason: the first and the last of them speak for all.
    """

    def __init__(self, doing: str, patience: Patience, same: "set[Outage] | None" = None) -> None:
        self._doing = doing
        self._patience = patience
        self._same = set[Outage]() if same is None else same
        self._since: float | None = None
        self._pause_ms = patience.first_pause_ms

    async def wait(self, error: LogError) -> None:
        """Pause after a failure.

        Raises:
            LogGone: the log has been away for longer than the bound.
        """
        now = asyncio.get_running_loop().time()
        if self._since is None:
            self._since = now
            if not self._same:
                _log.warning("%s: the log does not answer (%s); waiting for it", self._doing, error)
            self._same.add(self)
        waited_ms = int((now - self._since) * 1000)
        if waited_ms >= self._patience.bound_ms:
            self._same.discard(self)
            raise LogGone(self._doing, waited_ms, error) from error
        await asyncio.sleep(self._pause_ms / 1000)
        self._pause_ms = min(self._pause_ms * 2, self._patience.longest_pause_ms)

    def over(self) -> None:
        """The log answered."""
        if self._since is not None:
            self._same.discard(self)
            if not self._same:
                _log.info("%s: the log is back", self._doing)
            self._since = None
            self._pause_ms = self._patience.first_pause_ms
