"""A member of the group that hears nothing, while Kafka answers others, ends for its supervisor to start it anew."""

import asyncio
import uuid
from collections.abc import Collection, Mapping, Sequence

import pytest

from collegium.log.errors import LogUnavailable
from collegium.log.memory import MemoryBroker, MemoryLog
from collegium.log.port import Consumer, Record, TopicPartition
from collegium.orchestrator.shell.service import Orchestrator
from memory_worlds import MemoryWorld, done, running
from orchestrator_worlds import line


class DeafLog(MemoryLog):
    """A log whose group members hear nothing while `deaf`, and which answers nothing while `gone`.

    The first `deaf_members` of them hear nothing in any case.
    """

    def __init__(self, broker: MemoryBroker) -> None:
        super().__init__(broker)
        self.deaf = True
        self.gone = False
        self.members = 0
        self.deaf_members = 0
        self.refused = asyncio.Event()

    async def subscribe(self, *args: object, **kwargs: object) -> Consumer:  # type: ignore[override]
        """Join, and hear nothing."""
        consumer = await super().subscribe(*args, **kwargs)  # type: ignore[arg-type]
        hear = consumer.poll
        self.members += 1
        number = self.members

        async def poll(**bounds: object) -> Mapping[TopicPartition, Sequence[Record]]:
            if self.deaf or number <= self.deaf_members:
                self.refused.set()
                raise LogUnavailable("nothing is heard")
            return await hear(**bounds)  # type: ignore[arg-type]

        consumer.poll = poll  # type: ignore[method-assign]
        return consumer

    async def end_offsets(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """The ends, unless the log is gone."""
        if self.gone:
            raise LogUnavailable("gone")
        return await super().end_offsets(partitions)


async def test_a_deaf_member_ends_with_the_reason() -> None:
    """Others are answered: waiting would never end."""
    it = MemoryWorld(line("alpha"), 1)
    await it.prepare()
    shared = it.context(DeafLog(it.broker))
    with pytest.raises(ExceptionGroup) as caught:
        await Orchestrator(shared, deaf_ms=0).run()
    assert caught.group_contains(LogUnavailable, match="not to this member")


async def test_a_member_of_an_absent_log_waits() -> None:
    """Nobody is answered: it goes on when the log is back."""
    it = MemoryWorld(line("alpha"), 1)
    await it.prepare()
    log = DeafLog(it.broker)
    shared = it.context(log)
    async with running(Orchestrator(shared, deaf_ms=1_500).run(), it.specialist("alpha", done)):
        await log.refused.wait()
        log.gone = True
        log.refused.clear()
        for _ in range(3):  # longer than it would wait alone
            await log.refused.wait()
            log.refused.clear()
        log.deaf = log.gone = False
        run_id = str(uuid.uuid4())
        await it.send("objectives", b'{"goal":"x","playbook":"line","run_id":"%s"}' % run_id.encode(), run_id)
        assert run_id in await it.until_ended(1)


async def test_a_member_that_falls_deaf_joins_anew() -> None:
    """It was heard before: another membership in the same process goes on where it stood."""
    it = MemoryWorld(line("alpha"), 1)
    await it.prepare()
    log = DeafLog(it.broker)
    log.deaf = False
    shared = it.context(log)
    async with running(Orchestrator(shared, deaf_ms=0).run(), it.specialist("alpha", done)):
        await it.send("objectives", b'{"goal":"x","playbook":"line"}')
        await it.until_ended(1)
        log.deaf_members = log.members
        await it.send("objectives", b'{"goal":"y","playbook":"line"}')
        await it.until_ended(2)
    assert log.members == 2
