"""A stack in the foreground, as a person starts it: Ctrl-C leaves no process behind, and the data stays."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path

import psutil

from collegium.embedded.state import StackFiles, StackState
from full_stack import cli_environment, eventually, run_cli
from needs import needs

pytestmark = needs("jaeger")

STOP_S = 30.0


async def start(data_dir: Path, *arguments: str) -> Process:
    """`collegium` in the foreground, at the head of a process group, as a shell starts it."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "collegium.cli",
        *arguments,
        env=cli_environment(data_dir) | {"COLLEGIUM_KAFKA_PORT": "0"},
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        start_new_session=True,
    )


async def interrupted(process: Process) -> tuple[int, str, str]:
    """Press Ctrl-C: every process of the foreground group is told. How it ended, and what it had printed."""
    os.killpg(process.pid, signal.SIGINT)
    async with asyncio.timeout(STOP_S):
        out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


def of_this_stack(data_dir: Path) -> list[psutil.Process]:
    """Every process on this machine that was given this data directory, by command line or environment."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            told = (*process.cmdline(), *process.environ().values())
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if process.pid != os.getpid() and any(str(data_dir) in text for text in told):
            found.append(process)
    return found


def published(data_dir: Path) -> StackState | None:
    """What the stack tells other terminals."""
    return StackFiles.of(data_dir).read_state()


async def test_the_demo_runs_and_ctrl_c_ends_all_of_it(tmp_path: Path) -> None:
    """`collegium demo --keep`: corpus, run, report and trace; after Ctrl-C nothing runs and the report is there."""
    data_dir = tmp_path / "data"
    demo = await start(data_dir, "demo", "--keep")
    assert demo.stderr is not None
    told = ""
    try:
        async with asyncio.timeout(90):
            while "Ctrl-C stops it" not in told:
                line = await demo.stderr.readline()
                assert line, told
                told += line.decode()
        running = of_this_stack(data_dir)
        code, out, err = await interrupted(demo)
    finally:
        if demo.returncode is None:
            os.killpg(demo.pid, signal.SIGKILL)

    assert len(running) >= 9, "the demo, Kafka, the orchestrator, five specialists and the ledger"
    assert code in (0, 130), err
    assert of_this_stack(data_dir) == []
    assert published(data_dir) is None
    [report] = (data_dir / "reports").glob("*/report.md")
    assert str(report) in out + told + err
    assert "invoke_workflow research-report" in out
    assert "invoke_agent verification" in out


async def test_data_stays_from_one_stack_to_the_next(tmp_path: Path) -> None:
    """A run of a stack that was ended by Ctrl-C is known to the next one in the same directory."""
    data_dir = tmp_path / "data"
    environment = cli_environment(data_dir) | {"COLLEGIUM_KAFKA_PORT": "0"}
    first = await start(data_dir, "up")
    try:
        await eventually(lambda: (state := published(data_dir)) is not None and state.phase == "up", "up", 90)
        submitted = await run_cli("submit", "Does it last?", "--watch", environment=environment)
        code, _, err = await interrupted(first)
        assert code in (0, 130), err
        assert of_this_stack(data_dir) == []
        down = await run_cli("status", environment=environment)
        second = await run_cli("up", "--detach", "--json", environment=environment, timeout_s=90)
        runs = await run_cli("runs", "--json", environment=environment)
        stopped = await run_cli("down", environment=environment)
    finally:
        if first.returncode is None:
            os.killpg(first.pid, signal.SIGKILL)

    assert submitted.code == 1, "there is no corpus, so the run fails; that is a run all the same"
    assert down.code == 3
    assert second.code == 0, second.err
    assert json.loads(second.out)["phase"] == "up"
    assert [run["goal"] for run in runs.json["runs"]] == ["Does it last?"]
    assert stopped.code == 0
    assert of_this_stack(data_dir) == []


async def test_ctrl_c_while_everything_starts(tmp_path: Path) -> None:
    """Interrupted before it is up, with a broker half started: nothing is left either."""
    data_dir = tmp_path / "data"
    starting = await start(data_dir, "up")
    try:
        await eventually(lambda: len(of_this_stack(data_dir)) > 1, "a first process is there")
        code, _, err = await interrupted(starting)
    finally:
        if starting.returncode is None:
            os.killpg(starting.pid, signal.SIGKILL)

    assert code in (0, 130), err
    assert of_this_stack(data_dir) == []
