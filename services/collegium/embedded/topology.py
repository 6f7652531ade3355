"""Which node of a Kafka does what: leaders and in-sync copies, the active controller, coordinators.

For fault tests and diagnosis, so without access control.
"""
# aiokafka declares a response's constants as properties and sets them as its own responses do here.
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportIncompatibleMethodOverride=false, reportAssignmentType=false

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import KafkaError, LeaderNotAvailableError, NoError, UnknownTopicOrPartitionError, for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.types import CompactArray, CompactString, Int16, Int32, Int64, Schema, TaggedFields

_REQUEST_MS: Final = 3_000
_DESCRIBE_QUORUM: Final = 55
_METADATA_TOPIC: Final = "__cluster_metadata"
_Replicas: Final = CompactArray(("replica_id", Int32), ("log_end_offset", Int64), ("tags", TaggedFields))


class _DescribeQuorumResponse(Response):
    """KIP-595, version 0."""

    API_KEY = _DESCRIBE_QUORUM
    API_VERSION = 0
    SCHEMA = Schema(
        ("error_code", Int16),
        (
            "topics",
            CompactArray(
                ("topic_name", CompactString("utf-8")),
                (
                    "partitions",
                    CompactArray(
                        ("partition_index", Int32),
                        ("error_code", Int16),
                        ("leader_id", Int32),
                        ("leader_epoch", Int32),
                        ("high_watermark", Int64),
                        ("current_voters", _Replicas),
                        ("observers", _Replicas),
                        ("tags", TaggedFields),
                    ),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _DescribeQuorumStruct(RequestStruct):
    API_KEY = _DESCRIBE_QUORUM
    API_VERSION = 0
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _DescribeQuorumResponse
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(
                ("topic_name", CompactString("utf-8")),
                ("partitions", CompactArray(("partition_index", Int32), ("tags", TaggedFields))),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _DescribeQuorum(Request[_DescribeQuorumStruct]):
    """Who leads the metadata log: the active controller. aiokafka has no such request of its own."""

    API_KEY = _DESCRIBE_QUORUM

    def build(self, request_struct_class: type[_DescribeQuorumStruct]) -> _DescribeQuorumStruct:
        return request_struct_class([(_METADATA_TOPIC, [(0, {})], {})], {})


@dataclass(frozen=True, slots=True)
class PartitionState:
    """One partition, as the cluster's metadata have it."""

    leader: int | None
    replicas: frozenset[int]
    in_sync: frozenset[int]


@dataclass(frozen=True, slots=True)
class ClusterState:
    """The cluster's metadata, as one node has them."""

    nodes: frozenset[int]
    """Brokers that the controller counts as alive."""
    partitions: Mapping[tuple[str, int], PartitionState]

    @property
    def whole(self) -> bool:
        """Whether every partition has a leader and all its copies are in sync."""
        return all(each.leader is not None and each.in_sync == each.replicas for each in self.partitions.values())


class Topology:
    """Asks one connected client.

    Args:
        client: Connected to any node.
    """

    def __init__(self, client: AIOKafkaClient) -> None:
        self._client = client

    async def state(self, topics: Sequence[str] | None = None) -> ClusterState:
        """Nodes, leaders and in-sync copies of these topics; of all, inner ones too, without a choice.

        Raises:
            KafkaError: no answer, or a topic does not exist.
        """
        request = MetadataRequest(None if topics is None else list(topics), allow_auto_topic_creation=False)
        response = await self._client.send(self._any_node(), request)
        partitions: dict[tuple[str, int], PartitionState] = {}
        for topic_error, topic, *_, listed in response.topics:
            _check(topic_error)
            for _, number, leader, replicas, in_sync, *_ in listed:
                led_by = None if leader < 0 else leader
                partitions[topic, number] = PartitionState(led_by, frozenset(replicas), frozenset(in_sync))
        return ClusterState(frozenset(node for node, *_ in response.brokers), partitions)

    async def leader(self, topic: str, partition: int) -> int:
        """The node that leads a partition.

        Raises:
            KafkaError: no answer, no such partition, or none leads it now.
        """
        found = (await self.state([topic])).partitions.get((topic, partition))
        if found is None:
            raise UnknownTopicOrPartitionError(f"{topic} has no partition {partition}")
        if found.leader is None:
            raise LeaderNotAvailableError(f"{topic}:{partition}")
        return found.leader

    async def controller(self) -> int:
        """The active controller's node id; metadata name any node there, since KRaft forwards such requests.

        Raises:
            KafkaError: no answer, or none is elected now.
        """
        response = await self._client.send(self._any_node(), _DescribeQuorum())
        _check(response.error_code)
        [(_, [(_, code, leader, *_)], _)] = response.topics
        _check(code)
        return int(leader)

    async def group_coordinator(self, group: str) -> int:
        """The node that a consumer group meets at."""
        return await self._coordinator(CoordinationType.GROUP, group)

    async def transaction_coordinator(self, transactional_id: str) -> int:
        """The node that keeps the state of a producer's transactions."""
        return await self._coordinator(CoordinationType.TRANSACTION, transactional_id)

    async def _coordinator(self, kind: Any, key: str) -> int:  # noqa: ANN401 - aiokafka's own untyped constant
        return int(await self._client.coordinator_lookup(kind, key))

    def _any_node(self) -> int:
        node = self._client.get_random_node()
        if node is None:
            raise KafkaError("no node is known")
        return int(node)


@asynccontextmanager
async def topology(bootstrap: str) -> AsyncGenerator[Topology, None]:
    """Connect to a Kafka without access control; `bootstrap` may list several nodes.

    Raises:
        KafkaError: none of them answers.
    """
    client = AIOKafkaClient(bootstrap_servers=bootstrap, request_timeout_ms=_REQUEST_MS)
    try:
        await client.bootstrap()
        yield Topology(client)
    finally:
        await client.close()


def _check(code: int) -> None:
    if code != NoError.errno:
        raise for_code(code)()
