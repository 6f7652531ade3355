"""Where a trial's services find Kafka: one node, a cluster, something in between them."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Generic, TypeVar

from collegium.embedded.kafka import EmbeddedKafka
from collegium.embedded.ports import LOOPBACK
from collegium.embedded.runtime import KafkaRuntime

Environment = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Site:
    """What all trials of one matrix share."""

    runtime: KafkaRuntime
    directory: Path
    """Data and logs; every broker and trial takes a directory of its own below it."""


class Brokers:
    """A running Kafka, of any number of nodes. Cells that do something to it use a subclass that can.

    Args:
        bootstrap: Where the load, the watcher and the checker find it, whatever happens to the services' ways.
        config: Kafka's settings that topics of a trial are created with, beside the contracts' own.
    """

    outsides: tuple[str, ...] = (LOOPBACK,)
    """Addresses of the trial's own process."""

    def __init__(self, bootstrap: str, *, config: Environment = MappingProxyType({})) -> None:
        self.bootstrap = bootstrap
        self.config = config

    def environment(self, service: str) -> Environment:
        """More settings for a service such as `orchestrator-1`; they win over the trial's own."""
        return {}

    def host(self, service: str) -> str:
        """The address at which a service answers; another one for a service in a network namespace."""
        return LOOPBACK

    def outside(self, service: str) -> str:
        """The address at which a service reaches the trial's own process; one of `outsides`."""
        return self.outsides[0]

    def own_pid(self, pid: int) -> int:
        """The process id that a service has for itself, which is part of its name."""
        return pid

    def command(self, service: str, command: Sequence[str]) -> Sequence[str]:
        """How a service is started: `ip netns exec` and the like go before it."""
        return command


B = TypeVar("B", bound=Brokers)


def nothing_missing() -> str | None:
    """A plan that every machine can carry out."""
    return None


@dataclass(frozen=True, slots=True)
class BrokerPlan(Generic[B]):
    """A kind of Kafka. Consecutive cells of the same plan share one, unless a cell asks for a fresh one."""

    name: str
    """As the document names it, such as `one node`."""
    open: Callable[[Site], AbstractAsyncContextManager[B]]
    """Start it; leaving the context stops it and everything that it started."""
    missing: Callable[[], str | None] = nothing_missing
    """What this machine lacks for it (a privilege, a command), or None."""


class SingleNode(Brokers):
    """One embedded node."""

    def __init__(self, kafka: EmbeddedKafka) -> None:
        super().__init__(kafka.bootstrap)
        self.kafka = kafka


@asynccontextmanager
async def _single_node(site: Site) -> AsyncGenerator[SingleNode]:
    async with EmbeddedKafka(site.runtime, site.directory / "one-node") as kafka:
        yield SingleNode(kafka)


SINGLE_NODE = BrokerPlan("one node", _single_node)
