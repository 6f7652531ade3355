"""The supervisor, with real processes."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from collegium.embedded.errors import ScaleRefused, ServiceFailed
from collegium.embedded.ports import free_port
from collegium.embedded.probe import http_ok, until
from collegium.embedded.processes import Supervisor, SupervisorOptions
from collegium.embedded.supervision import InstanceStatus, Phase, RestartPolicy, ServiceSpec

SERVICE = str(Path(__file__).parents[2] / "probed_service.py")
BOUND_S = 30.0
QUICK = RestartPolicy(first_pause_s=0.01, longest_pause_s=0.02, max_crashes=2)


def _spec(role: str, *mode: str, http_port: int | None = None) -> ServiceSpec:
    return ServiceSpec(role, (sys.executable, SERVICE, *mode), http_port=http_port)


@asynccontextmanager
async def _supervising(
    tmp_path: Path, *services: ServiceSpec, ready_timeout_s: float = BOUND_S
) -> AsyncGenerator[Supervisor, None]:
    options = SupervisorOptions(tmp_path, {}, QUICK, ready_timeout_s=ready_timeout_s, stop_grace_s=BOUND_S)
    async with asyncio.timeout(BOUND_S * 2), Supervisor(services, options, lambda: None) as supervisor:
        yield supervisor


async def _until_status(supervisor: Supervisor, condition: Callable[[tuple[InstanceStatus, ...]], bool]) -> None:
    async def holds() -> bool:
        return condition(supervisor.statuses)

    async with asyncio.timeout(BOUND_S):
        await until(holds)


def _pids(supervisor: Supervisor) -> list[int]:
    return [status.pid for status in supervisor.statuses if status.pid is not None]


async def test_asked_processes_come_up_on_ports_of_their_own(tmp_path: Path) -> None:
    """Two of one role and one of another: three ports that answer, three log files."""
    async with _supervising(tmp_path, _spec("analysis"), _spec("drafting")) as supervisor:
        supervisor.scale("analysis", 2)
        supervisor.scale("drafting", 1)
        await supervisor.wait_ready()
        statuses = supervisor.statuses
        assert [status.name for status in statuses] == ["analysis-1", "analysis-2", "drafting-1"]
        assert {status.phase for status in statuses} == {Phase.READY}
        assert len({status.http_port for status in statuses}) == 3
        assert all([await http_ok(status.http_port, "/readyz") for status in statuses])
        assert all(status.log_path.exists() for status in statuses)


async def test_leaving_ends_every_process(tmp_path: Path) -> None:
    """Nothing survives the block."""
    async with _supervising(tmp_path, _spec("analysis")) as supervisor:
        supervisor.scale("analysis", 3)
        await supervisor.wait_ready()
        pids = _pids(supervisor)
    assert len(pids) == 3
    assert not any(psutil.pid_exists(pid) for pid in pids)


async def test_an_error_in_the_block_ends_every_process_and_stays_itself(tmp_path: Path) -> None:
    """The caller sees its own error, in no group."""
    pids: list[int] = []

    async def fail() -> None:
        async with _supervising(tmp_path, _spec("analysis")) as supervisor:
            supervisor.scale("analysis", 1)
            await supervisor.wait_ready()
            pids.extend(_pids(supervisor))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert pids
    assert not any(psutil.pid_exists(pid) for pid in pids)


async def test_a_killed_process_is_started_again(tmp_path: Path) -> None:
    """After kill -9: another process id, one restart counted, ready again."""
    async with _supervising(tmp_path, _spec("analysis")) as supervisor:
        supervisor.scale("analysis", 1)
        await supervisor.wait_ready()
        (killed,) = _pids(supervisor)
        os.kill(killed, signal.SIGKILL)
        await _until_status(supervisor, lambda statuses: statuses[0].restarts == 1)
        await supervisor.wait_ready()
        (status,) = supervisor.statuses
        assert status.pid not in {killed, None}
        assert (status.phase, status.restarts) == (Phase.READY, 1)


async def test_a_crash_at_the_start_is_borne(tmp_path: Path) -> None:
    """A service that comes up at the second try comes up."""
    async with _supervising(tmp_path, _spec("analysis", "crash-once", str(tmp_path / "crashed"))) as supervisor:
        supervisor.scale("analysis", 1)
        await supervisor.wait_ready()
        assert supervisor.statuses[0].restarts == 1


async def test_a_wrong_setting_fails_at_once(tmp_path: Path) -> None:
    """Exit code 2 says that a restart cannot help: one try, and its last line is quoted."""
    async with _supervising(tmp_path, _spec("analysis", "refuse")) as supervisor:
        supervisor.scale("analysis", 1)
        with pytest.raises(ServiceFailed, match="a setting is wrong") as failed:
            await supervisor.wait_ready()
        assert failed.value.last_lines == ("COLLEGIUM_LIMIT: no number",)
        assert [(status.phase, status.restarts) for status in supervisor.statuses] == [(Phase.FAILED, 0)]


async def test_a_crash_loop_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    """Tried three times, then given up; the others stay."""
    async with _supervising(tmp_path, _spec("analysis", "crash"), _spec("drafting")) as supervisor:
        supervisor.scale("drafting", 1)
        await supervisor.wait_ready()
        supervisor.scale("analysis", 1)
        with pytest.raises(ServiceFailed, match="exit code 3") as failed:
            await supervisor.wait_ready()
        assert failed.value.name == "analysis-1"
        assert failed.value.last_lines == ("about to crash",) * 3
        assert [status.phase for status in supervisor.statuses] == [Phase.FAILED, Phase.READY]


async def test_scaling_a_failed_role_down_forgets_it(tmp_path: Path) -> None:
    """The way out of a crash loop is to scale down and up."""
    async with _supervising(tmp_path, _spec("analysis", "crash")) as supervisor:
        supervisor.scale("analysis", 1)
        with pytest.raises(ServiceFailed):
            await supervisor.wait_ready()
        supervisor.scale("analysis", 0)
        assert supervisor.statuses == ()
        supervisor.scale("analysis", 1)
        assert [status.phase for status in supervisor.statuses] == [Phase.STARTING]


async def test_a_process_that_never_gets_ready_counts_as_crashed(tmp_path: Path) -> None:
    """Its port answers nothing: given up after the same number of tries."""
    silent = ServiceSpec("analysis", ("sleep", "600"))
    async with _supervising(tmp_path, silent, ready_timeout_s=0.05) as supervisor:
        supervisor.scale("analysis", 1)
        with pytest.raises(ServiceFailed, match="not ready within"):
            await supervisor.wait_ready()


async def test_a_missing_program_is_reported(tmp_path: Path) -> None:
    """A command that cannot be started fails like a crash, and says so."""
    async with _supervising(tmp_path, ServiceSpec("analysis", ("/does/not/exist",))) as supervisor:
        supervisor.scale("analysis", 1)
        with pytest.raises(ServiceFailed, match="cannot be started"):
            await supervisor.wait_ready()


async def test_scaling_down_stops_the_highest_numbers(tmp_path: Path) -> None:
    """The first one never notices."""
    async with _supervising(tmp_path, _spec("analysis")) as supervisor:
        supervisor.scale("analysis", 3)
        await supervisor.wait_ready()
        first = supervisor.statuses[0]
        supervisor.scale("analysis", 1)
        await _until_status(supervisor, lambda statuses: len(statuses) == 1)
        assert supervisor.statuses == (first,)


async def test_scaling_up_again_waits_for_the_one_that_stops(tmp_path: Path) -> None:
    """The same number never runs twice at a time, and comes up in the end."""
    async with _supervising(tmp_path, _spec("analysis")) as supervisor:
        supervisor.scale("analysis", 1)
        await supervisor.wait_ready()
        (old,) = _pids(supervisor)
        supervisor.scale("analysis", 0)
        supervisor.scale("analysis", 1)
        await _until_status(supervisor, lambda statuses: [status.phase for status in statuses] == [Phase.READY])
        (new,) = _pids(supervisor)
        assert new != old
        assert not psutil.pid_exists(old)


@pytest.mark.parametrize(("role", "instances"), [("unknown", 1), ("analysis", -1), ("analysis", 65), ("fixed", 2)])
async def test_impossible_numbers_are_refused(tmp_path: Path, role: str, instances: int) -> None:
    """Unknown roles, numbers out of bounds, two processes on one fixed port."""
    async with _supervising(tmp_path, _spec("analysis"), _spec("fixed", http_port=free_port())) as supervisor:
        with pytest.raises(ScaleRefused):
            supervisor.scale(role, instances)
