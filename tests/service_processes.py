"""Services as real processes, for tests: any module, with its own environment, log file, health and metrics."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from collegium.embedded.ports import free_port

BOUND_S = 45.0


class ServiceProcess:
    """One `python -m MODULE`."""

    def __init__(self, process: Process, port: int, log: Path) -> None:
        self._process = process
        self._port = port
        self._log = log

    @property
    def output(self) -> str:
        """What it has written to stderr so far."""
        return self._log.read_text()

    @property
    def alive(self) -> bool:
        """Whether it has not ended: a process that was started again would be another one."""
        return self._process.returncode is None

    async def says(self, words: str, bound_s: float = BOUND_S) -> None:
        """Until its log or /readyz holds these words; fails the test when it ends before."""
        answer = ""
        try:
            async with asyncio.timeout(bound_s):
                while words not in self.output and words not in answer:
                    assert self.alive, self.output
                    await asyncio.sleep(0.02)
                    answer = await self._get("/readyz")
        except TimeoutError:
            raise AssertionError(f"{words!r} not within {bound_s} s: {answer}\n{self.output}") from None

    async def ready(self) -> None:
        """Until it is ready."""
        await self.says('"ready"')

    async def metric(self, name: str) -> float:
        """The sum of a metric's samples over all labels; 0 when it was never touched."""
        found = re.findall(rf"^{name}(?:\{{.*\}})? (\S+)$", await self._get("/metrics"), re.MULTILINE)
        return sum(map(float, found))

    async def until_metric(self, name: str, least: float) -> None:
        """Until a metric has reached a value."""
        async with asyncio.timeout(BOUND_S):
            while await self.metric(name) < least:  # noqa: ASYNC110 - another process changes it
                await asyncio.sleep(0.05)

    async def _get(self, path: str) -> str:
        try:
            async with httpx.AsyncClient(timeout=5) as client:
                return (await client.get(f"http://127.0.0.1:{self._port}{path}")).text
        except httpx.TransportError as error:
            return repr(error)

    def signal(self, number: int) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    async def ended(self, bound_s: float = BOUND_S) -> int:
        """Its exit status."""
        async with asyncio.timeout(bound_s):
            return await self._process.wait()

    async def clean_up(self) -> None:
        """Leave nothing behind."""
        if self.alive:
            self._process.kill()
            await self._process.wait()


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    status: int
    out: str
    err: str


def _log_file(data_dir: Path) -> Path:
    data_dir.mkdir(parents=True, exist_ok=True)
    return data_dir / "stderr.log"


@asynccontextmanager
async def service_process(
    data_dir: Path, module: str, *arguments: str, settings: Mapping[str, str]
) -> AsyncIterator[ServiceProcess]:
    """Start a service; kill it at the end if it still runs.

    Args:
        data_dir: Its data directory; its log is there, too.
        module: What `python -m` runs.
        arguments: Its command line.
        settings: Its COLLEGIUM_ variables, apart from the data directory and the port for health and metrics.
    """
    port = free_port()
    log = await asyncio.to_thread(_log_file, data_dir)
    environment = {
        "PATH": os.defpath,
        "COLLEGIUM_DATA_DIR": str(data_dir),
        "COLLEGIUM_HTTP_PORT": str(port),
        **settings,
    }
    with log.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, *arguments, env=environment, stdin=DEVNULL, stdout=DEVNULL, stderr=stderr
        )
    running = ServiceProcess(process, port, log)
    try:
        yield running
    finally:
        await running.clean_up()


async def command(*line: str, settings: Mapping[str, str], given: bytes = b"", cwd: Path | None = None) -> Ended:
    """Run a command to its end."""
    environment = {"PATH": os.defpath, **settings}
    process = await asyncio.create_subprocess_exec(
        *line, env=environment, cwd=cwd, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    try:
        async with asyncio.timeout(BOUND_S):
            out, err = await process.communicate(given)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Ended(process.returncode or 0, out.decode(), err.decode())


async def collegium(*arguments: str, settings: Mapping[str, str]) -> Ended:
    """Run the `collegium` command."""
    return await command(sys.executable, "-m", "collegium.cli", *arguments, settings=settings)
