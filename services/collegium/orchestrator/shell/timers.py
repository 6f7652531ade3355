"""Timers of one partition: a heap of what is due next, and the one timer that counts for each run or subtask."""

import heapq
from collections.abc import Iterable
from typing import Final

from collegium.orchestrator.core.model import Rules, Run, Timer
from collegium.orchestrator.core.subtasks import NONE
from collegium.orchestrator.core.timing import run_timer, subtask_timer
from collegium_schemas.objective import RunStatus

_SLACK: Final = 1_024


class Timers:
    """At most one armed timer for each run and each subtask; arming another replaces it."""

    def __init__(self) -> None:
        self._armed: dict[tuple[str, str], Timer] = {}
        self._heap: list[tuple[int, Timer]] = []
        """By time, which is cheaper to compare than whole timers."""

    def __len__(self) -> int:
        return len(self._armed)

    def arm(self, timer: Timer) -> None:
        """Make this the timer of its run or subtask."""
        slot = (timer.run_id, timer.subtask_id)
        if self._armed.get(slot) == timer:
            return
        self._armed[slot] = timer
        heapq.heappush(self._heap, (timer.at_ms, timer))
        if len(self._heap) > 2 * len(self._armed) + _SLACK:
            self._heap = [(each.at_ms, each) for each in self._armed.values()]
            heapq.heapify(self._heap)

    def put_back(self, taken: Iterable[Timer]) -> None:
        """Arm what `due` took out and nobody has decided on, but where another timer has taken its place since."""
        for timer in taken:
            if (timer.run_id, timer.subtask_id) not in self._armed:
                self.arm(timer)

    def armed(self, run_id: str, subtask_id: str = "") -> Timer | None:
        """The timer of a run, or of one of its subtasks."""
        return self._armed.get((run_id, subtask_id))

    def disarm(self, run_id: str, subtask_id: str = "") -> None:
        """Forget the timer of a run, or of one of its subtasks."""
        self._armed.pop((run_id, subtask_id), None)

    def next_at_ms(self) -> int | None:
        """When the next armed timer is due."""
        while self._heap:
            _, timer = self._heap[0]
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
            _, timer = heapq.heappop(self._heap)
            del self._armed[(timer.run_id, timer.subtask_id)]
            taken.append(timer)
        return taken


def follow(timers: Timers, run_id: str, before: Run | None, after: Run | None, rules: Rules) -> None:
    """Arm and disarm what a committed decision calls for.

    Args:
        timers: The partition's.
        run_id: The run.
        before: The run that was decided on.
        after: The run as the decision left it; None when it is archived.
        rules: What timers depend on.
    """
    if after is None:
        timers.disarm(run_id)
        return
    own = run_timer(after.header, rules)
    if own is not None:
        timers.arm(own)
    earlier = NONE if before is None else before.subtasks
    if before is not None and before.header.status in {RunStatus.PAUSED, RunStatus.WAITING_APPROVAL}:
        # A retry that came due meanwhile is spent. Should the clock have stepped back since, it is due once more.
        earlier = NONE
    for subtask_id, part in after.subtasks.changed_from(earlier):
        timer = None if part is None else subtask_timer(run_id, part, rules)
        if timer is None:
            timers.disarm(run_id, subtask_id)
        else:
            timers.arm(timer)
