"""aiokafka's rebalance callbacks as the port's listener."""

import asyncio
import logging
from collections.abc import Collection, Coroutine
from typing import Any

from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.structs import TopicPartition as KafkaPartition

from collegium.log.kafka.records import to_partition
from collegium.log.port import RebalanceListener

_logger = logging.getLogger(__name__)


class ListenerAdapter(ConsumerRebalanceListener):
    """Tells the port's listener, once `subscribe` has returned; keeps its error for the poller.

    aiokafka would log a listener's exception and go on as if nothing had happened.
    """

    def __init__(self, group: str, listener: RebalanceListener | None) -> None:
        self._group = group
        self._listener = listener
        self._released = asyncio.Event()
        self._call: asyncio.Task[None] | None = None
        self.error: BaseException | None = None
        """What the listener has raised."""

    def release(self) -> None:
        """The consumer has been handed out: the listener may be told."""
        self._released.set()

    def abandon(self) -> None:
        """The consumer closes: tell nobody any more."""
        self._listener = None
        self._released.set()
        if self._call is not None:
            self._call.cancel()

    # aiokafka awaits what these two return, though it annotates them as plain functions.
    async def on_partitions_revoked(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, revoked: Collection[KafkaPartition]
    ) -> None:
        """Aiokafka's callback before a rebalance."""
        if revoked and self._listener is not None:
            await self._tell(self._listener.revoked(frozenset(map(to_partition, revoked))))

    async def on_partitions_assigned(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, assigned: Collection[KafkaPartition]
    ) -> None:
        """Aiokafka's callback after a rebalance."""
        names = sorted(f"{each.topic}-{each.partition}" for each in assigned)
        _logger.info("group %s: this member reads %s", self._group, ", ".join(names) or "nothing")
        await self._released.wait()
        if self._listener is not None:
            await self._tell(self._listener.assigned(frozenset(map(to_partition, assigned))))

    async def _tell(self, call: Coroutine[Any, Any, None]) -> None:
        self._call = asyncio.create_task(call)
        [outcome] = await asyncio.gather(self._call, return_exceptions=True)
        self._call = None
        if isinstance(outcome, BaseException) and self._listener is not None:
            self.error = outcome
