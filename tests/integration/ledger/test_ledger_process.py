"""The Faust ledger as a process on a real broker."""

import asyncio
import signal
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uuid6

from collegium.ledger.reading import HistoryReader
from collegium.ledger.topics import VIEWS, ledger_topics
from collegium.log.kafka import open_log
from collegium.log.port import Log, NewTopic, Outgoing, TopicPartition
from collegium.log.settings import KafkaSettings
from collegium.log.topics import TopicNames
from collegium_schemas.objective import RunStatus
from ledger_process import ledger
from run_histories import cancelled_run, completed_run
from runs_on_log import create_topics, outgoing, publish

HOSTILE = {
    "PROCESSING_GUARANTEE": "exactly_once",
    "WEB_ENABLED": "true",
    "BROKER_URL": "kafka://127.0.0.1:1",
    "APP_DATADIR": "/proc/none",
}
"""Faust reads such variables over its arguments, unless it is told not to."""


@pytest.fixture
def names() -> TopicNames:
    """Topics of one's own."""
    return TopicNames(f"ledger-{uuid.uuid4().hex[:8]}.")


@pytest.fixture
async def log(kafka_bootstrap: str, names: TopicNames) -> AsyncIterator[Log]:
    """A connection to the broker, with all topics."""
    async with open_log(KafkaSettings(bootstrap=kafka_bootstrap, topic_prefix=names.prefix)) as opened:
        await create_topics(opened, names)
        await opened.create(ledger_topics(names, 4))
        yield opened


def new_run() -> str:
    """A run_id."""
    return str(uuid6.uuid7())


async def test_it_serves_what_the_topics_say(kafka_bootstrap: str, names: TopicNames, log: Log, tmp_path: Path) -> None:
    """Views, lists, history and latencies over HTTP are what folding the topics gives; SIGTERM ends it cleanly."""
    before, after = new_run(), new_run()
    await publish(log, names, completed_run(before))
    async with ledger(kafka_bootstrap, names.prefix, tmp_path, HOSTILE) as running:
        await running.until_ready()
        await running.until_version(before, 10)
        await publish(log, names, [*completed_run(after), *completed_run(after)])
        view = await running.until_version(after, 10)
        assert view == (await HistoryReader(log, names).record(after)).view()
        page = await running.until_complete(complete=True)
        assert {run.run_id for run in page.runs} == {before, after}
        events = (await running.get(f"/runs/{after}/events")).json()
        assert [event["version"] for event in events] == list(range(1, 11))
        counts = {stage.role: stage.count for stage in (await running.latencies()).stages if stage.stage == "total"}
        assert counts == {"retrieval": 6, "delivery": 2, "run": 2}
        assert "collegium_ledger_records_total" in (await running.get("/metrics")).text
        assert await running.end(signal.SIGTERM) == 0


async def test_decisions_of_aborted_transactions_are_not_shown(
    kafka_bootstrap: str, names: TopicNames, log: Log, tmp_path: Path
) -> None:
    """Only committed decisions count, as for every reader of run-events."""
    run_id = new_run()
    history, other = completed_run(run_id), completed_run(run_id, goal="never committed")
    producer = await log.transactional_producer(f"{names.prefix}test")
    await producer.begin()
    for acknowledged in [await producer.send(outgoing(names, decision)) for decision in other]:
        await acknowledged
    await producer.abort()
    for decision in history:
        await producer.begin()
        await (await producer.send(outgoing(names, decision)))
        await producer.commit()
    async with ledger(kafka_bootstrap, names.prefix, tmp_path) as running:
        assert (await running.until_version(run_id, 10)).goal == "Compare A and B"


async def test_a_killed_ledger_goes_on_where_its_views_end(
    kafka_bootstrap: str, names: TopicNames, log: Log, tmp_path: Path
) -> None:
    """After kill -9 and a restart the old views are there, and what happened meanwhile is folded in."""
    old, across = new_run(), new_run()
    history = completed_run(across)
    await publish(log, names, [*cancelled_run(old), *history[:5]])
    async with ledger(kafka_bootstrap, names.prefix, tmp_path) as first:
        await first.until_version(old, 2)
        await first.until_version(across, 5)
        await first.end(signal.SIGKILL)
    await publish(log, names, history[5:])
    async with ledger(kafka_bootstrap, names.prefix, tmp_path) as second:
        view = await second.until_version(across, 10)
        assert view == (await HistoryReader(log, names).record(across)).view()
        assert (await second.until_version(old, 2)).status is RunStatus.CANCELLED


