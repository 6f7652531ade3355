"""The probe that Docker runs inside every container."""

import asyncio
import os
import socket
import sys
from pathlib import Path

import pytest
from aiohttp import web

PROBE = Path(__file__).parents[3] / "infra/docker/healthcheck.py"


async def _probe(port: int) -> int:
    environment = {"COLLEGIUM_HTTP_PORT": str(port), "PATH": os.defpath}
    process = await asyncio.create_subprocess_exec(sys.executable, "-I", "-S", str(PROBE), env=environment)
    async with asyncio.timeout(20):
        return await process.wait()


@pytest.mark.parametrize(("status", "exit_code"), [(200, 0), (503, 1), (404, 1)])
async def test_only_a_ready_service_is_healthy(status: int, exit_code: int) -> None:
    """200 from /readyz is healthy; not ready, or no such page, is not."""

    async def readyz(_request: web.Request) -> web.Response:
        return web.Response(status=status)

    application = web.Application()
    application.router.add_get("/readyz", readyz)
    runner = web.AppRunner(application)
    await runner.setup()
    listening = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listening).start()
    try:
        assert await _probe(listening.getsockname()[1]) == exit_code
    finally:
        await runner.cleanup()


async def test_a_service_that_does_not_listen_is_unhealthy() -> None:
    """A refused connection is an answer, not a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert await _probe(port) == 1


async def test_a_service_that_never_answers_is_unhealthy() -> None:
    """One that accepts and stays silent runs into the probe's own time-out."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert await _probe(silent.getsockname()[1]) == 1
