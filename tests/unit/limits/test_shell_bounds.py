"""Bounds of an orchestrator's shell and of playbook files, met on the memory log."""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Mapping, Sequence
from pathlib import Path

import pytest

from collegium.log.dead_letters import MAX_REASON_CHARS, dead_letter
from collegium.log.memory import MemoryLog
from collegium.log.memory.consumer import MemoryConsumer
from collegium.log.partitioner import partition_for
from collegium.log.port import Log, Outgoing, Position, Record, StartAt, TopicPartition, TransactionalProducer
from collegium.orchestrator.playbooks.loader import MAX_PLAYBOOK_BYTES, PlaybookError, load_playbook
from collegium.orchestrator.shell.beats import (
    _MOST_POLLS,  # pyright: ignore[reportPrivateUsage] - the bound itself
    AttemptId,
    BeatReader,
)
from collegium.orchestrator.shell.owner import OwnerLimits
from collegium.orchestrator.shell.retelling import last_spans
from collegium.orchestrator.shell.service import Orchestrator
from collegium_schemas.envelope import Envelope, encode_headers
from collegium_schemas.events import RunDecided
from memory_worlds import NAMES, MemoryWorld, done, now_ms, running, transaction_sizes, until
from orchestrator_worlds import line
from run_histories import completed_run


async def world() -> MemoryWorld:
    """A prepared world with one partition and one step."""
    made = MemoryWorld(line("alpha"), 1)
    await made.prepare()
    return made


def orchestrator(it: MemoryWorld, limits: OwnerLimits, log: Log | None = None) -> Orchestrator:
    """An orchestrator with other bounds."""
    return Orchestrator(it.context(log, limits))


async def test_a_transaction_takes_at_most_so_many_inputs() -> None:
    """What does not fit waits for the next one; nothing is lost."""
    it = await world()
    for _ in range(20):
        await it.send("objectives", b"no JSON")
    one = orchestrator(it, OwnerLimits(batch_records=3))
    async with running(one.run()):
        await it.until_ended(20)
    assert max(transaction_sizes(await it.read("dead-letters"))) == 3


async def test_a_full_inbox_pauses_its_topics_until_half_of_it_is_done() -> None:
    """With room for ten, a hundred inputs are all taken, and never many at once."""
    it = await world()
    for _ in range(100):
        await it.send("objectives", b"no JSON")
    one = orchestrator(it, OwnerLimits(inbox_records=10, batch_records=4))
    async with running(one.run()):
        await it.until_ended(100)
    letters = await it.read("dead-letters")
    assert len(letters) == 100
    assert max(transaction_sizes(letters)) <= 4


async def test_runs_beyond_the_decoded_ones_are_decoded_again() -> None:
    """With one run decoded at a time, all complete."""
    it = await world()
    one = orchestrator(it, OwnerLimits(decoded_runs=1))
    async with running(one.run(), it.specialist("alpha", done)):
        for _ in range(10):
            await it.send("objectives", json.dumps({"goal": "What is tea?", "playbook": "line"}).encode())
        runs = await it.until_ended(10)
    assert all(history[-1].events[-1].type == "run_ended" for history in runs.values())


class StuckOnce:
    """A transactional producer whose commit waits for ever; the ones after it are real."""

    def __init__(self, inner: TransactionalProducer) -> None:
        self._inner = inner

    async def begin(self) -> None:
        """As the real one."""
        await self._inner.begin()

    async def send(self, record: Outgoing) -> Awaitable[Position]:
        """As the real one."""
        return await self._inner.send(record)

    async def commit(self) -> None:
        """Never."""
        await asyncio.Event().wait()

    async def abort(self) -> None:
        """As the real one."""
        await self._inner.abort()

    async def close(self) -> None:
        """As the real one."""
        await self._inner.close()


class StuckLog(MemoryLog):
    """A log whose first two transactional producers are stuck."""

    stuck = 2

    async def transactional_producer(  # pyright: ignore[reportIncompatibleMethodOverride] - the port promises no more
        self, transactional_id: str
    ) -> TransactionalProducer:
        """A producer, stuck or real."""
        inner = await super().transactional_producer(transactional_id)
        self.stuck -= 1
        return StuckOnce(inner) if self.stuck >= 0 else inner


async def test_a_transaction_that_takes_too_long_counts_as_unknown() -> None:
    """Its producers are dropped, state is read again, and the input is decided once."""
    it = await world()
    one = orchestrator(it, OwnerLimits(transaction_ms=50, longest_pause_ms=1), StuckLog(it.broker))
    async with running(one.run(), it.specialist("alpha", done)):
        await it.send("objectives", json.dumps({"goal": "What is tea?", "playbook": "line"}).encode())
        (history,) = (await it.until_ended(1)).values()
    assert [decided.version for decided in history] == [1, 2]
    assert it.dispatched == [f"{history[0].run_id}/alpha/1"]


