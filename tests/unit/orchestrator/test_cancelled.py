"""Cancellation that nobody asked for: a part of the orchestrator that ends so is not missed."""

import asyncio

import pytest

from collegium.cancellation import CancelledWithin
from collegium.log.memory import MemoryLog
from collegium.log.memory.producer import MemoryTransactionalProducer
from memory_worlds import MemoryWorld
from orchestrator_worlds import line


class Treacherous(MemoryLog):
    """A log that cancels whoever opens a partition's producer, as a library does with requests when it closes."""

    async def transactional_producer(self, transactional_id: str) -> MemoryTransactionalProducer:
        """Cancelled from within."""
        future: asyncio.Future[MemoryTransactionalProducer] = asyncio.get_running_loop().create_future()
        future.cancel()
        return await future


async def test_a_partition_that_is_cancelled_from_within_ends_the_process_loudly() -> None:
    """Else it would stay unserved, and the process would look well."""
    it = MemoryWorld(line("alpha"), 1)
    await it.prepare()
    orchestrator = it.orchestrator("one", Treacherous(it.broker))
    async with asyncio.timeout(20):
        with pytest.RaisesGroup(pytest.RaisesExc(CancelledWithin, match="partition 0")):
            await orchestrator.run()
