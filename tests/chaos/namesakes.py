"""Services in process spaces of their own, as in containers: each is process 1 there, on a host of the same name."""

import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from chaos.brokers import BrokerPlan, SingleNode, Site
from collegium.embedded.kafka import EmbeddedKafka

_APART = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
"""SIGKILL to this command is SIGKILL to the service, by `--kill-child`; SIGTERM goes to the whole process group."""

_COMMAND_S = 10.0


class Namesakes(SingleNode):
    """One node; all services have the same host name and the same process id."""

    def own_pid(self, pid: int) -> int:
        """The first process."""
        return 1

    def command(self, service: str, command: Sequence[str]) -> Sequence[str]:
        """In a process space of its own."""
        return (*_APART, *command)


def namesakes_missing() -> str | None:
    """What this machine lacks for process spaces; None when nothing."""
    if sys.platform != "linux":
        return "process namespaces exist on Linux only"
    try:
        done = subprocess.run((*_APART, "true"), capture_output=True, text=True, timeout=_COMMAND_S, check=False)
    except FileNotFoundError:
        return "not installed: unshare (Debian: apt-get install util-linux)"
    if done.returncode == 0:
        return None
    reason = (done.stderr.strip() or f"unshare ended with {done.returncode}").splitlines()[-1]
    return f"process namespaces are not permitted (run as root): {reason}"


@asynccontextmanager
async def _namesakes(site: Site) -> AsyncGenerator[Namesakes]:
    async with EmbeddedKafka(site.runtime, site.directory / "namesakes") as kafka:
        yield Namesakes(kafka)


NAMESAKES = BrokerPlan("one node, every service with the same host name and process id", _namesakes, namesakes_missing)
