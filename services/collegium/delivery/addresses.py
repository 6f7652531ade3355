"""Which address a webhook's host is reached at: checked after the name is resolved, and used as it was checked."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address

from collegium.delivery.errors import HostDenied

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


async def resolve(host: str, port: int) -> Sequence[str]:
    """The host's addresses, by the operating system."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[4][0]) for address in found))


async def permitted_address(host: str, port: int, *, allow_loopback: bool, resolver: Resolve = resolve) -> str:
    """An address of an allowed host.

    All of a host's addresses must be permitted: one that also leads elsewhere is not trusted at all.

    Raises:
        HostDenied: it leads to this machine, to its link (where clouds keep credentials), or to no machine at all.
        OSError: the name cannot be resolved.
    """
    addresses = await resolver(host, port)
    for text in addresses:
        address = ip_address(text.partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None) or address
        if mapped.is_loopback and not allow_loopback:
            raise HostDenied(host, f"{text} is this machine; COLLEGIUM_DELIVERY_ALLOW_LOOPBACK=true would permit it")
        if mapped.is_link_local or mapped.is_multicast or mapped.is_unspecified:
            raise HostDenied(host, f"{text} is no address of a webhook")
    if not addresses:
        raise HostDenied(host, "it has no address")
    return addresses[0]
