"""The examples for other clients, run as they stand against a real broker."""

import asyncio
import json
import os
import re
import shlex
import sys
import uuid
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

import pytest

from collegium.embedded.runtime import KafkaRuntime
from collegium_schemas.objective import RunStatus
from live_system import LiveSystem
from service_processes import BOUND_S, command

pytestmark = pytest.mark.asyncio(loop_scope="session")

EXAMPLES = Path(__file__).parents[3] / "examples" / "publish"
DOCUMENTED = Path(__file__).parents[3] / "docs" / "publishing.md"
TOOLS = {
    "kafka-console-producer.sh": "org.apache.kafka.tools.ConsoleProducer",
    "kafka-console-consumer.sh": "org.apache.kafka.tools.consumer.ConsoleConsumer",
}


@pytest.fixture
def kafka_bin(kafka_runtime: KafkaRuntime, tmp_path: Path) -> Path:
    """Kafka's scripts, made from its jars: what they are but for their search for Java."""
    directory = tmp_path / "bin"
    directory.mkdir()
    for name, main_class in TOOLS.items():
        line = shlex.join(kafka_runtime.command(main_class, heap_mb=128))
        script = directory / name
        script.write_text(f'#!/bin/sh\nexec {line} "$@"\n')
        script.chmod(0o755)
    return directory


async def produced(kafka_bin: Path, system: LiveSystem, line: str, *arguments: str) -> None:
    """Send a line with Kafka's console producer."""
    ended = await command(
        str(kafka_bin / "kafka-console-producer.sh"),
        *("--bootstrap-server", system.settings.bootstrap, "--topic", system.names("objectives")),
        *arguments,
        settings={},
        given=line.encode() + b"\n",
    )
    assert ended.status == 0, ended.err


async def test_the_console_producer_without_a_key(system: LiveSystem, kafka_bin: Path) -> None:
    """A goal is enough: the run_id is derived, and the run completes once."""
    goal = f"What is topic {uuid.uuid4().hex}?"
    await produced(kafka_bin, system, json.dumps({"goal": goal, "playbook": "quick"}))
    await system.until(lambda: system.run_of(goal) is not None, "the run has begun")
    assert await system.status(system.run_of(goal) or "") is RunStatus.COMPLETED


@pytest.mark.parametrize("option", ["--property", "--reader-property"])
async def test_the_console_producer_with_a_key(system: LiveSystem, kafka_bin: Path, option: str) -> None:
    """The key is the run_id; headers carry a trace that the run joins."""
    run_id, trace = str(uuid.uuid4()), uuid.uuid4().hex
    header = f"traceparent:00-{trace}-00f067aa0ba902b7-01"
    properties = ("parse.key=true", "key.separator=|", "parse.headers=true")
    await produced(
        kafka_bin,
        system,
        f'{header}\t{run_id}|{{"goal": "What is a topic?", "playbook": "quick"}}',
        *(word for each in properties for word in (option, each)),
    )
    assert await system.status(run_id) is RunStatus.COMPLETED
    accepted = system.seen.events(run_id)[0]
    assert accepted.type == "run_accepted"
    assert accepted.trace.traceparent.split("-")[1] == trace


async def test_the_shell_example(system: LiveSystem, kafka_bin: Path) -> None:
    """It tells the run_id and prints the run's decisions, the last one included."""
    environment = {"PATH": f"{kafka_bin}:{os.defpath}", "COLLEGIUM_KAFKA_TOPIC_PREFIX": system.names.prefix}
    process = await asyncio.create_subprocess_exec(
        str(EXAMPLES / "console.sh"),
        system.settings.bootstrap,
        '{"goal": "What is a topic?", "playbook": "quick"}',
        env=environment,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    lines: list[str] = []
    try:
        async with asyncio.timeout(BOUND_S):
            while not any('"run_ended"' in line for line in lines):
                line = (await process.stdout.readline()).decode()
                assert line, "the example ended"
                lines.append(line)
    finally:
        os.killpg(process.pid, 15)
        _, told = await process.communicate()
    found = re.search(r"^run (\S+)$", told.decode(), re.MULTILINE)
    assert found is not None
    assert all(line.startswith(found[1]) for line in lines if not line.startswith("Warning: --")), lines
    assert await system.status(found[1]) is RunStatus.COMPLETED


@pytest.mark.parametrize(("playbook", "status"), [("quick", 0), ("nonesuch", 1)])
async def test_the_python_example(system: LiveSystem, playbook: str, status: int) -> None:
    """It ends with 0 when the run completed, and prints the reason when it was rejected."""
    ended = await command(
        sys.executable,
        str(EXAMPLES / "confluent.py"),
        *(system.settings.bootstrap, "What is a topic?", json.dumps({"playbook": playbook}), system.names.prefix),
        settings={},
    )
    assert ended.status == status, ended.err
    assert ("run_ended" in ended.out) == (status == 0)
    assert ("unknown playbook 'nonesuch'" in ended.out) == (status == 1)


async def test_the_documented_objective_is_one(system: LiveSystem) -> None:
    """The JSON in docs/publishing.md, every field of it, is accepted as it stands."""
    found = re.search(r"```json\n(.*?)```", DOCUMENTED.read_text(), re.DOTALL)
    assert found is not None
    run_id = str(uuid.uuid4())
    body = {**json.loads(found[1]), "run_id": run_id}
    await system.client.send("objectives", json.dumps(body).encode(), run_id.encode())
    await system.until(lambda: bool(system.seen.events(run_id)), "the objective is answered")
    assert system.seen.events(run_id)[0].type == "run_accepted"
    cancel = json.dumps({"run_id": run_id, "action": "cancel", "requester": "ann"}).encode()
    await system.client.send("interventions", cancel, run_id.encode())
    assert await system.status(run_id) is RunStatus.CANCELLED
