"""A real Kafka of several nodes on one machine: what a single node cannot show about leaders, quorums and copies."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self, TypeVar

from aiokafka.errors import KafkaError

from collegium.embedded.errors import BrokerError, ClusterNotWhole
from collegium.embedded.files import replace_text
from collegium.embedded.handle import NodeHandle
from collegium.embedded.kafka_config import NodeConfig, NodePorts, cluster_nodes, new_cluster_id
from collegium.embedded.node import KafkaNode, NodeOptions
from collegium.embedded.ports import free_ports
from collegium.embedded.runtime import KafkaRuntime
from collegium.embedded.topology import ClusterState, Topology, topology

NODES: Final = 3
_HEAP_MB: Final = 256
_ASK_AGAIN_S: Final = 0.1

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class NodePlace:
    """Where one node of a cluster is, for nodes that are not all alike."""

    ports: NodePorts
    log_directory: Path | None = None
    """Kafka's data; below the node's own directory by default."""
    launcher: Sequence[str] = ()
    """Goes before the node's command, as in `NodeOptions`."""


def loopback_places(count: int = NODES, *, launcher: Sequence[str] = ()) -> tuple[NodePlace, ...]:
    """Places on free ports of the loopback interface."""
    ports = free_ports(2 * count)
    return tuple(NodePlace(NodePorts(*pair), launcher=launcher) for pair in zip(ports[::2], ports[1::2], strict=True))


class ClusterNode(NodeHandle):
    """One node of a cluster."""

    def __init__(self, config: NodeConfig, process: KafkaNode, cluster_id: str) -> None:
        super().__init__(process)
        self._config = config
        self._cluster_id = cluster_id

    @property
    def node_id(self) -> int:
        """Its number, from 1."""
        return self._config.node_id

    @property
    def bootstrap(self) -> str:
        """`host:port` of this node."""
        return self._config.bootstrap

    @property
    def log_directory(self) -> Path:
        """Kafka's data of this node."""
        return self._config.log_directory

    async def start(self) -> None:
        """Start and wait until it answers, which needs a majority: start several nodes of a dead cluster at once.

        Raises:
            BrokerError: as `KafkaNode.start` tells.
        """
        await self._process.start(self._config, self._cluster_id)

    async def kill(self) -> None:
        """End it at once, as a crash would, and wait until it has ended."""
        self._process.kill()
        await self._process.wait_crash()


