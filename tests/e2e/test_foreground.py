"""A stack in the foreground, as a person starts it: Ctrl-C leaves no process behind, and the data stays."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path

import psutil

from collegium.embedded.state import StackFiles, StackState
from full_stack import cli_environment, eventually, run_cli

STARTED_S = 90.0
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


async def until_told(process: Process, words: str) -> str:
    """Wait until it has said these words on standard error; all that it had said by then."""
    assert process.stderr is not None
    told = ""
    async with asyncio.timeout(STARTED_S):
        while words not in told:
            line = await process.stderr.readline()
            assert line, told
            told += line.decode()
    return told


def end(process: Process) -> None:
    """Leave nothing behind when a test failed."""
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)


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


async def test_the_demo_ends_with_ctrl_c_and_its_data_stays(tmp_path: Path) -> None:
    """Corpus, run, report and trace; after Ctrl-C nothing runs. The next stack in the directory knows the run."""
    data_dir = tmp_path / "data"
    demo = await start(data_dir, "demo", "--keep")
    try:
        told = await until_told(demo, "Ctrl-C stops it")
        running = of_this_stack(data_dir)
        code, out, err = await interrupted(demo)
    finally:
        end(demo)

    assert len(running) >= 9, "the demo, Kafka, the orchestrator, five specialists and the ledger"
    assert code in (0, 130), err
    assert of_this_stack(data_dir) == []
    assert published(data_dir) is None
    [report] = (data_dir / "reports").glob("*/report.md")
    assert str(report) in out + told + err
    assert "invoke_workflow research-report" in out
    assert "invoke_agent verification" in out
    await _run_is_known_to_the_next_stack(data_dir, report.parent.name)


async def _run_is_known_to_the_next_stack(data_dir: Path, run_id: str) -> None:
    environment = cli_environment(data_dir)
    nothing = await run_cli("status", environment=environment)
    second = await start(data_dir, "up")
    try:
        await eventually(lambda: (state := published(data_dir)) is not None and state.phase == "up", "up", STARTED_S)
        runs = await run_cli("runs", "--json", environment=environment)
        code, _, err = await interrupted(second)
    finally:
        end(second)

    assert nothing.code == 3
    assert [(run["run_id"], run["status"]) for run in runs.json["runs"]] == [(run_id, "completed")]
    assert code in (0, 130), err
    assert of_this_stack(data_dir) == []


async def test_ctrl_c_while_everything_starts(tmp_path: Path) -> None:
    """Interrupted before it is up, with a broker half started: nothing is left either."""
    data_dir = tmp_path / "data"
    starting = await start(data_dir, "up")
    try:
        await eventually(lambda: len(of_this_stack(data_dir)) > 1, "a first process is there")
        code, _, err = await interrupted(starting)
    finally:
        end(starting)

    assert code in (0, 130), err
    assert of_this_stack(data_dir) == []
