"""No broker, or topics that do not fit: services wait within their bound and end with one line that says what to do."""

import asyncio
import json
import uuid
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from collegium.embedded.ports import free_port
from collegium.ledger.topics import ledger_topics
from collegium.log.kafka import open_log
from collegium.log.port import MAX_RECORD_BYTES, NewTopic
from collegium.log.settings import KafkaSettings
from collegium.log.topics import SIZE_LIMIT, TopicNames, required
from live_system import PARTITIONS, ROLES
from service_processes import collegium, service_process

pytestmark = pytest.mark.asyncio(loop_scope="session")

SERVICES: dict[str, tuple[str, ...]] = {
    "orchestrator": ("collegium.orchestrator",),
    "ledger": ("collegium.ledger",),
    "specialist": ("collegium.agent.noop", "--role", "worker"),
}
WAIT_MS = "800"


def impatient(bootstrap: str, prefix: str = "absent.") -> dict[str, str]:
    """Settings of services that wait so long only."""
    waits = {f"COLLEGIUM_{name}_START_WAIT_MS": WAIT_MS for name in ("ORCHESTRATOR", "LEDGER", "AGENT")}
    return {
        "COLLEGIUM_KAFKA_BOOTSTRAP": bootstrap,
        "COLLEGIUM_KAFKA_TOPIC_PREFIX": prefix,
        "COLLEGIUM_KAFKA_CONNECT_TIMEOUT_MS": "300",
        **waits,
    }


async def outputs(directory: Path, settings: dict[str, str]) -> dict[str, tuple[int, str]]:
    """Exit status and output of every service, all started at once."""
    async with AsyncExitStack() as stack:
        running = {
            name: await stack.enter_async_context(service_process(directory / name, *line, settings=settings))
            for name, line in SERVICES.items()
        }
        statuses = await asyncio.gather(*(process.ended() for process in running.values()))
        return {name: (status, running[name].output) for name, status in zip(running, statuses, strict=True)}


async def test_services_wait_for_an_absent_broker_and_give_up_with_advice(tmp_path: Path) -> None:
    """One line for each pause, one at the end, no stack; the exit status is 1."""
    bootstrap = f"127.0.0.1:{free_port()}"
    for name, (status, output) in (await outputs(tmp_path, impatient(bootstrap))).items():
        assert status == 1, output
        assert "Traceback" not in output
        told = output.splitlines()
        assert told[-1].startswith("collegium-")
        assert f"Kafka at {bootstrap} did not let us connect" in told[-1]
        assert "COLLEGIUM_KAFKA_BOOTSTRAP" in told[-1]
        pauses = [line for line in told if '"waiting: ' in line]
        assert 1 <= len(pauses) <= 5, output
        assert len(told) <= len(pauses) + 4, f"{name} says too much:\n{output}"


@pytest.mark.parametrize("arguments", [("submit", "x"), ("runs",), ("show", "latest"), ("topics", "check")])
async def test_the_command_line_tells_at_once(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """Exit status 4, and one line with the address and what to check."""
    settings = {
        "COLLEGIUM_KAFKA_BOOTSTRAP": f"127.0.0.1:{free_port()}",
        "COLLEGIUM_KAFKA_REQUEST_TIMEOUT_MS": "600000",
        "COLLEGIUM_DATA_DIR": str(tmp_path),
    }
    ended = await collegium(*arguments, settings=settings)
    assert ended.status == 4, ended.err
    assert ended.err.count("\n") == 1
    assert "COLLEGIUM_KAFKA_BOOTSTRAP" in ended.err


async def test_without_any_broker_known_the_command_line_says_how_to_start_one(tmp_path: Path) -> None:
    """A newcomer has neither a stack nor a setting."""
    ended = await collegium("submit", "x", settings={"COLLEGIUM_DATA_DIR": str(tmp_path)})
    assert ended.status == 4
    assert "collegium up" in ended.err


async def with_topics(bootstrap: str, *changed: NewTopic, without: str = "") -> dict[str, str]:
    """Settings of a prefix of its own, with all topics that it needs but for some changes; `*` is without any."""
    names = TopicNames(f"wrong-{uuid.uuid4().hex[:8]}.")
    other = [replace(topic, name=names(topic.name)) for topic in changed]
    right = [*required(names, ROLES, PARTITIONS), *ledger_topics(names, PARTITIONS)]
    if without != "*":
        async with open_log(KafkaSettings(bootstrap=bootstrap)) as log:
            await log.create(other)
            await log.create([topic for topic in right if topic.name != names(without)])
    return impatient(bootstrap, names.prefix)


async def refused(directory: Path, settings: dict[str, str], *says: str) -> None:
    """Every service and `topics check` name the problem and how to mend it."""
    for status, output in (await outputs(directory, settings)).values():
        assert status == 1, output
        assert "Traceback" not in output
        assert all(words in output.splitlines()[-1] for words in says), output
    line = ("topics", "check", "--json")
    checked = await collegium(*line, settings={**settings, "COLLEGIUM_DATA_DIR": str(directory)})
    assert checked.status == 5, checked.err
    problems = "; ".join(json.loads(checked.out)["problems"])
    assert all(words in problems for words in says), problems


async def test_without_topics_nothing_starts(kafka_bootstrap: str, tmp_path: Path) -> None:
    """A fresh cluster: all that is missing is named in one line, with the command that creates it."""
    settings = await with_topics(kafka_bootstrap, without="*")
    await refused(tmp_path, settings, "objectives is missing", "collegium topics create")
    created = await collegium(
        "topics", "create", "--role", "worker", settings={**settings, "COLLEGIUM_DATA_DIR": str(tmp_path)}
    )
    assert created.status == 0, created.err
    checked = await collegium("topics", "check", settings={**settings, "COLLEGIUM_DATA_DIR": str(tmp_path)})
    assert checked.status == 0, checked.err


async def test_every_topic_that_does_not_fit_is_named_at_once(kafka_bootstrap: str, tmp_path: Path) -> None:
    """One is missing, one has another partition count, one was made for small records: each with how to mend it."""
    odd = NewTopic("results", PARTITIONS + 1, {SIZE_LIMIT: str(MAX_RECORD_BYTES)})
    small = NewTopic("dead-letters", 1, {SIZE_LIMIT: "1000000"})
    settings = await with_topics(kafka_bootstrap, odd, small, without="control")
    await refused(
        tmp_path,
        settings,
        "control is missing: run `collegium topics create`",
        f"results={PARTITIONS + 1}",
        f"objectives={PARTITIONS}",
        "recreate the ones that differ",
        "dead-letters takes records of at most 1000000 bytes",
        "kafka-configs.sh --alter",
    )


async def test_the_ledgers_own_topic_is_needed_by_the_ledger_alone(kafka_bootstrap: str, tmp_path: Path) -> None:
    """It waits for it, and gives up with the command that creates it."""
    settings = await with_topics(kafka_bootstrap, without="ledger-views")
    async with service_process(tmp_path, "collegium.ledger", settings=settings) as ledger:
        assert await ledger.ended() == 1
        assert "ledger-views is missing: run `collegium topics create`" in ledger.output.splitlines()[-1]
