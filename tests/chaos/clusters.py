"""Three real nodes, gentle enough for two cores, as what a trial's services find."""

from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager

from chaos.brokers import BrokerPlan, Brokers, Site
from collegium.embedded.cluster import ClusterNode, EmbeddedCluster, loopback_places
from collegium.embedded.node import NodeOptions
from collegium.log.topics import TopicNames

NICE = ("nice", "-n", "5")
"""Three Java processes start and elect beside the services: these come first."""
HEAP_MB = 256


class Cluster(Brokers):
    """Three nodes with three copies of everything, two of which must agree."""

    def __init__(self, cluster: EmbeddedCluster) -> None:
        super().__init__(cluster.bootstrap)
        self.cluster = cluster


@asynccontextmanager
async def _three_nodes(site: Site) -> AsyncGenerator[Cluster]:
    options = NodeOptions(heap_mb=HEAP_MB, launcher=NICE)
    async with EmbeddedCluster(
        site.runtime, site.directory / "three-nodes", places=loopback_places(), options=options
    ) as cluster:
        await cluster.whole()
        yield Cluster(cluster)


THREE_NODES = BrokerPlan("three nodes, three copies, two of which must agree", _three_nodes)

Find = Callable[[EmbeddedCluster, TopicNames], Coroutine[None, None, ClusterNode]]
"""Finds the node that a cell strikes."""


async def leader(cluster: EmbeddedCluster, names: TopicNames) -> ClusterNode:
    """The leader of a partition of run-state."""
    return await cluster.leader(names("run-state"), 0)


async def controller(cluster: EmbeddedCluster, _: TopicNames) -> ClusterNode:
    """The node with the active controller."""
    return await cluster.controller()


async def transaction_coordinator(cluster: EmbeddedCluster, names: TopicNames) -> ClusterNode:
    """The coordinator of an orchestrator's transactions."""
    return await cluster.transaction_coordinator(f"{names.prefix}orchestrator.0.0")


async def group_coordinator(cluster: EmbeddedCluster, names: TopicNames) -> ClusterNode:
    """The coordinator of the orchestrators' group."""
    return await cluster.group_coordinator(f"{names.prefix}orchestrator")
