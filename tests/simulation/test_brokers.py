"""Kafka's behaviour under faults, as the simulated log shows it to one node."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from random import Random

import pytest

from collegium.log.errors import Fenced, LogError, LogUnavailable, OutcomeUnknown
from collegium.log.memory.transactions import Session
from collegium.log.port import NewTopic, Outgoing, Record, TopicPartition
from collegium.simulation.broker import TRANSACTION_TIMEOUT_S, SimulatedBroker
from collegium.simulation.link import REQUEST_TIMEOUT_S, SESSION_TIMEOUT_S, Fate, Fates, Link
from collegium.simulation.log import SimulatedLog
from collegium.simulation.loop import VirtualLoop
from collegium.simulation.producing import SimulatedTransactionalProducer

TOPIC = TopicPartition("t", 0)


def numbers(seed: int) -> Random:
    """The same numbers again."""
    return Random(seed)  # noqa: S311 - a seed gives the same story again


class Quiet:
    """Watches nothing."""

    def written(self, record: Record) -> None:
        """Nothing."""

    def decided(self, session: Session, records: Sequence[Record]) -> None:
        """Nothing."""

    def lost(self, record: Outgoing) -> None:
        """Nothing."""

    def offsets_committed(
        self, group: str, before: Mapping[TopicPartition, int], offsets: Mapping[TopicPartition, int]
    ) -> None:
        """Nothing."""

    def reading(self, node: str, partitions: object) -> None:
        """Nothing."""

    def opened(self, node: str, session: Session) -> None:
        """Nothing."""


class Brokers:
    """A simulated cluster with one topic of one partition."""

    def __init__(self) -> None:
        self.loop = VirtualLoop(numbers(5))
        self.broker = SimulatedBroker(self.loop, lambda: int(self.loop.time() * 1_000), numbers(6), Quiet())
        self.broker.create([NewTopic("t", 1, {})])

    def node(self, name: str) -> tuple[SimulatedLog, Link]:
        """A node's log and its link."""
        link = Link(name, self.loop, numbers(7))
        return SimulatedLog(self.broker, link, numbers(8), name, Quiet()), link

    def values(self) -> list[bytes | None]:
        """What a reader sees."""
        records, _ = self.broker.partition(TOPIC).read(0, 100)
        return [record.value for record in records]

    def run(self, story: Callable[[], Coroutine[object, object, None]]) -> None:
        """Live through a story, and let what is under way arrive."""

        async def all_of_it() -> None:
            await story()
            await asyncio.sleep(10)

        try:
            self.loop.run_until_complete(all_of_it())
        finally:
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.loop.forgive()
            self.loop.run_until_complete(asyncio.sleep(0.1))
            self.loop.close()


async def opened(log: SimulatedLog, value: bytes) -> SimulatedTransactionalProducer:
    """A producer of the transactional id `id`, with one record in its open transaction."""
    producer = await log.transactional_producer("id")
    await producer.begin()
    await (await producer.send(Outgoing("t", b"k", value)))
    return producer


@pytest.mark.parametrize(
    ("fate", "written"), [(Fate.LOST, False), (Fate.REFUSED, False), (Fate.ANSWER_LOST, True), (Fate.LATE, True)]
)
def test_a_commit_may_have_happened(fate: Fate, *, written: bool) -> None:
    """The sender cannot tell a commit that was lost from one whose answer was."""
    brokers = Brokers()
    log, link = brokers.node("a")

    async def story() -> None:
        producer = await opened(log, b"v")
        link.fates.arm("commit", fate)
        with pytest.raises(OutcomeUnknown):
            await producer.commit()
        await asyncio.sleep(REQUEST_TIMEOUT_S * 3)

    brokers.run(story)
    assert brokers.values() == ([b"v"] if written else [])


def test_a_record_that_was_not_written_keeps_its_transaction_from_committing() -> None:
    """Commit looks at what became of every record."""
    brokers = Brokers()
    log, link = brokers.node("a")

    async def story() -> None:
        producer = await log.transactional_producer("id")
        await producer.begin()
        link.fates.arm("txn_produce", Fate.REFUSED)
        await producer.send(Outgoing("t", b"k", b"v"))
        with pytest.raises(OutcomeUnknown):
            await producer.commit()

    brokers.run(story)
    assert brokers.values() == []


def test_an_abandoned_transaction_expires() -> None:
    """What a dead node left open is aborted by its coordinator; readers wait until then."""
    brokers = Brokers()
    log, link = brokers.node("a")
    other, _ = brokers.node("b")

    async def story() -> None:
        await opened(log, b"open")
        link.sever()
        await (await (await other.producer()).send(Outgoing("t", b"k", b"after")))
        assert brokers.values() == []
        await asyncio.sleep(TRANSACTION_TIMEOUT_S + 1)
        assert brokers.values() == [b"after"]

    brokers.run(story)


