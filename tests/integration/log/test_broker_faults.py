"""The Kafka log through faults of a real broker: absent, killed and restarted, silent."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from collegium.embedded.kafka import EmbeddedKafka
from collegium.embedded.ports import free_port
from collegium.embedded.runtime import KafkaRuntime
from collegium.log.errors import LogError, LogUnavailable, OutcomeUnknown
from collegium.log.kafka import open_log
from collegium.log.port import Consumer, Log, NewTopic, Outgoing, Record, TopicPartition
from collegium.log.settings import KafkaSettings

BOUND_S = 60.0
SOURCE = TopicPartition("faults", 0)


@pytest.fixture
async def kafka(kafka_runtime: KafkaRuntime, tmp_path: Path) -> AsyncIterator[EmbeddedKafka]:
    """A broker of the test's own, to be hurt."""
    async with EmbeddedKafka(kafka_runtime, tmp_path / "kafka") as kafka:
        yield kafka


def impatient(kafka: EmbeddedKafka) -> Log:
    """A log whose bounds a test can wait for."""
    settings = KafkaSettings(
        bootstrap=kafka.bootstrap,
        connect_timeout_ms=1_000,
        request_timeout_ms=2_000,
        rebalance_timeout_ms=1_000,
        heartbeat_interval_ms=200,
    )
    return open_log(settings)


async def read(consumer: Consumer, count: int) -> list[Record]:
    """The next records, through whatever happens to the broker."""
    found: list[Record] = []
    async with asyncio.timeout(BOUND_S):
        while len(found) < count:
            polled = await consumer.poll(max_records=count - len(found), timeout_ms=200)
            found += [record for records in polled.values() for record in records]
    return found


async def until_unavailable(consumer: Consumer) -> None:
    """Poll until the consumer says that the broker does not answer."""
    async with asyncio.timeout(BOUND_S):
        while True:
            await consumer.poll(max_records=1, timeout_ms=100)


async def test_an_absent_broker_is_told_within_the_bound() -> None:
    """With the address, and what to check."""
    bootstrap = f"127.0.0.1:{free_port()}"
    async with open_log(KafkaSettings(bootstrap=bootstrap, connect_timeout_ms=500)) as log:
        for attempt in (log.producer, lambda: log.subscribe(["t"], group="g"), lambda: log.describe(["t"])):
            with pytest.raises(LogUnavailable, match=bootstrap):
                await attempt()


async def test_a_broker_that_comes_late_is_found(kafka_runtime: KafkaRuntime, tmp_path: Path) -> None:
    """The first call waits for it, within the connect time-out."""
    port = free_port()
    settings = KafkaSettings(bootstrap=f"127.0.0.1:{port}", connect_timeout_ms=60_000)
    async with open_log(settings) as log:
        describing = asyncio.create_task(log.describe(["absent"]))
        async with EmbeddedKafka(kafka_runtime, tmp_path / "kafka", port=port) as kafka:
            assert kafka.bootstrap == settings.bootstrap
            assert await describing == {}


async def test_everything_survives_a_kill_and_restart(kafka: EmbeddedKafka) -> None:
    """A member of a group, a reader, an idempotent producer and point reads go on; nothing is lost or doubled."""
    async with open_log(KafkaSettings(bootstrap=kafka.bootstrap)) as log:
        await log.create([NewTopic("faults", 1, {})])
        producer = await log.producer()
        member = await log.subscribe(["faults"], group="g")
        reader = await log.assign({SOURCE: "earliest"})
        before = [await producer.send(Outgoing("faults", b"k", b"%d" % n)) for n in range(20)]
        await asyncio.gather(*before)
        await member.commit({SOURCE: 10})
        kafka.kill()
        await kafka.wait_crash()
        during = [await producer.send(Outgoing("faults", b"k", b"%d" % n)) for n in range(20, 40)]
        await kafka.start()
        await asyncio.gather(*during)
        for consumer in (member, reader):
            assert [int(record.value or b"") for record in await read(consumer, 40)] == list(range(40))
        assert (await log.read_at(SOURCE, 25, timeout_ms=5_000)).value == b"25"
        await member.commit({SOURCE: 40})
        assert await log.end_offsets([SOURCE]) == {SOURCE: 40}


async def test_a_transaction_through_a_restart_is_whole_or_not_there(kafka: EmbeddedKafka) -> None:
    """The old producer may not know; a new one of the same id settles it, and readers see all or nothing."""
    async with open_log(KafkaSettings(bootstrap=kafka.bootstrap)) as log:
        await log.create([NewTopic("faults", 1, {})])
        producer = await log.transactional_producer("id")
        await producer.begin()
        await asyncio.gather(*[await producer.send(Outgoing("faults", b"k", b"1")) for _ in range(3)])
        kafka.kill()
        await kafka.wait_crash()
        committing = asyncio.create_task(producer.commit())
        await kafka.start()
        [outcome] = await asyncio.gather(committing, return_exceptions=True)
        assert outcome is None or isinstance(outcome, OutcomeUnknown)
        successor = await log.transactional_producer("id")
        await successor.begin()
        await (await successor.send(Outgoing("faults", b"k", b"2")))
        await successor.commit()
        reader = await log.assign({SOURCE: "earliest"})
        first = await read(reader, 1)
        if first[0].value == b"1":
            assert [record.value for record in await read(reader, 3)] == [b"1", b"1", b"2"]
        else:
            assert outcome is not None, "a commit that has returned is kept"


