"""A broker whose answers can get lost: a proxy that understands just enough of Kafka's protocol.

The proxy listens on another loopback address at the broker's port, and writes that address into the answers that name
brokers; both addresses have the same length, so nothing else of an answer changes. Told to, it lets a connection go
dead at a certain request or answer: what comes after it is swallowed in both directions, without a close, as when a
cable is pulled. Clients know nothing but that no answer comes.
"""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import IntEnum

from chaos.brokers import BrokerPlan, Brokers, Environment, Site
from collegium.embedded.kafka import EmbeddedKafka

_HERE = b"127.0.0.1"
_THERE = b"127.0.0.2"
_LARGEST_BYTES = 64 << 20


class Api(IntEnum):
    """Kafka's numbers for requests (the protocol guide, "API Keys")."""

    PRODUCE = 0
    METADATA = 3
    FIND_COORDINATOR = 10
    END_TXN = 26


_NAMES_BROKERS = frozenset({Api.METADATA, Api.FIND_COORDINATOR})


@dataclass(slots=True)
class Loss:
    """What is to be lost: the n-th request of a kind from now on, or its answer."""

    api: int
    answer: bool
    """True: the broker gets the request and acts on it. False: it never hears of it."""
    topic: bytes = b""
    """Only requests that name this topic."""
    after: int = 0
    """So many such requests pass first."""
    happened: asyncio.Event | None = None


class Proxy:
    """One listening proxy before one broker."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._losses: list[Loss] = []
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def bootstrap(self) -> str:
        """Where clients find the broker through the proxy."""
        return f"{_THERE.decode()}:{self._port}"

    def lose(self, loss: Loss) -> asyncio.Event:
        """Order a loss; the event is set when it happens."""
        loss.happened = asyncio.Event()
        self._losses.append(loss)
        return loss.happened

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._accept, _THERE.decode(), self._port)

    async def stop(self) -> None:
        """Close everything."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _accept(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._join(reader, writer)
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _join(self, reader: StreamReader, writer: StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(_HERE.decode(), self._port)
        link = _Link(self._losses)
        forth = asyncio.create_task(link.requests(reader, far_writer))
        back = asyncio.create_task(link.answers(far_reader, writer))
        try:
            await asyncio.wait({forth, back}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            forth.cancel()
            back.cancel()
            await asyncio.wait({forth, back})
            far_writer.close()
            for task in (forth, back):
                if not task.cancelled():
                    task.exception()


class _Link:
    """One connection of a client."""

    def __init__(self, losses: list[Loss]) -> None:
        self._losses = losses
        self._dead = False
        self._asked: dict[int, int] = {}
        self._answer_lost: tuple[int, Loss] | None = None

    async def requests(self, reader: StreamReader, writer: StreamWriter) -> None:
        while True:
            frame = await _frame(reader)
            api, correlation = int.from_bytes(frame[:2], "big"), int.from_bytes(frame[4:8], "big")
            loss = self._loss(api, frame)
            if loss is not None and loss.answer:
                self._answer_lost = (correlation, loss)
            elif loss is not None:
                self._die(loss)
            if not self._dead:
                self._asked[correlation] = api
                await _send(writer, frame)

    async def answers(self, reader: StreamReader, writer: StreamWriter) -> None:
        while True:
            frame = await _frame(reader)
            correlation = int.from_bytes(frame[:4], "big")
            if self._answer_lost is not None and self._answer_lost[0] == correlation:
                self._die(self._answer_lost[1])
            if not self._dead:
                api = self._asked.pop(correlation, -1)
                await _send(writer, frame.replace(_HERE, _THERE) if api in _NAMES_BROKERS else frame)

    def _loss(self, api: int, frame: bytes) -> Loss | None:
        for loss in self._losses:
            if loss.api == api and loss.topic in frame:
                if loss.after:
                    loss.after -= 1
                    continue
                self._losses.remove(loss)
                return loss
        return None

    def _die(self, loss: Loss) -> None:
        self._dead = True
        if loss.happened is not None:
            loss.happened.set()


async def _frame(reader: StreamReader) -> bytes:
    size = int.from_bytes(await reader.readexactly(4), "big")
    assert size <= _LARGEST_BYTES, f"a frame of {size} bytes: this is not Kafka's protocol"
    return await reader.readexactly(size)


async def _send(writer: StreamWriter, frame: bytes) -> None:
    writer.write(len(frame).to_bytes(4, "big") + frame)
    await writer.drain()


class LossyNode(Brokers):
    """One node; services reach it through the proxy, and everybody else directly."""

    def __init__(self, kafka: EmbeddedKafka, proxy: Proxy) -> None:
        super().__init__(kafka.bootstrap)
        self.kafka = kafka
        self.proxy = proxy

    def environment(self, service: str) -> Environment:
        """The proxy's address."""
        return {"COLLEGIUM_KAFKA_BOOTSTRAP": self.proxy.bootstrap}


@asynccontextmanager
async def _lossy_node(site: Site) -> AsyncGenerator[LossyNode]:
    async with EmbeddedKafka(site.runtime, site.directory / "lossy-node") as kafka:
        proxy = Proxy(int(kafka.bootstrap.rpartition(":")[2]))
        await proxy.start()
        try:
            yield LossyNode(kafka, proxy)
        finally:
            await proxy.stop()


LOSSY_NODE = BrokerPlan("one node behind a proxy that loses requests and answers", _lossy_node)
