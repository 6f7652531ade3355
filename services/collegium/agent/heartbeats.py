"""Signs of life and notes of running attempts, for the orchestrator and people who watch. Loss is allowed.

A beat says that this process lives, not that the attempt gets on: that is what a step's `heartbeat_timeout_ms` is for,
which is watched here, too.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from collegium.agent.attempt import Attempt
from collegium.log.port import Clock, Outgoing
from collegium_schemas.envelope import Envelope, encode_headers
from collegium_schemas.tasks import TaskProgress

_TICK_MS: Final = 250
"""Notes are sent at most this often per attempt; the latest one wins."""

Offer = Callable[[Sequence[Outgoing]], Awaitable[int]]


class Heartbeats:
    """Sends `TaskProgress` for attempts that are being performed: at every new note, and now and then without one."""

    def __init__(self, offer: Offer, topic: str, *, interval_ms: int, clock: Clock) -> None:
        self._offer = offer
        self._topic = topic
        self._interval_ms = interval_ms
        self._clock = clock
        self._performing: dict[Attempt, None] = {}
        self._noted: dict[Attempt, None] = {}
        self._some = asyncio.Event()

    def watch(self, attempt: Attempt) -> None:
        """The attempt is being performed from now on."""
        attempt.last_beat_at_ms = attempt.last_active_at_ms = self._clock()
        self._performing[attempt] = None
        self._some.set()

    def active(self, attempt: Attempt) -> None:
        """The attempt does something."""
        attempt.last_active_at_ms = self._clock()

    def note(self, attempt: Attempt) -> None:
        """The attempt has a new note."""
        self.active(attempt)
        if attempt in self._performing:
            self._noted[attempt] = None

    def unwatch(self, attempt: Attempt) -> None:
        """The attempt is not performed any more; a note not yet sent is dropped, since its result speaks."""
        self._performing.pop(attempt, None)
        self._noted.pop(attempt, None)
        if not self._performing:
            self._some.clear()

    async def run(self) -> None:
        """Send until cancelled; sleeps while nothing is performed."""
        while True:
            await self._some.wait()
            await asyncio.sleep(min(_TICK_MS, self._interval_ms) / 1000)
            now = self._clock()
            self._give_up_silent(now)
            due = [a for a in self._performing if a in self._noted or now - a.last_beat_at_ms >= self._interval_ms]
            self._noted.clear()
            for attempt in due:
                attempt.last_beat_at_ms = now
            if due:
                await self._offer([self._record(attempt, now) for attempt in due])

    def _give_up_silent(self, now_ms: int) -> None:
        for attempt in self._performing:
            limit_ms = attempt.task.heartbeat_timeout_ms
            if limit_ms is not None and now_ms - attempt.last_active_at_ms > limit_ms:
                attempt.give_up()

    def _record(self, attempt: Attempt, now_ms: int) -> Outgoing:
        task = attempt.task
        body = TaskProgress(
            run_id=task.run_id,
            subtask_id=task.subtask_id,
            attempt=task.attempt,
            role=task.role,
            at_ms=now_ms,
            note=attempt.note,
        )
        envelope = Envelope(
            id=f"{task.task_id}/progress/{now_ms}",
            source=f"/collegium/{task.role}",
            type=body.TYPE,
            time_ms=now_ms,
            subject=task.task_id,
        )
        return Outgoing(self._topic, task.run_id.encode(), body.to_json(), encode_headers(envelope))
