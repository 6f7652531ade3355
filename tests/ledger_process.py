"""A ledger as its own process on a real broker, for integration tests."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from collegium.embedded.ports import free_port
from collegium.ledger.views import LatencyReport, RunPage, RunView

READY_S = 60.0
LOOK_S = 0.05


@dataclass(slots=True)
class LedgerProcess:
    """A running process and its HTTP address."""

    process: asyncio.subprocess.Process
    url: str
    log_path: Path

    async def until_ready(self) -> None:
        """Wait until /readyz says so."""

        async def ready(client: httpx.AsyncClient) -> bool:
            return (await client.get(f"{self.url}/readyz")).status_code == 200

        await self._until(ready)

    async def until_version(self, run_id: str, version: int) -> RunView:
        """Wait until a run's view includes a decision."""
        found: list[RunView] = []

        async def there(client: httpx.AsyncClient) -> bool:
            answer = await client.get(f"{self.url}/runs/{run_id}")
            if answer.status_code == 200:
                found.append(RunView.read(answer.content))
            return bool(found) and found[-1].version >= version

        await self._until(there)
        return found[-1]

    async def until_complete(self, *, complete: bool) -> RunPage:
        """Wait until it owns every partition, or no longer does."""
        found: list[RunPage] = []

        async def so(client: httpx.AsyncClient) -> bool:
            answer = await client.get(f"{self.url}/runs")
            if answer.status_code == 200:
                found.append(RunPage.read(answer.content))
            return bool(found) and found[-1].complete is complete

        await self._until(so)
        return found[-1]

    async def get(self, path: str) -> httpx.Response:
        """One request."""
        async with httpx.AsyncClient() as client:
            return await client.get(f"{self.url}{path}")

    async def latencies(self) -> LatencyReport:
        """What /latencies says."""
        return LatencyReport.read((await self.get("/latencies")).content)

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signal the process and wait for its exit status."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), 30)

    async def _until(self, condition: Callable[[httpx.AsyncClient], Awaitable[bool]]) -> None:
        async with asyncio.timeout(READY_S), httpx.AsyncClient(timeout=5) as client:
            while self.process.returncode is None:
                try:
                    if await condition(client):
                        return
                except httpx.TransportError:
                    pass  # not listening yet
                await asyncio.sleep(LOOK_S)
        raise AssertionError(f"the ledger ended with {self.process.returncode}: {self.log_path.read_text()[-2000:]}")


@asynccontextmanager
async def ledger(
    bootstrap: str, prefix: str, directory: Path, environment: Mapping[str, str] | None = None
) -> AsyncGenerator[LedgerProcess]:
    """Start a ledger; it is ended, if it still runs, with the block."""
    port = free_port()
    log_path = directory / f"ledger-{port}.log"
    with log_path.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "collegium.ledger",
            stdout=log,
            stderr=log,
            cwd=directory,
            env={
                **os.environ,  # noqa: TID251 - a child needs PATH and the like
                "COLLEGIUM_KAFKA_BOOTSTRAP": bootstrap,
                "COLLEGIUM_KAFKA_TOPIC_PREFIX": prefix,
                "COLLEGIUM_DATA_DIR": str(directory / "data"),
                "COLLEGIUM_HTTP_PORT": str(port),
                **(environment or {}),
            },
        )
    running = LedgerProcess(process, f"http://127.0.0.1:{port}", log_path)
    try:
        yield running
    finally:
        await running.end(signal.SIGKILL)
