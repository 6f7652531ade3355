"""Cancellation that nobody asked for: what ends so is not missed."""

import asyncio
from collections.abc import Collection, Mapping

import pytest

from collegium.cancellation import CancelledWithin
from collegium.log.memory import MemoryBroker, MemoryLog
from collegium.log.memory.producer import MemoryTransactionalProducer
from collegium.log.port import TopicDescription
from memory_worlds import NAMES, MemoryWorld, done, running, until
from orchestrator_worlds import RUN, line


class Treacherous(MemoryLog):
    """A log that cancels who asks it, as a library does with requests when it closes a connection.

    Args:
        broker: The broker.
        opens: So many openings of a producer are cancelled.
        topic: Whoever asks for it is cancelled, every time.
    """

    def __init__(self, broker: MemoryBroker, *, opens: int = 0, topic: str = "") -> None:
        super().__init__(broker)
        self.opens = opens
        self._topic = topic

    async def transactional_producer(self, transactional_id: str) -> MemoryTransactionalProducer:
        """Cancelled from within, some times."""
        if self.opens:
            self.opens -= 1
            await cancelled()
        return await super().transactional_producer(transactional_id)

    async def describe(self, topics: Collection[str]) -> Mapping[str, TopicDescription]:
        """Cancelled from within for the topic."""
        if self._topic in topics:
            await cancelled()
        return await super().describe(topics)


async def cancelled() -> None:
    """Wait for what has been cancelled."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.cancel()
    await future


async def test_a_partition_that_is_cancelled_from_within_is_opened_anew() -> None:
    """As after any error of step 6: else it would stay unserved, and the process would look well."""
    it = MemoryWorld(line("alpha"), 1)
    await it.prepare()
    log = Treacherous(it.broker, opens=3)
    orchestrator = it.orchestrator("one", log)
    async with running(orchestrator.run(), it.specialist("alpha", done)):
        await until(lambda: orchestrator.ready)
        await it.send("objectives", b'{"goal":"What is a topic?","playbook":"line","run_id":"%s"}' % RUN.encode(), RUN)
        await it.until_ended(1)
    assert log.opens == 0


async def test_a_part_of_the_process_that_is_cancelled_from_within_ends_it_loudly() -> None:
    """Without its reader of heartbeats it would go on and look well."""
    it = MemoryWorld(line("alpha"), 1)
    await it.prepare()
    orchestrator = it.orchestrator("one", Treacherous(it.broker, topic=NAMES("progress")))
    async with asyncio.timeout(20):
        with pytest.RaisesGroup(pytest.RaisesExc(CancelledWithin, match="heartbeats")):
            await orchestrator.run()
