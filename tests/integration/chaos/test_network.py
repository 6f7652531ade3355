"""Namespaces as hosts: packets really vanish, in one direction if that is wanted, and nothing is left behind."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from chaos.network import NAMESPACES, Network, NetworkError, network
from collegium.embedded.probe import until
from needs import needs

pytestmark = [needs("namespaces"), pytest.mark.asyncio(loop_scope="session")]

BOUND_S = 20.0
_PEER = Path(__file__).with_name("peer.py")
_ANOTHER_NETWORK = """
import asyncio
from chaos.network import network
async def main():
    async with network(["x"]):
        print("up")
asyncio.run(main())
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hosts() -> AsyncGenerator[Network, None]:
    """Three hosts."""
    async with network(["a", "b", "c"]) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def net(hosts: Network) -> AsyncGenerator[Network, None]:
    """The hosts, all connected before and after each test."""
    yield hosts
    await hosts.heal()


class Peer:
    """A process on a host."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def hears(self) -> str:
        """What arrived next."""
        assert self._process.stdout is not None
        async with asyncio.timeout(BOUND_S):
            return (await self._process.stdout.readline()).decode().strip()

    def says(self, words: str) -> None:
        """Send over its open connection."""
        assert self._process.stdin is not None
        self._process.stdin.write(words.encode() + b"\n")


@asynccontextmanager
async def peer(net: Network, host: str, mode: str, address: str) -> AsyncGenerator[Peer]:
    """Talk on a host until the block ends."""
    process = await asyncio.create_subprocess_exec(
        *net.enter(host), sys.executable, _PEER, mode, net.address(address), stdin=PIPE, stdout=PIPE
    )
    try:
        running = Peer(process)
        if mode != "dial":
            assert await running.hears() == "up"
        yield running
    finally:
        process.kill()
        await process.communicate()


async def send(net: Network, source: str, target: str, words: str) -> None:
    """A datagram, which tells nothing of whether it arrived."""
    process = await asyncio.create_subprocess_exec(
        *net.enter(source), sys.executable, _PEER, "send", net.address(target), words
    )
    assert await process.wait() == 0


async def has_dropped(net: Network, source: str, target: str) -> bool:
    """Whether a packet and its repetition have vanished."""
    return await net.dropped(source, target) > 1


async def test_hosts_reach_each_other_and_the_machine_reaches_them(net: Network) -> None:
    """Each has an address of its own, and what watches a trial needs no namespace."""
    async with peer(net, "a", "listen", "a") as a:
        await send(net, "b", "a", "from b")
        assert await a.hears() == "from b"
    async with peer(net, "c", "echo", "c"):
        _, writer = await asyncio.open_connection(net.address("c"), 7002)
        writer.close()
        await writer.wait_closed()


async def test_a_one_way_drop_lets_the_other_way_pass(net: Network) -> None:
    """Packets from a to b vanish; b is still heard by a, and c by b."""
    await net.drop("a", "b")
    async with peer(net, "a", "listen", "a") as a, peer(net, "b", "listen", "b") as b:
        await send(net, "a", "b", "lost")
        await send(net, "b", "a", "heard")
        assert await a.hears() == "heard"
        await send(net, "c", "b", "from c")
        assert await b.hears() == "from c", "and not what a had sent before"
    assert await net.dropped("a", "b") == 1
    assert await net.dropped("b", "a") == 0


async def test_a_cut_is_in_both_directions_and_heals(net: Network) -> None:
    """What was sent meanwhile stays lost; what is sent later arrives."""
    await net.cut("a", "b")
    async with peer(net, "a", "listen", "a") as a, peer(net, "b", "listen", "b") as b:
        await send(net, "a", "b", "lost")
        await send(net, "b", "a", "lost")
        assert (await net.dropped("a", "b"), await net.dropped("b", "a")) == (1, 1)
        await net.heal()
        await send(net, "a", "b", "to b")
        await send(net, "b", "a", "to a")
        assert (await a.hears(), await b.hears()) == ("to a", "to b")


async def test_open_connections_are_cut_too_and_go_on_afterwards(net: Network) -> None:
    """No end is told: TCP sends again what was lost, as after a real cut."""
    async with peer(net, "a", "echo", "a"), peer(net, "b", "dial", "a") as b:
        b.says("one")
        assert await b.hears() == "one"
        await net.cut("a", "b")
        b.says("two")
        async with asyncio.timeout(BOUND_S):
            await until(lambda: has_dropped(net, "b", "a"))
        await net.heal()
        assert await b.hears() == "two"


async def test_a_rule_that_cannot_be_is_an_error(net: Network) -> None:
    """A cut that does not cut would make a trial pass that tried nothing."""
    process = await asyncio.create_subprocess_exec("ip", "netns", "add", "collegium-0-broken")
    assert await process.wait() == 0
    try:
        broken = Network({"x": "collegium-0-broken"}, {"x": "not an address"}, outside="127.0.0.1")
        with pytest.raises(NetworkError, match="not an address"):
            await broken.drop("x", "x")
    finally:
        await (await asyncio.create_subprocess_exec("ip", "netns", "delete", "collegium-0-broken")).wait()
    assert net.has("a")


async def test_nothing_is_left_of_a_network(net: Network) -> None:
    """Neither namespaces nor devices; and what a killed process had left is removed by the next one."""
    assert net.has("a")
    ours, devices = {path.name for path in NAMESPACES.iterdir()}, set(psutil.net_if_addrs())
    dead = f"collegium-{2**22 + 1}-hub"
    assert await (await asyncio.create_subprocess_exec("ip", "netns", "add", dead)).wait() == 0
    # Devices are named by process, so a second network needs a process of its own.
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _ANOTHER_NETWORK, stdin=DEVNULL, stdout=PIPE, env={"PYTHONPATH": str(_PEER.parents[2])}
    )
    async with asyncio.timeout(BOUND_S):
        out, _ = await process.communicate()
    assert out == b"up\n"
    assert {path.name for path in NAMESPACES.iterdir()} == ours
    assert set(psutil.net_if_addrs()) == devices