class SlowLog(MemoryLog):
    """A log of which the first partition that is read does not come."""

    hanging = 1

    async def assign(self, partitions: Mapping[TopicPartition, int | StartAt]) -> MemoryConsumer:
        """For ever, once."""
        if self.hanging:
            self.hanging -= 1
            await asyncio.Event().wait()
        return await super().assign(partitions)


async def test_a_restore_that_takes_too_long_is_begun_again() -> None:
    """A read that never ends does not keep the partition without owner."""
    it = await world()
    log = SlowLog(it.broker)
    one = orchestrator(it, OwnerLimits(restore_ms=500, first_pause_ms=1, longest_pause_ms=1), log)
    async with running(one.run(), it.specialist("alpha", done)):
        await it.send("objectives", json.dumps({"goal": "What is tea?", "playbook": "line"}).encode())
        await it.until_ended(1)
    assert log.hanging == 0


class EndlessLog(MemoryLog):
    """A log of which every poll has one more record."""

    polls = 0

    async def assign(self, partitions: Mapping[TopicPartition, int | StartAt]) -> MemoryConsumer:
        """A reader that never comes to an end."""
        consumer = await super().assign(partitions)
        consumer.poll = self._more  # type: ignore[method-assign]
        return consumer

    async def _more(self, *, max_records: int, timeout_ms: int) -> Mapping[TopicPartition, Sequence[Record]]:
        self.polls += 1
        source = TopicPartition(NAMES("progress"), 0)
        return {source: [Record(source.topic, 0, self.polls, 0, b"k", b"v")]}


class Awaiting:
    """An owner that awaits nobody."""

    def awaits(self, attempt: AttemptId) -> bool:
        """No."""
        return False

    def lost(self, attempt: AttemptId) -> None:
        """Nobody is."""


async def test_signs_of_life_without_end_do_not_keep_the_reader_from_looking() -> None:
    """After so many polls it looks who is silent, and hears the rest at the next look."""
    it = await world()
    log = EndlessLog(it.broker)
    reader = BeatReader(log, NAMES, {0: Awaiting()}, partitions=1, lost_ms=4, clock=now_ms)
    async with running(reader.run()):
        await until(lambda: reader.looks >= 2)
    assert reader.looks * _MOST_POLLS <= log.polls <= (reader.looks + 1) * _MOST_POLLS


async def put_histories(it: MemoryWorld, count: int) -> None:
    """Histories of runs that completed."""
    async with MemoryLog(it.broker) as log:
        producer = await log.producer()
        for _ in range(count):
            for decided in completed_run(str(uuid.uuid4())):
                headers = encode_headers(Envelope(decided.event_id, "/test", RunDecided.TYPE, decided.at_ms))
                key = decided.run_id.encode()
                home = partition_for(key, 1)
                await (await producer.send(Outgoing(NAMES("run-events"), key, decided.to_json(), headers, home)))


async def test_a_takeover_looks_at_so_many_records_of_history() -> None:
    """Runs that began before what is looked at are not told again: of five runs with ten decisions, the last three."""
    it = await world()
    await put_histories(it, 5)
    async with MemoryLog(it.broker) as log:
        whole = list(await last_spans(log, NAMES, 0, window_ms=1_000_000, most=1_000))
        part = list(await last_spans(log, NAMES, 0, window_ms=1_000_000, most=35))
    assert len(whole) > 5
    assert len(part) * 5 == len(whole) * 3


async def test_a_takeover_tells_the_spans_of_so_long_again() -> None:
    """A window of no length holds the newest decision of each of five runs, which end at the same moment."""
    it = await world()
    await put_histories(it, 5)
    async with MemoryLog(it.broker) as log:
        whole = list(await last_spans(log, NAMES, 0, window_ms=1_000_000, most=1_000))
        part = list(await last_spans(log, NAMES, 0, window_ms=0, most=1_000))
    newest_ms = max(span.end_ms for span in whole)
    assert 0 < len(part) < len(whole)
    assert {span.end_ms for span in part} == {newest_ms}


def test_a_playbook_file_has_at_most_so_many_bytes(tmp_path: Path) -> None:
    """A file at the bound is read, one past it is refused with the bound."""
    text = "name: big\nsteps: [{id: a, role: a, instruction: a}]\n"
    path = tmp_path / "big.yaml"
    path.write_text(text + "#" * (MAX_PLAYBOOK_BYTES - len(text)))
    assert load_playbook(path).name == "big"
    path.write_text(text + "#" * (MAX_PLAYBOOK_BYTES - len(text) + 1))
    with pytest.raises(PlaybookError, match=str(MAX_PLAYBOOK_BYTES)):
        load_playbook(path)


def test_the_reason_of_a_dead_letter_is_cut() -> None:
    """A reason may quote what was sent."""
    record = Record("t", 0, 0, 0, b"k", b"v")
    letter = dead_letter(record, topic="d", stage="s", error_class="E", reason="r" * (MAX_REASON_CHARS + 1))
    assert len(dict(letter.headers)["__connect.errors.exception.message"]) == MAX_REASON_CHARS