class EmbeddedCluster:
    """Nodes 1, 2, 3 that live as long as this object is entered. Three copies of everything, two of which must agree.

    Data stay in `data_dir`; addresses stay the same as long as this object is kept, whatever happens to its nodes.

    Args:
        runtime: Java and Kafka, as `setup.prepare_kafka` returns it.
        data_dir: The cluster's own directory; each node has one below it.
        places: Where the nodes are; on free ports of the loopback interface by default.
        options: How each node's process runs; a place's launcher wins over the one here.
        patience_s: How long elections may take, for the calls that wait for them.
    """

    def __init__(
        self,
        runtime: KafkaRuntime,
        data_dir: Path,
        *,
        places: Sequence[NodePlace] | None = None,
        options: NodeOptions | None = None,
        patience_s: float = 60.0,
    ) -> None:
        self._data_dir = data_dir.absolute()
        self._places = tuple(places or loopback_places())
        self._runtime = runtime
        self._options = options or NodeOptions(heap_mb=_HEAP_MB)
        self._patience_s = patience_s
        self._nodes: tuple[ClusterNode, ...] = ()

    @property
    def nodes(self) -> tuple[ClusterNode, ...]:
        """All nodes, in the order of their numbers.

        Raises:
            BrokerError: the cluster has never been started.
        """
        if not self._nodes:
            raise BrokerError("the cluster has not been started")
        return self._nodes

    def node(self, node_id: int) -> ClusterNode:
        """A node by its number."""
        return self.nodes[node_id - 1]

    def others(self, *node_ids: int) -> tuple[ClusterNode, ...]:
        """All nodes but these."""
        return tuple(node for node in self.nodes if node.node_id not in node_ids)

    @property
    def bootstrap(self) -> str:
        """`host:port` of every node, comma separated."""
        return ",".join(node.bootstrap for node in self.nodes)

    async def start(self, *node_ids: int) -> None:
        """Start these nodes, or all, at once; wait until each answers. Those that run already are left alone.

        Raises:
            BrokerError: the first thing that went wrong; then all that were started here have been stopped.
        """
        if not self._nodes:
            self._nodes = await asyncio.to_thread(self._new_nodes)
        await start_all([self.node(number) for number in node_ids] or self.nodes)

    async def stop(self) -> None:
        """Stop all nodes. Idempotent."""
        await _all_of(node.stop() for node in self._nodes)

    async def whole(self, timeout_s: float | None = None) -> ClusterState:
        """Wait until all nodes are counted in and all partitions have all their copies in sync.

        Raises:
            ClusterNotWhole: not in time.
        """
        wanted = frozenset(node.node_id for node in self.nodes)
        bound_s = self._patience_s if timeout_s is None else timeout_s
        state: ClusterState | None = None
        try:
            async with asyncio.timeout(bound_s):
                # The controller counts a dead node in until its session has expired.
                while state is None or state.nodes != wanted or not state.whole or not self._all_run():
                    state = await self._ask(lambda known: known.state())
                    await asyncio.sleep(_ASK_AGAIN_S)
        except TimeoutError:
            raise ClusterNotWhole(bound_s, str(state)) from None
        return state

    def _all_run(self) -> bool:
        return all(node.running for node in self.nodes)

    async def leader(self, topic: str, partition: int) -> ClusterNode:
        """The node that leads a partition now; waits for an election."""
        return self.node(await self._ask(lambda known: known.leader(topic, partition)))

    async def controller(self) -> ClusterNode:
        """The node whose controller is active now."""
        return self.node(await self._ask(lambda known: known.controller()))

    async def group_coordinator(self, group: str) -> ClusterNode:
        """The node that a consumer group meets at."""
        return self.node(await self._ask(lambda known: known.group_coordinator(group)))

    async def transaction_coordinator(self, transactional_id: str) -> ClusterNode:
        """The node that keeps the state of a producer's transactions."""
        return self.node(await self._ask(lambda known: known.transaction_coordinator(transactional_id)))

    async def _ask(self, question: Callable[[Topology], Awaitable[_Answer]]) -> _Answer:
        """Ask any node, again while an election goes on.

        Raises:
            ClusterNotWhole: no answer in time.
        """
        said: object = None
        try:
            async with asyncio.timeout(self._patience_s):
                while True:
                    try:
                        async with topology(self.bootstrap) as known:
                            return await question(known)
                    except KafkaError as error:
                        said = error
                    await asyncio.sleep(_ASK_AGAIN_S)
        except TimeoutError:
            raise ClusterNotWhole(self._patience_s, repr(said)) from None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _new_nodes(self) -> tuple[ClusterNode, ...]:
        homes = [self._data_dir / f"node-{number}" for number in range(1, len(self._places) + 1)]
        directories = [place.log_directory or home / "log" for place, home in zip(self._places, homes, strict=True)]
        configs = cluster_nodes([place.ports for place in self._places], directories)
        cluster_id = self._cluster_id()
        nodes: list[ClusterNode] = []
        for config, place, home in zip(configs, self._places, homes, strict=True):
            options = replace(self._options, launcher=place.launcher or self._options.launcher)
            process = KafkaNode(self._runtime, home, home / "broker.log", options)
            nodes.append(ClusterNode(config, process, cluster_id))
        return tuple(nodes)

    def _cluster_id(self) -> str:
        """The id that all nodes' data carry: kept, since a node whose data are lost must join the same cluster."""
        path = self._data_dir / "cluster-id"
        if not path.exists():
            replace_text(path, new_cluster_id())
        return path.read_text("utf-8")


class Startable(Protocol):
    """What `start_all` asks of a node."""

    @property
    def running(self) -> bool:
        """Whether it lives."""
        ...

    async def start(self) -> None:
        """Start and wait until it answers."""
        ...

    async def stop(self) -> None:
        """Stop; idempotent."""
        ...


async def start_all(nodes: Sequence[Startable]) -> None:
    """Start those nodes that do not run, at once.

    Raises:
        BrokerError: the first thing that went wrong; then these nodes, and no others, have been stopped.
    """
    chosen = [node for node in nodes if not node.running]
    try:
        await _all_of(node.start() for node in chosen)
    except BaseException:
        await _all_of(node.stop() for node in chosen)
        raise


async def _all_of(actions: Iterable[Awaitable[None]]) -> None:
    """Do all at once, to the end of each; then tell the first error."""
    results = await asyncio.gather(*actions, return_exceptions=True)
    for result in results:
        if result is not None:
            raise result