async def test_a_silent_broker_is_told_by_every_call_and_does_not_hold_up_closing(kafka: EmbeddedKafka) -> None:
    """Every wait ends within its bound."""
    before = asyncio.all_tasks()
    async with asyncio.timeout(BOUND_S):
        log = impatient(kafka)
        await log.create([NewTopic("faults", 1, {})])
        producer, transactional = await log.producer(), await log.transactional_producer("id")
        member = await log.subscribe(["faults"], group="g")
        await (await producer.send(Outgoing("faults", b"k", b"v")))
        await read(member, 1)
        await transactional.begin()
        await (await transactional.send(Outgoing("faults", b"k", b"v")))
        os.kill(kafka.pid, signal.SIGSTOP)
        try:
            with pytest.raises(OutcomeUnknown):
                await transactional.commit()
            with pytest.raises(OutcomeUnknown):
                await transactional.begin()
            unacknowledged = await producer.send(Outgoing("faults", b"k", b"v"))
            with pytest.raises(LogUnavailable):
                await unacknowledged
            for attempt in (
                lambda: log.end_offsets([SOURCE]),
                lambda: log.read_at(SOURCE, 0, timeout_ms=500),
                lambda: log.describe(["faults"]),
                log.producer,
            ):
                with pytest.raises(LogUnavailable):
                    await attempt()
            with pytest.raises(LogError):
                await member.commit({SOURCE: 1})
            with pytest.raises(LogUnavailable):
                await until_unavailable(member)
            await log.close()
            left = asyncio.all_tasks() - before
            if left:
                await asyncio.wait(left, timeout=5)
            assert not [task for task in left if not task.done()], "closing leaves no task behind"
        finally:
            os.kill(kafka.pid, signal.SIGCONT)


async def test_closing_a_reader_of_an_absent_broker_cancels_nobody(kafka: EmbeddedKafka) -> None:
    """A task that is cancelled from within ends without a word, and nobody would read on when the broker is back."""
    async with impatient(kafka) as log:
        await log.create([NewTopic("faults", 1, {})])
        readers = [await log.assign({SOURCE: "earliest"}) for _ in range(8)]
        before = asyncio.all_tasks()
        kafka.kill()
        await kafka.wait_crash()
        for reader in readers:
            with pytest.raises(LogUnavailable):
                await until_unavailable(reader)
        closing = [asyncio.create_task(reader.close()) for reader in readers]
        await asyncio.wait(closing, timeout=BOUND_S)
        assert [task.cancelled() for task in closing] == [False] * len(closing)
        assert all(task.exception() is None for task in closing)
        assert asyncio.all_tasks() <= before, "nothing is left of them"


async def test_an_abandoned_transaction_ends_by_itself(kafka: EmbeddedKafka) -> None:
    """Readers wait for its time-out, not for ever; the producer is fenced then."""
    settings = KafkaSettings(bootstrap=kafka.bootstrap, transaction_timeout_ms=1_000)
    async with open_log(settings) as log:
        await log.create([NewTopic("faults", 1, {})])
        abandoned = await log.transactional_producer("id")
        await abandoned.begin()
        await (await abandoned.send(Outgoing("faults", b"k", b"abandoned")))
        await (await (await log.producer()).send(Outgoing("faults", b"k", b"after")))
        reader = await log.assign({SOURCE: "earliest"})
        assert [record.value for record in await read(reader, 1)] == [b"after"]
        with pytest.raises(OutcomeUnknown):
            await abandoned.commit()


async def test_a_member_whose_process_stands_still_loses_its_partitions(kafka: EmbeddedKafka) -> None:
    """Its group's other member takes over within the session time-out, and its late commit is refused."""
    settings = KafkaSettings(bootstrap=kafka.bootstrap, session_timeout_ms=1_000, heartbeat_interval_ms=200)
    async with open_log(settings) as log:
        await log.create([NewTopic("faults", 1, {})])
        script = (
            "import asyncio, sys\n"
            "from collegium.log.kafka import open_log\n"
            "from collegium.log.settings import KafkaSettings\n"
            "async def main():\n"
            "    settings = KafkaSettings(bootstrap=sys.argv[1], session_timeout_ms=1_000, heartbeat_interval_ms=200)\n"
            "    async with open_log(settings) as log:\n"
            "        consumer = await log.subscribe(['faults'], group='g')\n"
            "        print('joined', flush=True)\n"
            "        while True:\n"
            "            await consumer.poll(max_records=1, timeout_ms=100)\n"
            "asyncio.run(main())\n"
        )
        python = sys.executable
        frozen = await asyncio.create_subprocess_exec(
            python, "-c", script, kafka.bootstrap, stdout=asyncio.subprocess.PIPE
        )
        try:
            assert frozen.stdout is not None
            assert await asyncio.wait_for(frozen.stdout.readline(), BOUND_S) == b"joined\n"
            frozen.send_signal(signal.SIGSTOP)
            async with asyncio.timeout(BOUND_S):
                successor = await log.subscribe(["faults"], group="g")
            assert successor.assignment() == {SOURCE}
        finally:
            frozen.kill()
            await frozen.wait()
