"""Asking a process on this machine whether it is well."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from collegium.embedded.ports import LOOPBACK

_HTTP_OK: Final = 200
_POLL_S: Final = 0.02


async def http_status(port: int, path: str, *, host: str = LOOPBACK, timeout_s: float = 1.0) -> int | None:
    """The status code of a GET on this machine; None when nothing answers in time.

    A dozen lines instead of a client library: this is asked many times a second while services start.
    """
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
                status_line = await reader.readline()
            finally:
                writer.close()
    except (OSError, ValueError):
        return None
    words = status_line.split()
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else None


async def http_ok(port: int, path: str, *, host: str = LOOPBACK, timeout_s: float = 1.0) -> bool:
    """Whether a GET answers 200 in time."""
    return await http_status(port, path, host=host, timeout_s=timeout_s) == _HTTP_OK


async def accepts_connections(host: str, port: int, *, timeout_s: float = 1.0) -> bool:
    """Whether something listens on a TCP port."""
    try:
        async with asyncio.timeout(timeout_s):
            _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True


async def until(condition: Callable[[], Awaitable[bool]], *, pause_s: float = _POLL_S) -> None:
    """Return when a condition holds, asking again after each pause. The caller bounds the wait."""
    while True:
        if await condition():
            return
        await asyncio.sleep(pause_s)
