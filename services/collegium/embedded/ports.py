"""Ports of the loopback interface.

They are drawn outside the range that the kernel gives to outgoing connections. A server must be able to take its port
again after a crash; a client that keeps dialling a port of that range may meanwhile be given the port as its own source
port (it is then connected to itself), or another connection may hold it.
"""

import random
import re
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Final

LOOPBACK: Final = "127.0.0.1"

_LINUX_RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_OTHER_RANGE: Final = (32_768, 65_535)
"""What macOS and the BSDs use lies within."""
_LOWEST: Final = 20_000
"""Below are the ports of known services."""
_HIGHEST: Final = 65_535
_TRIES: Final = 200


def outgoing_ports(source: Path = _LINUX_RANGE) -> range:
    """The ports that the kernel gives to outgoing connections."""
    try:
        found = re.findall(r"\d+", source.read_text("ascii"))
    except OSError:
        found = []
    lowest, highest = (int(found[0]), int(found[1])) if len(found) == len(_OTHER_RANGE) else _OTHER_RANGE
    return range(lowest, highest + 1)


def candidates(outgoing: range) -> list[int]:
    """The ports that servers may draw; empty when the kernel gives all of them to outgoing connections."""
    return [port for port in range(_LOWEST, _HIGHEST + 1) if port not in outgoing]


def is_free(port: int) -> bool:
    """Whether a server could listen on a port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        return _bound(probe, port)


def free_ports(count: int) -> tuple[int, ...]:
    """Distinct ports that are free now. Another process may take one before it is used: be ready to ask again."""
    drawn = random.SystemRandom().sample(pool, min(_TRIES, len(pool))) if (pool := candidates(outgoing_ports())) else []
    with ExitStack() as stack:
        chosen: list[int] = []
        # Where all candidates are taken, any port that the kernel has left is better than none.
        for port in (*drawn, *[0] * count):
            if len(chosen) == count:
                break
            probe = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            if _bound(probe, port):
                chosen.append(int(probe.getsockname()[1]))
        if len(chosen) < count:
            raise OSError(f"only {len(chosen)} of {count} ports of {LOOPBACK} are free")
        return tuple(chosen)


def free_port(preferred: int = 0) -> int:
    """The preferred port when it is free, else any other."""
    if preferred and is_free(preferred):
        return preferred
    return free_ports(1)[0]


def _bound(probe: socket.socket, port: int) -> bool:
    # As servers do, so that connections of an earlier one that still fade away do not count.
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind((LOOPBACK, port))
    except OSError:
        return False
    return True
