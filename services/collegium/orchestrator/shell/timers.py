"""Timers of one partition: a heap of what is due next, and the one timer that counts for each run or subtask."""

import heapq
from typing import Final

from collegium.orchestrator.core.model import Timer

_SLACK: Final = 1_024


class Timers:
    """At most one armed timer for each run and each subtask; arming another replaces it."""

    def __init__(self) -> None:
        self._armed: dict[tuple[str, str], Timer] = {}
        self._heap: list[Timer] = []

    def __len__(self) -> int:
        return len(self._armed)

    def arm(self, timer: Timer) -> None:
        """Make this the timer of its run or subtask."""
        slot = (timer.run_id, timer.subtask_id)
        if self._armed.get(slot) == timer:
            return
        self._armed[slot] = timer
        heapq.heappush(self._heap, timer)
        if len(self._heap) > 2 * len(self._armed) + _SLACK:
            self._heap = list(self._armed.values())
            heapq.heapify(self._heap)

    def armed(self, run_id: str, subtask_id: str = "") -> Timer | None:
        """The timer of a run, or of one of its subtasks."""
        return self._armed.get((run_id, subtask_id))

    def disarm(self, run_id: str, subtask_id: str = "") -> None:
        """Forget the timer of a run, or of one of its subtasks."""
        self._armed.pop((run_id, subtask_id), None)

    def next_at_ms(self) -> int | None:
        """When the next armed timer is due."""
        while self._heap:
            timer = self._heap[0]
            if self._armed.get((timer.run_id, timer.subtask_id)) == timer:
                return timer.at_ms
            heapq.heappop(self._heap)
        return None

    def due(self, now_ms: int, most: int) -> list[Timer]:
        """Take out at most `most` timers whose time has come, earliest first."""
        taken: list[Timer] = []
        while len(taken) < most:
            at_ms = self.next_at_ms()
            if at_ms is None or at_ms > now_ms:
                break
            timer = heapq.heappop(self._heap)
            del self._armed[(timer.run_id, timer.subtask_id)]
            taken.append(timer)
        return taken
