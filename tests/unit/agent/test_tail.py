"""Following a compacted topic: from its beginning to its end, on from there, and again after an outage."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from agent_rig import BOUND_S, Rig, new_task, until
from collegium.agent.control import ControlTail
from collegium.agent.effects_book import State
from collegium.agent.effects_tail import EffectTail
from collegium.agent.errors import LogGone
from collegium.agent.patience import Patience
from collegium.agent.stopped import StoppedRuns
from collegium.agent.tail import Tail
from collegium.log.memory import MemoryBroker
from collegium.log.port import Log, Record
from cut_log import Link, cut_log

HASTY = Patience(first_pause_ms=1, longest_pause_ms=5)


class Told(Tail):
    """Remembers what it was told, in order."""

    def __init__(self, log: Log, topic: str, patience: Patience = HASTY) -> None:
        super().__init__(log, topic, patience)
        self.told: list[str] = []

    def take(self, record: Record) -> None:
        """A record."""
        self.told.append((record.value or b"gone").decode())

    def begin(self) -> None:
        """The beginning."""
        self.told.append("begin")

    def interrupted(self) -> None:
        """The outage."""
        self.told.append("interrupted")


@asynccontextmanager
async def following(tail: Tail) -> AsyncGenerator[None]:
    """A tail at work."""
    task = asyncio.create_task(tail.run())
    try:
        async with asyncio.timeout(BOUND_S):
            yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def outage(link: Link, meanwhile: Callable[[], Awaitable[object]]) -> None:
    """Cut the link, do something, and mend it."""
    before = link.refused
    link.cut = True
    await until(lambda: link.refused > before + 1, "reading has failed, and so has opening")
    await meanwhile()
    link.cut = False


async def test_it_catches_up_with_what_there_is_and_goes_on(rig: Rig) -> None:
    """`caught_up` is set after the last record that existed; later ones come as they are written, tombstones too."""
    await rig.write("effects", b"a", b"1", partition=0)
    await rig.write("effects", b"b", b"2", partition=1)
    tail = Told(rig.log, rig.names("effects"))
    async with following(tail):
        await tail.caught_up.wait()
        assert (tail.told[0], sorted(tail.told[1:])) == ("begin", ["1", "2"])
        gone = await rig.write("effects", b"a", None, partition=0)
        await tail.past(0, gone.offset)
        assert tail.told[-1] == "gone"
    assert tail.partitions == 2


async def test_an_empty_topic_is_caught_up_with_at_once(rig: Rig) -> None:
    """There is nothing to wait for."""
    tail = Told(rig.log, rig.names("control"))
    async with following(tail):
        await tail.caught_up.wait()
    assert tail.told == ["begin", "interrupted"]


async def test_after_an_outage_it_begins_again(rig: Rig, broker: MemoryBroker) -> None:
    """Records that were compacted away meanwhile do not come again, which `begin` gives a chance to notice."""
    link = Link()
    await rig.write("control", b"a", b"1", partition=0)
    tail = Told(cut_log(broker, link), rig.names("control"))

    async def meanwhile() -> None:
        await rig.write("control", b"a", b"2", partition=0)
        broker.compact(rig.names("control"))

    async with following(tail):
        await tail.caught_up.wait()
        await outage(link, meanwhile)
        await tail.past(0, 1)
        assert tail.told == ["begin", "1", "interrupted", "begin", "2"]


async def test_a_log_that_stays_away_ends_it(rig: Rig, broker: MemoryBroker) -> None:
    """Past the bound, whoever runs it hears of it."""
    link = Link()
    link.cut = True
    tail = Told(cut_log(broker, link), rig.names("control"), Patience(bound_ms=10, first_pause_ms=5))
    with pytest.raises(LogGone):
        async with asyncio.timeout(BOUND_S):
            await tail.run()


async def test_stop_orders_hold_through_an_outage(rig: Rig, broker: MemoryBroker) -> None:
    """A process that has read its orders once goes on working, and stops what it was told to stop."""
    link, stopped, task = Link(), StoppedRuns(), new_task()
    await rig.stop_run(task.run_id)
    tail = ControlTail(cut_log(broker, link), rig.names("control"), stopped, lambda _: None, HASTY)
    seen: list[bool] = []

    async def meanwhile() -> None:
        seen.append(tail.caught_up.is_set() and stopped.covers(task))

    async with following(tail):
        await tail.caught_up.wait()
        await outage(link, meanwhile)
    assert seen == [True]


async def test_effects_are_forgotten_in_an_outage(rig: Rig, broker: MemoryBroker) -> None:
    """Nobody acts on what is known of effects until all of it has been read again."""
    link = Link()
    await rig.write("effects", b"r/s/e", b"not an effect", ())
    tail = EffectTail(cut_log(broker, link), rig.names("effects"), HASTY, capacity=10)
    seen: list[bool] = []

    async def meanwhile() -> None:
        seen.append(tail.caught_up.is_set())
        await rig.write("effects", b"r/s/e", None, ())
        broker.compact(rig.names("effects"))

    async with following(tail):
        await tail.caught_up.wait()
        assert tail.standing("r/s/e").state is State.UNKNOWN
        await outage(link, meanwhile)
        await tail.caught_up.wait()
        assert tail.standing("r/s/e").state is State.FREE
    assert seen == [False]
