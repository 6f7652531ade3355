"""What anyone may put on the topics of a real broker: each is answered, nothing is lost, good work goes on."""

import asyncio
import json
import uuid
from collections import Counter

import pytest
from confluent_kafka import Producer

from collegium.embedded.runtime import KafkaRuntime
from collegium.log.errors import RecordTooLarge
from collegium_schemas import limits
from collegium_schemas.events import RunDecided
from kafka_worlds import KafkaWorld, kafka_world

RUN = "0190aaaa-0000-7000-8000-0000000000aa"
OTHER = "0190aaaa-0000-7000-8000-0000000000bb"

BAD: dict[str, tuple[bytes | None, bytes | None, str]] = {
    "empty": (b"", None, "the body is empty"),
    "tombstone": (None, b"0190aaaa-0000-7000-8000-000000000001", "no body"),
    "not UTF-8": (b"\xff\xfe\x00", None, "not UTF-8 at byte 0"),
    "malformed JSON": (b'{"goal": "x"', None, "no JSON"),
    "deep JSON": (b"[" * 50_000, None, "nested too deeply"),
    "infinity": (b'{"goal": "x", "params": {"a": 1e999}}', None, "refused"),
    "unknown field": (b'{"goal": "x", "bugdet": {"steps": 1}}', None, "did you mean 'budget'"),
    "no goal": (b'{"goal": " "}', None, "goal"),
    "key that is no run_id": (b'{"goal": "x"}', b"customer-7", "'customer-7' is not the run_id"),
    "another run's key": (json.dumps({"goal": "x", "run_id": RUN}).encode(), OTHER.encode(), "is not the run_id"),
    "deadline in the past": (
        b'{"goal": "x", "playbook": "line", "deadline": "2001-01-01T00:00:00Z"}',
        None,
        "in the past",
    ),
    "unknown playbook": (b'{"goal": "x", "playbook": "nope"}', None, "unknown playbook 'nope'"),
    "cyclic playbook": (b'{"goal": "x", "playbook": "circular"}', None, "line 3: steps wait"),
    "over a mebibyte": (b'{"goal": "' + b"x" * limits.MAX_MESSAGE_BYTES + b'"}', None, "bytes; at most"),
}


def reasons(history: list[RunDecided]) -> list[str]:
    """Why a run was rejected."""
    return [event.reason for decided in history for event in decided.events if event.type == "run_rejected"]


async def test_bad_objectives_are_answered_and_kept_and_good_ones_go_on(kafka_bootstrap: str) -> None:
    """Each becomes a failed run with its reason; its bytes are in dead-letters; the next objective completes."""
    async with kafka_world(kafka_bootstrap) as world:
        for value, key, _ in BAD.values():
            await world.send("objectives", value, key)
        good = await world.objective()
        await world.until_ended(good)
        runs = await world.until(lambda runs: sum(bool(reasons(history)) for history in runs.values()) == len(BAD))
        told = [reason for history in runs.values() for reason in reasons(history)]
        for name, (_, _, says) in BAD.items():
            assert any(says in reason for reason in told), f"{name}: {told}"
        letters = await world.read("dead-letters")
    kept = Counter((letter.value, letter.key) for letter in letters)
    assert kept == Counter((value, key) for value, key, _ in BAD.values())
    for letter in letters:
        headers = dict(letter.headers)
        assert headers["__connect.errors.topic"].endswith(b"objectives")
        assert headers["__connect.errors.exception.message"]


async def test_a_record_beyond_the_topics_limit_is_refused_to_its_sender(kafka_bootstrap: str) -> None:
    """The broker's own bound: the sender is told, and nothing is written."""
    async with kafka_world(kafka_bootstrap) as world:
        with pytest.raises(RecordTooLarge):
            await world.send("objectives", b"x" * 3_000_000)
        assert await world.read("objectives") == []


async def test_the_same_run_id_twice(kafka_bootstrap: str) -> None:
    """The same content changes nothing; other content is refused in the run's history, and the run goes on."""
    async with kafka_world(kafka_bootstrap) as world:
        run_id = await world.objective()
        await world.objective(run_id=run_id)
        await world.objective(run_id=run_id, goal="Something else?")
        await world.until_ended(run_id)
        history = (await world.history())[run_id]
    types = Counter(event.type for decided in history for event in decided.events)
    assert (types["run_accepted"], types["run_ended"], types["input_refused"]) == (1, 1, 1)
    assert [decided.version for decided in history] == list(range(1, len(history) + 1))


async def test_garbage_on_inner_topics_stops_nothing(kafka_bootstrap: str) -> None:
    """Results and interventions that make no sense become dead letters with their bytes."""
    async with kafka_world(kafka_bootstrap) as world:
        for topic in ("results", "interventions"):
            for value in (b"", b"\xff", b"{}", b"[]"):
                await world.send(topic, value, b"any")
        stranger = json.dumps({"run_id": str(uuid.uuid4()), "action": "cancel"}).encode()
        await world.send("interventions", stranger)
        good = await world.objective()
        await world.until_ended(good)
        letters = await world.until_read("dead-letters", 9)
    assert Counter(letter.value for letter in letters)[stranger] == 1


async def test_another_clients_partitioner(kafka_bootstrap: str) -> None:
    """Librdkafka hashes keys otherwise: every run is moved to its home and completes exactly once."""
    async with kafka_world(kafka_bootstrap) as world:
        run_ids = [str(uuid.uuid4()) for _ in range(25)]
        await asyncio.to_thread(send_with_confluent, world, run_ids)
        runs = await world.until_ended(*run_ids)
    assert set(runs) == set(run_ids)
    for history in runs.values():
        assert Counter(e.type for d in history for e in d.events)["run_ended"] == 1


def send_with_confluent(world: KafkaWorld, run_ids: list[str]) -> None:
    """Produce as a client of another library does, with its defaults and compression."""
    producer = Producer({"bootstrap.servers": world.bootstrap, "compression.type": "lz4"})
    for run_id in run_ids:
        body = json.dumps({"goal": "What is a topic?", "playbook": "line", "run_id": run_id})
        producer.produce(world.names("objectives"), value=body, key=run_id)
    assert producer.flush(20) == 0


@pytest.mark.parametrize("keyed", [False, True])
async def test_kafkas_own_console_producer(kafka_bootstrap: str, kafka_runtime: KafkaRuntime, *, keyed: bool) -> None:
    """As docs/publishing.md shows it, without and with a key."""
    async with kafka_world(kafka_bootstrap) as world:
        body = json.dumps({"goal": "What is a topic?", "playbook": "line"})
        arguments = ["--bootstrap-server", kafka_bootstrap, "--topic", world.names("objectives")]
        if keyed:
            arguments += ["--property", "parse.key=true", "--property", "key.separator=|"]
            body = f"{RUN}|{body}"
        process = await asyncio.create_subprocess_exec(
            *kafka_runtime.command("org.apache.kafka.tools.ConsoleProducer", arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(60):
            output, _ = await process.communicate(f"{body}\n".encode())
        assert process.returncode == 0, output.decode()
        runs = await world.until(lambda runs: any(status_of(history) == "completed" for history in runs.values()))
    assert len(runs) == 1
    assert not keyed or RUN in runs


def status_of(history: list[RunDecided]) -> str | None:
    """A run's terminal status."""
    return next((e.status.value for d in history for e in d.events if e.type == "run_ended"), None)
