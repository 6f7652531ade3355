"""Specialists as real processes, for tests: the no-op specialist with its own environment and log file."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from agent_rig import BOUND_S, ROLE
from collegium.embedded.ports import free_port


class SpecialistProcess:
    """One `python -m collegium.agent.noop`."""

    def __init__(self, process: Process, port: int, log: Path) -> None:
        self._process = process
        self.port = port
        """Where it serves health and metrics."""
        self._log = log

    @property
    def output(self) -> str:
        """What it has written to stderr so far."""
        return self._log.read_text()

    async def says(self, words: str) -> None:
        """Until /readyz answers with these words."""
        answer = ""
        try:
            async with asyncio.timeout(BOUND_S), httpx.AsyncClient(timeout=2) as client:
                while words not in answer:
                    await asyncio.sleep(0.05)
                    try:
                        answer = (await client.get(f"http://127.0.0.1:{self.port}/readyz")).text
                    except httpx.TransportError as error:
                        answer = str(error)
        except TimeoutError:
            raise AssertionError(f"/readyz says {answer!r} after {BOUND_S} s\n{self.output}") from None

    async def ready(self) -> None:
        """Until it is ready."""
        await self.says('"ready"')

    def signal(self, number: int) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    async def ended(self, bound_s: float = BOUND_S) -> int:
        """Its exit status."""
        async with asyncio.timeout(bound_s):
            return await self._process.wait()

    async def clean_up(self) -> None:
        """Leave nothing behind."""
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


def _log_file(data_dir: Path) -> Path:
    data_dir.mkdir(parents=True, exist_ok=True)
    return data_dir / "stderr.log"


@asynccontextmanager
async def specialist_process(
    data_dir: Path,
    *,
    bootstrap: str,
    prefix: str,
    pause_ms: int = 0,
    script: tuple[str, ...] = (),
    **settings: str,
) -> AsyncIterator[SpecialistProcess]:
    """Start a no-op specialist, or a script of one; kill it at the end if it still runs."""
    port = free_port()
    log = await asyncio.to_thread(_log_file, data_dir)
    environment = {
        "PATH": os.defpath,
        "COLLEGIUM_KAFKA_BOOTSTRAP": bootstrap,
        "COLLEGIUM_KAFKA_TOPIC_PREFIX": prefix,
        "COLLEGIUM_DATA_DIR": str(data_dir),
        "COLLEGIUM_HTTP_PORT": str(port),
        **settings,
    }
    noop = ("-m", "collegium.agent.noop", "--role", ROLE, "--pause-ms", str(pause_ms))
    command = [sys.executable, *(script or noop)]
    with log.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            *command, env=environment, stdin=DEVNULL, stdout=DEVNULL, stderr=stderr
        )
    running = SpecialistProcess(process, port, log)
    try:
        yield running
    finally:
        await running.clean_up()