async def test_lost_views_are_folded_again(kafka_bootstrap: str, names: TopicNames, log: Log, tmp_path: Path) -> None:
    """A changelog that holds something else counts for nothing, whatever the group's offsets say."""
    run_id = new_run()
    await publish(log, names, completed_run(run_id))
    async with ledger(kafka_bootstrap, names.prefix, tmp_path) as first:
        await first.until_version(run_id, 10)
        assert await first.end(signal.SIGTERM) == 0
    home = await HistoryReader(log, names).home(run_id)
    producer = await log.producer()
    spoilt = Outgoing(names(VIEWS), f"{run_id}/head".encode(), b"from another version", partition=home.partition)
    await (await producer.send(spoilt))
    async with ledger(kafka_bootstrap, names.prefix, tmp_path) as second:
        view = await second.until_version(run_id, 10)
        assert view == (await HistoryReader(log, names).record(run_id)).view()


async def test_old_ended_runs_make_room(kafka_bootstrap: str, names: TopicNames, log: Log, tmp_path: Path) -> None:
    """With room for one run a partition, each partition keeps its newest, also after a restart."""
    runs = [new_run() for _ in range(24)]
    reader = HistoryReader(log, names)
    newest: dict[int, str] = {}
    for number, run_id in enumerate(runs):
        await publish(log, names, cancelled_run(run_id, 1_760_000_000_000 + number * 1_000))
        newest[(await reader.home(run_id)).partition] = run_id
    room = {"COLLEGIUM_LEDGER_RUNS": "4"}
    for _ in range(2):
        async with ledger(kafka_bootstrap, names.prefix, tmp_path, room) as running:
            for run_id in newest.values():
                await running.until_version(run_id, 2)
            page = await running.until_complete(complete=True)
            assert {run.run_id for run in page.runs} == set(newest.values())
            assert await running.end() == 0


async def test_an_undecodable_decision_is_dead_lettered(
    kafka_bootstrap: str, names: TopicNames, log: Log, tmp_path: Path
) -> None:
    """Its bytes are kept with the reason, and what comes after it is folded."""
    run_id = new_run()
    producer = await log.producer()
    await (await producer.send(Outgoing(names("run-events"), run_id.encode(), b"\xff not JSON", (("x", b"y"),))))
    await publish(log, names, completed_run(run_id))
    async with ledger(kafka_bootstrap, names.prefix, tmp_path) as running:
        await running.until_version(run_id, 10)
    letters = await log.assign({TopicPartition(names("dead-letters"), 0): "earliest"})
    async with asyncio.timeout(10):
        batches = await letters.poll(max_records=10, timeout_ms=10_000)
    (letter,) = next(iter(batches.values()))
    assert (letter.key, letter.value) == (run_id.encode(), b"\xff not JSON")
    headers = dict(letter.headers)
    assert headers["x"] == b"y"
    assert headers["__connect.errors.topic"] == names("run-events").encode()
    assert b"ce_type" in headers["__connect.errors.exception.message"]


async def test_two_ledgers_say_that_each_has_only_a_part(
    kafka_bootstrap: str, names: TopicNames, log: Log, tmp_path: Path
) -> None:
    """Sharing the partitions, neither claims to be complete; when one ends, the other has everything again."""
    runs = [new_run() for _ in range(12)]
    for run_id in runs:
        await publish(log, names, cancelled_run(run_id))
    async with ledger(kafka_bootstrap, names.prefix, tmp_path) as first:
        await first.until_complete(complete=True)
        async with ledger(kafka_bootstrap, names.prefix, tmp_path) as second:
            parts = [
                {run.run_id for run in (await running.until_complete(complete=False)).runs}
                for running in (first, second)
            ]
            assert parts[0] | parts[1] <= set(runs)
            assert await second.end() == 0
        await first.until_complete(complete=True)
        for run_id in runs:
            await first.until_version(run_id, 2)


@pytest.mark.parametrize("partitions", [None, 2])
async def test_a_wrong_changelog_topic_stops_the_start(
    kafka_bootstrap: str, names: TopicNames, tmp_path: Path, partitions: int | None
) -> None:
    """Missing, or with another number of partitions than run-events: it exits 1 and says how to mend it."""
    async with open_log(KafkaSettings(bootstrap=kafka_bootstrap, topic_prefix=names.prefix)) as log:
        await create_topics(log, names)
        if partitions is not None:
            await log.create([NewTopic(names(VIEWS), partitions, {"cleanup.policy": "compact"})])
    waiting = {"COLLEGIUM_LEDGER_START_WAIT_MS": "500"}
    async with ledger(kafka_bootstrap, names.prefix, tmp_path, waiting) as running:
        assert await asyncio.wait_for(running.process.wait(), 30) == 1
        said = running.log_path.read_text()
    assert "collegium topics create" in said
    assert names(VIEWS) in said
