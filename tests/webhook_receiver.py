"""A webhook's receiver on loopback, as somebody else would write one: it keeps what it was sent, by idempotency key."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass
class Received:
    """What a receiver knows, and how it behaves."""

    port: int = 0
    done: dict[str, bytes] = field(default_factory=dict[str, bytes])
    """Content by key, each taken over once."""
    withdrawn: dict[str, str] = field(default_factory=dict[str, str])
    """Keys that were taken back, with the key of the request that did."""
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list[tuple[str, dict[str, str]]])
    answer: int | None = None
    """Answer everything with this status instead."""
    text: str = "as told"
    """And with these words."""
    silent_after_doing: bool = False
    """Do what is asked for, then break the connection off."""

    @property
    def base(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def post(self, request: web.Request) -> web.Response:
        """Take content over, once for each key, and never after a withdrawal."""
        self.requests.append((request.path, dict(request.headers)))
        if self.answer is not None:
            return web.Response(status=self.answer, headers={"Location": f"{self.base}/elsewhere"}, text=self.text)
        key, content = request.headers["Idempotency-Key"], await request.read()
        if key in self.withdrawn:
            return web.Response(status=410)
        if self.done.setdefault(key, content) != content:
            return web.Response(status=422, text="other content under this key")
        if self.silent_after_doing and request.transport is not None:
            request.transport.abort()
        return web.Response(status=201, text="taken over")

    async def withdraw(self, request: web.Request) -> web.Response:
        """Take it back, whether it came or not."""
        undone = json.loads(await request.read())["withdraws"]
        self.requests.append((request.path, dict(request.headers)))
        self.withdrawn[undone] = request.headers["Idempotency-Key"]
        self.done.pop(undone, None)
        return web.Response(text="taken back")

    async def query(self, request: web.Request) -> web.Response:
        """Whether a key's request was done."""
        key = request.query["key"]
        known = key in self.done or key in self.withdrawn.values()
        return web.Response(status=200 if known else 404)


@asynccontextmanager
async def receiver() -> AsyncIterator[Received]:
    """A receiver while the block runs."""
    received = Received()
    app = web.Application()
    app.add_routes(
        [web.post("/hook", received.post), web.post("/undo", received.withdraw), web.get("/query", received.query)]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        received.port = runner.addresses[0][1]
        yield received
    finally:
        await runner.cleanup()
