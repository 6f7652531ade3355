"""Three brokers and the services that matter as hosts of a network of their own, so that they can be cut off."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager

from chaos.brokers import BrokerPlan, Environment, Site
from chaos.clusters import HEAP_MB, NICE, Cluster
from chaos.network import Network, network, network_missing
from collegium.embedded.cluster import ClusterNode, EmbeddedCluster, NodePlace
from collegium.embedded.kafka_config import NodePorts
from collegium.embedded.node import NodeOptions
from collegium.embedded.ports import LOOPBACK

_BROKERS = ("broker-1", "broker-2", "broker-3")
_SERVICES = ("orchestrator-1", "orchestrator-2", "worker-1", "worker-2")
_BROKER_PORT = 9092
_CONTROLLER_PORT = 9093


class Networked(Cluster):
    """Three nodes, each on a host of its own; the first services of a trial as well.

    What watches (load, history, checker) stays outside and reaches every host all the time.
    """

    def __init__(self, cluster: EmbeddedCluster, net: Network) -> None:
        super().__init__(cluster)
        self._net = net
        self.outsides = (LOOPBACK, net.outside)

    def environment(self, service: str) -> Environment:
        """Nothing more: a service finds the brokers by the same addresses as all others."""
        return {}

    def host(self, service: str) -> str:
        """Where its host is."""
        return self._net.address(service) if self._net.has(service) else LOOPBACK

    def outside(self, service: str) -> str:
        """The machine itself, over the cable that is never cut."""
        return self._net.outside if self._net.has(service) else LOOPBACK

    def command(self, service: str, command: Sequence[str]) -> Sequence[str]:
        """On its host."""
        return (*self._net.enter(service), *command) if self._net.has(service) else command

    async def cut(self, hosts: Iterable[str], others: Iterable[str]) -> None:
        """Let every packet between these and the others vanish."""
        away = tuple(others)
        for host in hosts:
            for other in away:
                await self._net.cut(host, other)

    async def drop(self, sources: Iterable[str], targets: Iterable[str]) -> None:
        """Let every packet from these to the others vanish; the other way they pass."""
        away = tuple(targets)
        for source in sources:
            for target in away:
                await self._net.drop(source, target)

    async def dropped(self, sources: Iterable[str], targets: Iterable[str]) -> int:
        """How many packets have vanished on the way."""
        away = tuple(targets)
        return sum([await self._net.dropped(source, target) for source in sources for target in away])

    async def heal(self) -> None:
        """Let all packets pass again."""
        await self._net.heal()

    def hosts_of(self, nodes: Iterable[ClusterNode]) -> tuple[str, ...]:
        """The hosts' names of brokers."""
        return tuple(_BROKERS[node.node_id - 1] for node in nodes)


@asynccontextmanager
async def _networked(site: Site) -> AsyncGenerator[Networked]:
    async with network((*_BROKERS, *_SERVICES)) as net:
        places = [
            NodePlace(
                NodePorts(_BROKER_PORT, _CONTROLLER_PORT, net.address(broker)), launcher=(*net.enter(broker), *NICE)
            )
            for broker in _BROKERS
        ]
        async with EmbeddedCluster(
            site.runtime, site.directory / "networked", places=places, options=NodeOptions(heap_mb=HEAP_MB)
        ) as cluster:
            await cluster.whole()
            yield Networked(cluster, net)


NETWORKED = BrokerPlan("three nodes, each host in a network namespace of its own", _networked, network_missing)