def test_a_late_request_of_a_fenced_producer_is_refused() -> None:
    """A zombie's commit arrives after its successor has opened: nothing of it shows."""
    brokers = Brokers()
    log, link = brokers.node("a")
    other, _ = brokers.node("b")

    async def story() -> None:
        producer = await opened(log, b"zombie")
        link.fates.arm("commit", Fate.LATE)
        committing = asyncio.ensure_future(producer.commit())
        await asyncio.sleep(0.1)
        await other.transactional_producer("id")
        with pytest.raises(OutcomeUnknown):
            await committing
        await asyncio.sleep(REQUEST_TIMEOUT_S * 3)
        assert brokers.values() == []

    brokers.run(story)


def test_a_fenced_producer_hears_of_it_with_its_next_transaction() -> None:
    """The coordinator knows only the newest of an id."""
    brokers = Brokers()
    log, _ = brokers.node("a")
    other, _ = brokers.node("b")

    async def story() -> None:
        producer = await log.transactional_producer("id")
        await other.transactional_producer("id")
        await producer.begin()
        with pytest.raises(Fenced):
            await (await producer.send(Outgoing("t", b"k", b"v")))

    brokers.run(story)


def test_a_silent_member_loses_its_partitions() -> None:
    """After the session time-out the others share them, and the silent one may not commit offsets."""
    brokers = Brokers()
    log, link = brokers.node("a")
    other, _ = brokers.node("b")

    async def story() -> None:
        first = await log.subscribe(["t"], group="g")
        assert first.assignment() == {TOPIC}
        link.cut()
        second = await other.subscribe(["t"], group="g")
        await asyncio.sleep(SESSION_TIMEOUT_S + 1)
        assert second.assignment() == {TOPIC}
        with pytest.raises(LogUnavailable):
            await first.commit({TOPIC: 0})

    brokers.run(story)


def test_a_severed_node_reaches_nobody() -> None:
    """Nothing that a dead node does has an effect, though what it sent before arrives."""
    brokers = Brokers()
    log, link = brokers.node("a")

    async def story() -> None:
        producer = await log.producer()
        await producer.send(Outgoing("t", b"k", b"sent before"))
        link.sever()
        with pytest.raises(LogUnavailable):
            await producer.send(Outgoing("t", b"k", b"sent after"))

    brokers.run(story)
    assert brokers.values() == [b"sent before"]


def test_a_fault_that_waits_is_met_once_and_by_whoever_comes() -> None:
    """Nodes that share fates: the first request of the kind has it and tells so; laid in wait alone is not met."""
    brokers, fates, met = Brokers(), Fates(), list[str]()
    link = Link("a", brokers.loop, numbers(7), fates)
    other = Link("b", brokers.loop, numbers(7), fates)
    fates.arm("find", Fate.REFUSED, lambda: met.append("find"))
    fates.arm("effect", Fate.REFUSED, lambda: met.append("effect"))

    async def story() -> None:
        with pytest.raises(LogUnavailable):
            await other.call("effect", lambda: None)
        await link.call("effect", lambda: None)

    brokers.run(story)
    assert met == ["effect"]


def test_a_doomed_transaction_is_one_that_was_open() -> None:
    """One that is committed in time lives, and nothing is told; the one that is still open then is aborted."""
    brokers, met = Brokers(), list[float]()
    log, _ = brokers.node("a")

    async def story() -> None:
        producer = await log.transactional_producer("id")
        brokers.broker.coordinator.doom(0.5, lambda: met.append(brokers.loop.time()))
        for value, open_s in ((b"quick", 0.0), (b"slow", 1.0)):
            await producer.begin()
            await (await producer.send(Outgoing("t", b"k", value)))
            await asyncio.sleep(open_s)
            if open_s:
                with pytest.raises(LogError):
                    await producer.commit()
            else:
                await producer.commit()
                await asyncio.sleep(1)
                assert met == []

    brokers.run(story)
    assert len(met) == 1
    assert brokers.values() == [b"quick"]


def test_faults_that_find_nothing_have_not_happened() -> None:
    """A cleaner that removes nothing and a rebalance of an empty group say so."""
    brokers = Brokers()
    log, _ = brokers.node("a")

    async def story() -> None:
        assert not brokers.broker.group("nobody").rebalance()
        producer = await log.producer()
        await (await producer.send(Outgoing("t", b"k", b"1")))
        assert brokers.broker.cleaned("t", keep_tombstones=False) == 0
        await (await producer.send(Outgoing("t", b"k", b"2")))
        assert brokers.broker.cleaned("t", keep_tombstones=False) == 1

    brokers.run(story)
