"""Objectives from other clients, as docs/publishing.md shows them: Kafka's console producer, and librdkafka."""

import asyncio
import json
import sys
import uuid
from pathlib import Path

import pytest

from collegium.embedded.runtime import KafkaRuntime
from collegium_schemas.objective import RunStatus
from live_system import LiveSystem

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "publish" / "confluent.py"
_BOUND_S = 60


async def run(*command: str, stdin: str = "") -> str:
    """A program to its end; what it printed."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(_BOUND_S):
        output, _ = await process.communicate(stdin.encode())
    assert process.returncode == 0, output.decode()
    return output.decode()


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("keyed", [False, True])
async def test_kafkas_own_console_producer(system: LiveSystem, kafka_runtime: KafkaRuntime, *, keyed: bool) -> None:
    """A line of JSON is an objective, without a key and with one."""
    run_id = str(uuid.uuid4())
    known = set(system.seen.decisions)
    body = json.dumps({"goal": "What is a topic?", "playbook": "quick"})
    arguments = ["--bootstrap-server", system.settings.bootstrap, "--topic", system.names("objectives")]
    if keyed:
        arguments += ["--property", "parse.key=true", "--property", "key.separator=|"]
        body = f"{run_id}|{body}"
    await run(*kafka_runtime.command("org.apache.kafka.tools.ConsoleProducer", arguments), stdin=f"{body}\n")
    if not keyed:
        await system.until(lambda: len(set(system.seen.decisions) - known) == 1, "the objective is accepted")
        [run_id] = set(system.seen.decisions) - known
    assert await system.status(run_id) is RunStatus.COMPLETED


@pytest.mark.asyncio(loop_scope="session")
async def test_the_example_for_other_languages_sends_and_reads_the_answer(system: LiveSystem) -> None:
    """The example's exit status is the run's."""
    fields = json.dumps({"playbook": "quick"})
    command = (sys.executable, str(EXAMPLE), system.settings.bootstrap, "What is a topic?", fields, system.names.prefix)
    assert "run_ended" in await run(*command)
