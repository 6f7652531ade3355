"""The small HTTP server of every process: /metrics, /livez, /readyz, and routes that a service adds."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Final, Self

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

_log = logging.getLogger(__name__)

SHUTDOWN_TIMEOUT_S: Final = 2.0
MAX_BODY_BYTES: Final = 65_536
"""Of a request. Nothing here reads one yet."""
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})

Check = Callable[[], bool | str]
"""True when ready; False, or a sentence that says what is missing, when not."""


class Health:
    """Whether the process can do its work now. A process without checks is ready."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}

    def register(self, name: str, check: Check) -> None:
        """Add a readiness check, or replace the one of that name. It must return at once."""
        self._checks[name] = check

    def unready(self) -> Mapping[str, str]:
        """The failed checks with their reasons; empty when ready."""
        reasons: dict[str, str] = {}
        for name, check in self._checks.items():
            result = check()
            if result is not True:
                reasons[name] = result if isinstance(result, str) else "not ready"
        return reasons


class HttpServer:
    """Serves while its `async with` block runs.

    Args:
        registry: What /metrics shows.
        health: What /readyz asks.
        host: The address to bind; loopback unless an operator wants otherwise.
        port: 0 takes a free one, see `port` afterwards.
        routes: More routes.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        health: Health,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        routes: Iterable[web.AbstractRouteDef] = (),
    ) -> None:
        self._registry = registry
        self._health = health
        self._host = host
        self._asked_port = port
        self._routes = list(routes)
        self._stack = AsyncExitStack()
        self._port: int | None = None

    @property
    def host(self) -> str:
        """The address it is bound to."""
        return self._host

    @property
    def port(self) -> int:
        """The port it listens on.

        Raises:
            RuntimeError: it has not been started.
        """
        if self._port is None:
            raise RuntimeError("the HTTP server has not been started")
        return self._port

    def add_routes(self, routes: Iterable[web.AbstractRouteDef]) -> None:
        """Add routes; before the start only.

        Raises:
            RuntimeError: it serves already.
        """
        if self._port is not None:
            raise RuntimeError("routes are added before the HTTP server starts")
        self._routes.extend(routes)

    async def start(self) -> None:
        """Bind and serve.

        Raises:
            OSError: the address cannot be bound.
        """
        app = web.Application(middlewares=[self._for_us], client_max_size=MAX_BODY_BYTES)
        app.add_routes(
            [
                web.get("/metrics", self._metrics),
                web.get("/livez", self._livez),
                web.get("/readyz", self._readyz),
                *self._routes,
            ]
        )
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_TIMEOUT_S)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, self._host, self._asked_port)
        await site.start()
        self._port = int(runner.addresses[0][1])
        _log.info("HTTP server listens", extra={"url": f"http://{self._host}:{self._port}"})

    async def close(self) -> None:
        """Stop serving. Idempotent."""
        await self._stack.aclose()

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @web.middleware
    async def _for_us(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """On loopback, answer requests for loopback alone.

        A web page may point its own name at 127.0.0.1 (DNS rebinding) and would read what a service says to this
        machine; its browser sends that name as Host.
        """
        if self._host in _LOOPBACK and request.url.host not in _LOOPBACK:
            raise web.HTTPMisdirectedRequest(text="this server answers for localhost and 127.0.0.1 alone\n")
        return await handler(request)

    async def _metrics(self, request: web.Request) -> web.Response:
        body = await asyncio.to_thread(generate_latest, self._registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _livez(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def _readyz(self, request: web.Request) -> web.Response:
        reasons = self._health.unready()
        if reasons:
            return web.json_response({"status": "unready", "reasons": dict(reasons)}, status=503)
        return web.json_response({"status": "ready"})
