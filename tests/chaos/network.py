"""Hosts with addresses of their own on one machine, and packets between them that vanish.

Each host is a network namespace with a virtual Ethernet cable to a bridge, which is in a namespace as well, so that no
rule of the machine's own (a Docker engine's, for example) applies to it. The machine itself has a cable to the bridge
and is never cut off: what watches a trial runs there.
"""

import asyncio
import ipaddress
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import psutil

NAMESPACES = Path("/run/netns")
_COMMANDS = ("ip", "iptables", "nsenter")
_NETWORKS = ipaddress.ip_network("198.18.0.0/15")
"""For tests of network devices (RFC 2544), so nobody's real addresses."""
_COMMAND_S = 10.0
_PREFIX = "collegium"


class NetworkError(AssertionError):
    """The network does not do what a trial needs."""


class Network:
    """Hosts by name, all connected until packets are dropped between some of them.

    Args:
        names: The hosts' namespaces.
        addresses: The hosts' addresses.
        outside: The address at which they reach the machine itself.
    """

    def __init__(self, names: dict[str, str], addresses: dict[str, str], outside: str) -> None:
        self.outside = outside
        self._names = names
        self._addresses = addresses

    def address(self, host: str) -> str:
        """A host's address."""
        return self._addresses[host]

    def has(self, host: str) -> bool:
        """Whether there is such a host."""
        return host in self._names

    def enter(self, host: str) -> tuple[str, ...]:
        """Goes before a command, which then runs on the host."""
        return ("nsenter", f"--net={NAMESPACES / self._names[host]}")

    async def drop(self, source: str, target: str) -> None:
        """Let every packet from one host to another vanish, of open connections too. Answers still pass."""
        await self._rule(target, "--append", "INPUT", "--source", self.address(source), "--jump", "DROP")

    async def cut(self, one: str, other: str) -> None:
        """Let every packet between two hosts vanish."""
        await self.drop(one, other)
        await self.drop(other, one)

    async def heal(self) -> None:
        """Let all packets pass again."""
        for host in self._names:
            await self._rule(host, "--flush", "INPUT")

    async def dropped(self, source: str, target: str) -> int:
        """How many packets from one host to another have vanished."""
        listing = await self._rule(target, "--list", "INPUT", "--numeric", "--verbose", "--exact")
        lines = [line.split() for line in listing.splitlines()]
        return sum(int(line[0]) for line in lines if self.address(source) in line)

    async def _rule(self, host: str, *words: str) -> str:
        return await _do(*self.enter(host), "iptables", "--wait", *words)


@asynccontextmanager
async def network(hosts: Sequence[str]) -> AsyncGenerator[Network]:
    """Make hosts; at the end nothing is left of them.

    What an earlier process left behind that was killed is removed first.
    """
    await _sweep()
    mark = f"{_PREFIX}-{os.getpid()}"
    base = await _free_network()
    hub = f"{mark}-hub"
    cable = f"cg{os.getpid()}"
    length = base.prefixlen
    async with AsyncExitStack() as made:
        await _namespace(made, hub)
        await _do("ip", "-n", hub, "link", "add", "bridge", "type", "bridge")
        await _do("ip", "-n", hub, "link", "set", "bridge", "up")
        await _do("ip", "link", "add", cable, "type", "veth", "peer", "name", "outside", "netns", hub)
        made.push_async_callback(_do, "ip", "link", "delete", cable)
        await _plug(hub, "outside")
        await _do("ip", "address", "add", f"{base[1]}/{length}", "dev", cable)
        await _do("ip", "link", "set", cable, "up")
        names, addresses = {host: f"{mark}-{host}" for host in hosts}, dict[str, str]()
        for number, (host, name) in enumerate(names.items(), 1):
            await _namespace(made, name)
            plug = f"port{number}"
            await _do("ip", "link", "add", plug, "netns", hub, "type", "veth", "peer", "name", "eth0", "netns", name)
            await _plug(hub, plug)
            addresses[host] = str(base[number + 1])
            await _do("ip", "-n", name, "address", "add", f"{addresses[host]}/{length}", "dev", "eth0")
            for device in ("lo", "eth0"):
                await _do("ip", "-n", name, "link", "set", device, "up")
        yield Network(names, addresses, str(base[1]))


def network_missing() -> str | None:
    """What this machine lacks for hosts of its own: a system, a command, a privilege; None when nothing."""
    if sys.platform != "linux":
        return "network namespaces exist on Linux only"
    absent = [command for command in _COMMANDS if shutil.which(command) is None]
    if absent:
        return f"not installed: {', '.join(absent)} (Debian: apt-get install iproute2 iptables util-linux)"
    name = f"{_PREFIX}-{os.getpid()}-attempt"
    cable = ("ip", "-n", name, "link", "add", "one", "type", "veth", "peer", "name", "other")
    rule = ("nsenter", f"--net={NAMESPACES / name}", "iptables", "--wait", "--append", "INPUT", "--jump", "DROP")
    try:
        for command in (("ip", "netns", "add", name), cable, rule):
            done = subprocess.run(command, capture_output=True, text=True, timeout=_COMMAND_S, check=False)
            if done.returncode != 0:
                reason = (done.stderr.strip() or f"{command} ended with {done.returncode}").splitlines()[-1]
                return f"network namespaces, virtual cables and packet rules are not permitted (run as root): {reason}"
        return None
    finally:
        subprocess.run(("ip", "netns", "delete", name), capture_output=True, timeout=_COMMAND_S, check=False)


async def _namespace(made: AsyncExitStack, name: str) -> None:
    await _do("ip", "netns", "add", name)
    made.push_async_callback(_do, "ip", "netns", "delete", name)


async def _plug(hub: str, plug: str) -> None:
    await _do("ip", "-n", hub, "link", "set", plug, "master", "bridge", "up")


async def _free_network() -> ipaddress.IPv4Network:
    """A network that no device of this machine is in."""
    links: list[dict[str, list[dict[str, str]]]] = json.loads(await _do("ip", "-json", "-4", "address"))
    taken = [ipaddress.ip_address(address["local"]) for link in links for address in link.get("addr_info", [])]
    assert isinstance(_NETWORKS, ipaddress.IPv4Network)
    free = (net for net in _NETWORKS.subnets(new_prefix=24) if not any(address in net for address in taken))
    return next(free)


async def _sweep() -> None:
    """Remove the namespaces of processes that have died without removing them."""
    for name in await asyncio.to_thread(_left_behind):
        await _do("ip", "netns", "delete", name)


def _left_behind() -> Iterable[str]:
    if not NAMESPACES.exists():
        return []
    ours = [path.name.split("-") for path in NAMESPACES.iterdir()]
    return ["-".join(words) for words in ours if _is_dead(words)]


def _is_dead(words: Sequence[str]) -> bool:
    return len(words) > 2 and words[0] == _PREFIX and words[1].isdigit() and not psutil.pid_exists(int(words[1]))


async def _do(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(_COMMAND_S):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise NetworkError(f"{' '.join(command)}: {err.decode().strip()}")
    return out.decode()
