"""Reading run-events directly, on the memory log."""

from collections.abc import AsyncIterator

import pytest

from collegium.ledger.folding import RunRecord, fold
from collegium.ledger.reading import HistoryReader
from collegium.ledger.views import HistoryPosition
from collegium.log.errors import TopicMismatch
from collegium.log.memory import MemoryBroker, MemoryLog
from collegium.log.port import Log, Outgoing
from collegium.log.topics import TopicNames
from run_histories import RUN_ID, cancelled_run, completed_run
from runs_on_log import create_topics, publish

NAMES = TopicNames()
OTHER = "0199c5a0-0000-7000-8000-000000000002"


@pytest.fixture
async def log() -> AsyncIterator[Log]:
    """A memory log with all topics."""
    async with MemoryLog(MemoryBroker(clock=lambda: 0)) as opened:
        await create_topics(opened, NAMES)
        yield opened


async def test_the_view_is_the_one_that_its_decisions_fold_to(log: Log) -> None:
    """Reading one run back, among others, gives what folding its decisions gives, with its position."""
    await publish(log, NAMES, [*completed_run(), *cancelled_run(OTHER)])
    found = (await HistoryReader(log, NAMES).record(RUN_ID)).view()
    record = RunRecord()
    for decision in completed_run():
        record = fold(record, decision)
    expected = record.view()
    assert found is not None
    assert expected is not None
    assert found.history is not None
    assert found.model_copy(update={"history": None}) == expected


async def test_all_runs_are_found_and_a_prefix_narrows_them(log: Log) -> None:
    """`records` has each run once; a prefix keeps only its runs."""
    await publish(log, NAMES, [*completed_run(), *cancelled_run(OTHER)])
    reader = HistoryReader(log, NAMES)
    assert set(await reader.records()) == {RUN_ID, OTHER}
    assert set(await reader.records(prefix=OTHER)) == {OTHER}


async def test_an_unknown_run_gives_an_empty_record(log: Log) -> None:
    """Nothing is known of a run without decisions, on empty and on filled partitions."""
    reader = HistoryReader(log, NAMES)
    assert (await reader.record(RUN_ID)).view() is None
    await publish(log, NAMES, completed_run())
    assert (await reader.record(OTHER)).view() is None


async def test_decisions_come_once_and_in_order(log: Log) -> None:
    """A history that was written twice is read as one; the limit bounds it; a known position is the start."""
    history = completed_run()
    await publish(log, NAMES, history + history)
    reader = HistoryReader(log, NAMES)
    assert await reader.decisions(RUN_ID) == history
    assert await reader.decisions(RUN_ID, limit=2) == history[:2]
    home = await reader.home(RUN_ID)
    late = HistoryPosition(partition=home.partition, first_offset=len(history) + 8, last_offset=99)
    assert [decision.version for decision in await reader.decisions(RUN_ID, history=late)] == [9, 10]


async def test_records_that_are_no_decisions_are_passed_over(log: Log) -> None:
    """A body that cannot be decoded does not stop the reading of what can."""
    producer = await log.producer()
    await (await producer.send(Outgoing(NAMES("run-events"), RUN_ID.encode(), b"\xff{")))
    await publish(log, NAMES, completed_run())
    assert (await HistoryReader(log, NAMES).record(RUN_ID)).version == 10


async def test_a_missing_topic_says_how_to_create_it() -> None:
    """Without run-events the error names the command that creates it."""
    async with MemoryLog(MemoryBroker(clock=lambda: 0)) as log:
        with pytest.raises(TopicMismatch, match="collegium topics create"):
            await HistoryReader(log, NAMES).record(RUN_ID)
