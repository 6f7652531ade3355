"""A consumer's side of a group: the task that gives partitions back, rejoins and tells the listener."""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any, Protocol

from collegium.log.memory.assignors import Assignor
from collegium.log.memory.groups import Group, Member
from collegium.log.port import Committed, RebalanceListener, TopicPartition


class Assignee(Protocol):
    """Whose assignment the group decides."""

    def assignment(self) -> frozenset[TopicPartition]:
        """The partitions read now."""
        ...

    def begin_rebalance(self) -> None:
        """Return no records until the next assignment."""
        ...

    def take_assignment(self, offsets: Mapping[TopicPartition, int | None]) -> None:
        """Read these partitions now, from the committed offsets or the start that was asked for."""
        ...

    def fail(self, error: BaseException) -> None:
        """Raise this from every poll."""
        ...


class Membership:
    """One consumer in one group."""

    def __init__(
        self,
        group: Group,
        topics: tuple[str, ...],
        assignor: Assignor,
        assignee: Assignee,
        listener: RebalanceListener | None,
    ) -> None:
        self._group = group
        self._assignee = assignee
        self._listener = listener
        self._rejoin = asyncio.Event()
        self._may_tell = asyncio.Event()
        self._member = Member(topics, assignor, self._rejoin.set)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Join, and wait for the first assignment; the listener hears of it when this has returned."""
        try:
            await self._join()
        except asyncio.CancelledError:
            self._group.leave(self._member)
            raise
        self._task = asyncio.create_task(self._follow(), name=f"member of {self._group.name}")
        self._may_tell.set()

    def commit(self, offsets: Mapping[TopicPartition, Committed]) -> None:
        """Commit offsets as this member."""
        self._group.commit(self._member, offsets)

    def committed(self) -> Mapping[TopicPartition, Committed]:
        """What the group has recorded."""
        return self._group.committed

    async def stop(self) -> None:
        """Leave the group."""
        self._group.leave(self._member)
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _join(self) -> None:
        self._rejoin.clear()
        assigned = await self._group.join(self._member)
        offsets = self._group.offsets
        self._assignee.take_assignment({partition: offsets.get(partition) for partition in assigned})

    async def _follow(self) -> None:
        await self._may_tell.wait()
        while True:
            if self._listener is not None:
                await self._tell(self._listener.assigned(self._assignee.assignment()))
            await self._rejoin.wait()
            self._assignee.begin_rebalance()
            if self._listener is not None and (partitions := self._assignee.assignment()):
                await self._tell(self._listener.revoked(partitions))
            await self._join()

    async def _tell(self, call: Coroutine[Any, Any, None]) -> None:
        [error] = await asyncio.gather(call, return_exceptions=True)
        if isinstance(error, BaseException):
            self._assignee.fail(error)
