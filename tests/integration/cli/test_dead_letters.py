"""`collegium dead-letters` as a process on a real broker, with letters that real services wrote."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from agent_rig import ROLE, Rig, Scripted, until
from collegium_schemas.events import RunDecided, RunEnded
from collegium_schemas.objective import ObjectiveSubmitted
from collegium_schemas.playbook import Playbook
from orchestrating import orchestrating

COMMAND_S = 60
TRACE_ID = "0123456789abcdef0123456789abcdef"
TRACE = ("traceparent", f"00-{TRACE_ID}-00f067aa0ba902b7-01".encode())
EVIL = b"\x1b]0;owned\x07\x1b[2J \xff"
PLAYBOOK = Playbook.model_validate({"name": "one", "steps": [{"id": "a", "role": ROLE, "instruction": "do it"}]})


class Command:
    """Runs `collegium dead-letters`."""

    def __init__(self, bootstrap: str, rig: Rig, directory: Path) -> None:
        self._environment = {
            "PATH": os.defpath,
            "COLLEGIUM_KAFKA_BOOTSTRAP": bootstrap,
            "COLLEGIUM_KAFKA_TOPIC_PREFIX": rig.names.prefix,
            "COLLEGIUM_DATA_DIR": str(directory),
            "COLLEGIUM_JAEGER_URL": "http://jaeger.example:16686",
        }

    async def __call__(self, *words: str) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "collegium.cli", "dead-letters", *words),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._environment,
        )
        out, err = await asyncio.wait_for(process.communicate(), COMMAND_S)
        return process.returncode or 0, out.decode(), err.decode()

    async def answer(self, *words: str) -> dict[str, object]:
        """The JSON of a command that must succeed."""
        code, out, err = await self(*words, "--json")
        assert code == 0, err
        return json.loads(out)

    async def refused(self, *words: str) -> str:
        """The one line of a command that must be refused."""
        code, out, err = await self(*words)
        assert (code, out, err.count("\n")) == (7, "", 1), err
        return err


@pytest.fixture
def command(kafka_bootstrap: str, rig: Rig, tmp_path: Path) -> Command:
    """The command on the rig's topics."""
    return Command(kafka_bootstrap, rig, tmp_path)


async def test_a_letter_of_an_agent_from_list_to_redrive(rig: Rig, command: Command) -> None:
    """Listed with its reason, shown byte for byte, sent again once with its trace; then lists leave it out."""
    running = rig.start(Scripted())
    await rig.write("tasks." + ROLE, b"k\x1b[31m", EVIL, (TRACE, ("ce_type", b"no.such.type")))
    await until(lambda: running.value("agent_dead_lettered_total") == 1, "the agent gives up the record")
    listed = await command.answer("list", "--topic", f"tasks.{ROLE}", "--since", "1h", "--reason", "ce_type")
    [letter] = listed["letters"]  # type: ignore[misc]
    assert letter["handled"] is None
    _, out, _ = await command("list")
    assert letter["id"] in out
    assert "\x1b" not in out
    shown = await command.answer("show", letter["id"])
    assert shown["value"] == {"hex": EVIL.hex()}
    assert shown["trace_url"] == f"http://jaeger.example:16686/trace/{TRACE_ID}"
    _, out, _ = await command("show", letter["id"])
    assert "\x1b" not in out
    assert EVIL[:16].hex(" ") in out
    assert (await command.answer("redrive", letter["id"]))["redriven"]
    await until(lambda: running.value("agent_dead_lettered_total") == 2, "the agent is given it again")
    assert "--again" in await command.refused("redrive", letter["id"])
    again = (await rig.records("tasks." + ROLE, 2))[1]
    headers = dict(again.headers)
    assert (again.key, again.value, headers["traceparent"]) == (b"k\x1b[31m", EVIL, TRACE[1])
    assert headers["collegium_dead_letter"] == letter["id"].encode()
    assert headers["collegium_redrive_count"] == b"1"
    [second] = (await command.answer("list"))["letters"]  # type: ignore[misc]
    assert second["redrives"] == 1
    assert (await command.answer("discard", second["id"]))["discarded"] == [second["id"]]
    assert (await command.answer("list"))["letters"] == []
    every = (await command.answer("list", "--all"))["letters"]
    assert [each["handled"] for each in every] == ["discarded", "redriven"]  # type: ignore[union-attr]
    await running.drain()


async def test_a_letter_of_the_orchestrator_ends_as_a_run(rig: Rig, command: Command) -> None:
    """An objective that was refused is not sent again, since its run has ended, unless that is said."""
    run_id = "0190a0a0-0000-7000-8000-00000000d1ed"
    async with orchestrating(rig.log, rig.names, PLAYBOOK):
        objective = ObjectiveSubmitted(goal="Why?", playbook="nothing", run_id=run_id).to_json()
        await rig.write("objectives", run_id.encode(), objective)
        records = await rig.records("run-events", 1)
        [decided] = [RunDecided.read(record.value or b"") for record in records]
        assert decided.run_id == run_id
        assert not any(isinstance(event, RunEnded) for event in decided.events)
        await rig.records("dead-letters", 1)
        [letter] = (await command.answer("list", "--run", run_id[:13]))["letters"]  # type: ignore[misc]
        assert letter["topic"] == "objectives"
        assert "has ended as failed" in await command.refused("redrive", letter["id"])
        assert (await command("redrive", letter["id"], "--ended"))[0] == 0
        assert len(await rig.records("objectives", 2)) == 2


async def test_what_is_not_there_is_told(command: Command) -> None:
    """Exit code 3 and one line."""
    code, out, err = await command("show", "0:17")
    assert (code, out, err.count("\n")) == (3, "", 1)
    assert "0:17" in err
