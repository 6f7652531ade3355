"""A stack of real processes, without a broker: coming up, being worked on from outside, and ending."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from collegium.embedded.errors import ScaleRefused, StackNotRunning
from collegium.embedded.operate import scale_stack, stack_health, stop_stack
from collegium.embedded.probe import until
from collegium.embedded.state import StackFiles, StackState

PROGRAM = str(Path(__file__).with_name("stack_process.py"))
BOUND_S = 60.0

Process = asyncio.subprocess.Process


@asynccontextmanager
async def _running(data_dir: Path, *numbers: str) -> AsyncGenerator[tuple[Process, StackState], None]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, PROGRAM, str(data_dir), *numbers, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(BOUND_S):
            yield process, StackState.model_validate_json(await process.stdout.readline())
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def _pids(state: StackState) -> list[int]:
    return [service.pid for service in state.services if service.pid is not None]


async def _all_gone(pids: list[int]) -> None:
    async def gone() -> bool:
        return not any(psutil.pid_exists(pid) for pid in pids)

    async with asyncio.timeout(BOUND_S):
        await until(gone)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_each_ending_signal_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C, `down` or a closed terminal: exit code 0, no process, no state file; data and logs stay."""
    async with _running(tmp_path, "analysis=2", "drafting=1") as (process, state):
        pids = _pids(state)
        assert len(pids) == 3
        process.send_signal(number)
        assert await process.wait() == 0
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert not StackFiles.of(tmp_path).state.exists()
    assert (tmp_path / "logs" / "analysis-2.log").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent (PR_SET_PDEATHSIG)")
async def test_a_killed_supervisor_takes_its_services_along(tmp_path: Path) -> None:
    """After kill -9 nothing runs; the stale state file fools nobody."""
    async with _running(tmp_path, "analysis=2") as (process, state):
        process.kill()
        await process.wait()
        await _all_gone(_pids(state))
    with pytest.raises(StackNotRunning):
        await stack_health(tmp_path)


async def test_a_second_stack_on_the_same_data_is_refused(tmp_path: Path) -> None:
    """Two supervisors would fight over logs and the broker's data."""
    async with _running(tmp_path, "analysis=1") as (_, state):
        second = await asyncio.create_subprocess_exec(
            sys.executable, PROGRAM, str(tmp_path), "analysis=1", stderr=asyncio.subprocess.PIPE
        )
        _, errors = await second.communicate()
        assert second.returncode == 1
        assert b"already running" in errors
        assert StackFiles.of(tmp_path).read_state() == state


async def test_health_is_asked_for_now(tmp_path: Path) -> None:
    """A service that hangs shows, though the supervisor thinks it is ready; the absent broker shows as well."""
    async with _running(tmp_path, "analysis=2") as (_, state):
        first, second = _pids(state)
        os.kill(second, signal.SIGSTOP)
        health = await stack_health(tmp_path)
        os.kill(second, signal.SIGCONT)
        assert [(item.service.pid, item.ready) for item in health.services] == [(first, True), (second, False)]
        assert not health.broker_answers
        assert not health.healthy


async def test_scaling_from_another_terminal(tmp_path: Path) -> None:
    """Up, then down; the other role does not notice."""
    async with _running(tmp_path, "analysis=1", "drafting=1"):
        more = await scale_stack(tmp_path, "analysis", 3)
        assert [service.name for service in more.services] == ["analysis-1", "analysis-2", "analysis-3", "drafting-1"]
        fewer = await scale_stack(tmp_path, "analysis", 0)
        assert [service.name for service in fewer.services] == ["drafting-1"]
        assert fewer.services[0].pid == more.services[-1].pid


async def test_two_terminals_scaling_at_once_both_get_what_they_asked_for(tmp_path: Path) -> None:
    """No request is lost."""
    async with _running(tmp_path, "analysis=1", "drafting=1"):
        await asyncio.gather(scale_stack(tmp_path, "analysis", 2), scale_stack(tmp_path, "drafting", 2))
        state = StackFiles.of(tmp_path).read_state()
        assert state is not None
        assert len(state.services) == 4


async def test_scaling_an_unknown_role_is_refused(tmp_path: Path) -> None:
    """The error lists the roles that there are."""
    async with _running(tmp_path, "analysis=1"):
        with pytest.raises(ScaleRefused, match="there are analysis"):
            await scale_stack(tmp_path, "sorcery", 1)


async def test_stopping_from_another_terminal(tmp_path: Path) -> None:
    """When it returns, nothing runs any more; a second time there is nothing to stop."""
    async with _running(tmp_path, "analysis=2") as (process, state):
        await stop_stack(tmp_path)
        assert await process.wait() == 0
        assert not any(psutil.pid_exists(pid) for pid in _pids(state))
        with pytest.raises(StackNotRunning):
            await stop_stack(tmp_path)


async def test_a_crashed_service_comes_back_in_the_published_state(tmp_path: Path) -> None:
    """Other terminals see the new process and that it was restarted."""
    async with _running(tmp_path, "analysis=1") as (_, state):
        (killed,) = _pids(state)
        os.kill(killed, signal.SIGKILL)

        async def back() -> bool:
            now = (await stack_health(tmp_path)).state.services[0]
            return now.restarts == 1 and now.pid not in {killed, None} and now.phase == "ready"

        async with asyncio.timeout(BOUND_S):
            await until(back)
