"""One attempt in flight: its task, the records that asked for it, and the means to stop it."""

import asyncio
from dataclasses import dataclass, field

from collegium.agent.offsets import PartitionOffsets
from collegium.log.port import Record
from collegium_schemas.tasks import TaskRequested


@dataclass(frozen=True, slots=True)
class Delivery:
    """A record that asked for an attempt, and the offsets that wait for it."""

    record: Record
    offsets: PartitionOffsets

    def done(self) -> None:
        """The record needs no further work."""
        self.offsets.finished(self.record.offset)


@dataclass(slots=True, eq=False)
class Attempt:
    """One attempt, from the record's arrival to the acknowledged result."""

    task: TaskRequested
    received_at_ms: int
    deliveries: list[Delivery]
    """More than one when the record came again, after a rebalance, while the attempt was under way."""
    started_at_ms: int | None = None
    """When `perform` was called; None while it waits for its turn."""
    last_beat_at_ms: int = 0
    note: str = ""
    """The latest line for watchers."""
    last_active_at_ms: int = 0
    """When a tool call began or ended, or progress was told, for the last time."""
    stalled: bool = False
    """True when it was given up for its silence."""
    cancelled: bool = False
    """True when its run was told to stop."""
    _scope: asyncio.Timeout | None = field(default=None, repr=False)

    @property
    def orphaned(self) -> bool:
        """True when every partition that asked for it may belong to another member."""
        return all(delivery.offsets.revoked for delivery in self.deliveries)

    def enter_scope(self, remaining_s: float) -> asyncio.Timeout:
        """The time limit to work in; `cancel` ends it early."""
        self._scope = asyncio.timeout(remaining_s)
        return self._scope

    def leave_scope(self) -> None:
        """Work has ended; `cancel` only leaves its mark from now on."""
        self._scope = None

    def cancel(self) -> None:
        """Stop the work, because its run was told to stop. Harmless when it has ended or was stopped before."""
        if not self.cancelled:
            self._end_scope()
        self.cancelled = True

    def give_up(self) -> None:
        """Stop the work, because nothing is heard of it. Harmless when it has ended or was stopped before."""
        if not self.stalled and not self.cancelled:
            self.stalled = self._end_scope()

    def _end_scope(self) -> bool:
        if self._scope is None or self._scope.expired():
            return False
        self._scope.reschedule(asyncio.get_running_loop().time())
        return True

    def done(self) -> None:
        """The result is acknowledged, or none is needed."""
        for delivery in self.deliveries:
            delivery.done()
