"""Child processes end when they are told to, and when we end."""

import asyncio
import signal
import sys
from pathlib import Path

import psutil
import pytest

from collegium.embedded.children import Child
from collegium.embedded.logs import last_lines
from collegium.embedded.ports import free_port
from collegium.embedded.probe import http_ok, until

SERVICE = str(Path(__file__).parents[2] / "probed_service.py")
BOUND_S = 20.0

# Starts a child through the library and then hangs, as a supervisor would.
_SUPERVISOR = """
import asyncio, pathlib, sys
from collegium.embedded.children import Child
async def main():
    child = await Child.spawn(["sleep", "600"], log_path=pathlib.Path(sys.argv[1]))
    print(child.pid, flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


async def _started(tmp_path: Path, *mode: str) -> Child:
    port = free_port()
    environment = {"COLLEGIUM_HTTP_PORT": str(port)}
    command = [sys.executable, SERVICE, *mode]
    child = await Child.spawn(command, log_path=tmp_path / "log", environment=environment)
    async with asyncio.timeout(BOUND_S):
        await until(lambda: http_ok(port, "/readyz"))
    return child


async def test_a_child_that_obeys_ends_by_itself(tmp_path: Path) -> None:
    """SIGTERM is enough, so its own shutdown ran: exit code 0 and no signal."""
    child = await _started(tmp_path)
    assert await child.stop(BOUND_S) == 0


async def test_a_child_that_does_not_obey_is_killed(tmp_path: Path) -> None:
    """After the grace nobody is asked."""
    child = await _started(tmp_path, "stubborn")
    assert await child.stop(0.05) == -signal.SIGKILL


async def test_stopping_ends_the_childs_own_children(tmp_path: Path) -> None:
    """A service's helper processes are not left behind."""
    child = await _started(tmp_path, "parent")
    grandchild = psutil.Process(int(last_lines(tmp_path / "log")[0]))
    await child.stop(BOUND_S)
    async with asyncio.timeout(BOUND_S):
        await until(lambda: _gone(grandchild))


async def test_the_environment_is_inherited_with_ours_laid_over(tmp_path: Path) -> None:
    """PATH stays, what is given wins."""
    command = ["sh", "-c", 'echo "$GREETING ${PATH:+with a path}"']
    child = await Child.spawn(command, log_path=tmp_path / "log", environment={"GREETING": "hello"})
    assert await child.wait() == 0
    assert last_lines(tmp_path / "log") == ("hello with a path",)


async def test_a_program_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    """The operating system's own error says so."""
    with pytest.raises(FileNotFoundError):
        await Child.spawn(["/does/not/exist"], log_path=tmp_path / "log")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent (PR_SET_PDEATHSIG)")
async def test_children_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    """Even kill -9 leaves nothing behind."""
    supervisor = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _SUPERVISOR, str(tmp_path / "log"), stdout=asyncio.subprocess.PIPE
    )
    assert supervisor.stdout is not None
    orphan = psutil.Process(int(await supervisor.stdout.readline()))
    supervisor.kill()
    await supervisor.wait()
    async with asyncio.timeout(BOUND_S):
        await until(lambda: _gone(orphan))


async def _gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
