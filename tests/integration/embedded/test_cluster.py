"""A cluster of three real nodes: what one of them can be lost for, and who does what."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import partial
from pathlib import Path

import psutil
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from collegium.embedded.cluster import ClusterNode, EmbeddedCluster, NodePlace, loopback_places
from collegium.embedded.errors import BrokerError, ClusterNotWhole
from collegium.embedded.ports import outgoing_ports
from collegium.embedded.probe import until
from collegium.embedded.runtime import KafkaRuntime
from collegium.log.kafka import open_log
from collegium.log.port import NewTopic
from collegium.log.settings import KafkaSettings

pytestmark = pytest.mark.asyncio(loop_scope="session")
BOUND_S = 60.0


def gentle_places() -> tuple[NodePlace, ...]:
    """Three Java processes beside everything else on two cores."""
    return loopback_places(launcher=("nice", "-n", "5"))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def running(
    kafka_runtime: KafkaRuntime, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[EmbeddedCluster, None]:
    """One cluster for all tests of this module."""
    data_dir = tmp_path_factory.mktemp("cluster")
    async with EmbeddedCluster(kafka_runtime, data_dir, places=gentle_places()) as cluster:
        yield cluster


@pytest_asyncio.fixture(loop_scope="session")
async def cluster(running: EmbeddedCluster) -> AsyncGenerator[EmbeddedCluster, None]:
    """The cluster, whole before and after each test."""
    yield running
    await running.start(*(node.node_id for node in running.nodes if not node.running))
    await running.whole()


async def new_topic(cluster: EmbeddedCluster) -> str:
    """A topic of one partition, with the copies that the cluster gives by itself."""
    topic = f"test-{uuid.uuid4().hex[:8]}"
    async with open_log(KafkaSettings(bootstrap=cluster.bootstrap)) as log:
        await log.create([NewTopic(topic, 1, {})])
    return topic


async def send(cluster: EmbeddedCluster, topic: str, *values: bytes) -> None:
    """Write, acknowledged by a majority."""
    producer = AIOKafkaProducer(bootstrap_servers=cluster.bootstrap, acks="all", request_timeout_ms=10_000)
    try:
        async with asyncio.timeout(BOUND_S):
            await producer.start()
            for value in values:
                await producer.send_and_wait(topic, value)
    finally:
        await producer.stop()


async def content(cluster: EmbeddedCluster, topic: str, count: int) -> list[bytes | None]:
    """The first records of a topic."""
    consumer = AIOKafkaConsumer(bootstrap_servers=cluster.bootstrap, auto_offset_reset="earliest")
    try:
        async with asyncio.timeout(BOUND_S):
            await consumer.start()
            consumer.assign([TopicPartition(topic, 0)])
            return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


async def until_another(find: Callable[[], Awaitable[ClusterNode]], dead: ClusterNode) -> None:
    """Until a node that lives does what the dead one did."""

    async def found() -> bool:
        node = await find()
        return node.node_id != dead.node_id and node.running

    async with asyncio.timeout(BOUND_S):
        await until(found, pause_s=0.1)


async def test_three_nodes_keep_three_copies(cluster: EmbeddedCluster) -> None:
    """Every node counts, every topic has a copy on each, and each process is a small one of its own."""
    topic = await new_topic(cluster)
    state = await cluster.whole()
    assert state.nodes == {1, 2, 3}
    assert state.partitions[topic, 0].in_sync == {1, 2, 3}
    processes = [psutil.Process(node.pid) for node in cluster.nodes]
    assert len({process.pid for process in processes}) == 3
    assert all(process.nice() == 5 for process in processes)
    assert all(process.memory_info().rss < 600 * 2**20 for process in processes)


async def test_addresses_are_outside_the_range_of_outgoing_connections(cluster: EmbeddedCluster) -> None:
    """A node that comes back must find its port free, whatever has been dialling it meanwhile."""
    ports = {int(node.bootstrap.rpartition(":")[2]) for node in cluster.nodes}
    assert len(ports) == 3
    assert not ports & set(outgoing_ports())


async def test_a_killed_leader_is_replaced_and_nothing_acknowledged_is_lost(cluster: EmbeddedCluster) -> None:
    """The others elect another one; the dead node comes back at its address and catches up."""
    topic = await new_topic(cluster)
    await send(cluster, topic, b"before")
    dead = await cluster.leader(topic, 0)
    await dead.kill()
    await send(cluster, topic, b"during")
    successor = await cluster.leader(topic, 0)
    assert successor.node_id != dead.node_id
    address = dead.bootstrap
    await dead.start()
    state = await cluster.whole()
    assert state.partitions[topic, 0].in_sync == {1, 2, 3}
    assert dead.bootstrap == address
    assert await content(cluster, topic, 2) == [b"before", b"during"]


async def test_a_killed_controller_is_replaced(cluster: EmbeddedCluster) -> None:
    """Topics can be created again as soon as another node's controller is active."""
    dead = await cluster.controller()
    assert await cluster.controller() is dead, "every node names the same one"
    await dead.kill()
    topic = await new_topic(cluster)
    assert (await cluster.controller()).node_id != dead.node_id
    await send(cluster, topic, b"written")


async def test_coordinators_are_found_and_move(cluster: EmbeddedCluster) -> None:
    """They are the leaders of the inner topics' partitions, so another node takes over."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    finding = (cluster.group_coordinator, cluster.transaction_coordinator)
    first = [await find(name) for find in finding]
    state = await cluster.whole()
    assert {topic for topic, _ in state.partitions} >= {"__consumer_offsets", "__transaction_state"}
    for find, dead in zip(finding, first, strict=True):
        await dead.kill()
        await until_another(partial(find, name), dead)
        await dead.start()
        await cluster.whole()


async def test_one_of_three_takes_no_records_and_all_is_there_again_with_two(cluster: EmbeddedCluster) -> None:
    """A halt instead of a loss: what cannot have two copies is not acknowledged."""
    topic = await new_topic(cluster)
    await send(cluster, topic, b"before")
    await cluster.node(1).kill()
    await cluster.node(2).kill()
    with pytest.raises((KafkaError, TimeoutError)):
        async with asyncio.timeout(6):
            await send(cluster, topic, b"refused")
    await cluster.start(1, 2)
    await cluster.whole()
    await send(cluster, topic, b"after")
    assert [value for value in await content(cluster, topic, 2) if value != b"refused"][:2] in (
        [b"before", b"after"],
        [b"before"],
    )


async def stands_still(node: ClusterNode) -> None:
    """Wait until each of its threads has heeded the signal."""
    process = psutil.Process(node.pid)

    async def stopped() -> bool:
        return process.status() == psutil.STATUS_STOPPED

    async with asyncio.timeout(BOUND_S):
        await until(stopped)


async def test_a_paused_node_is_replaced_and_follows_when_it_goes_on(cluster: EmbeddedCluster) -> None:
    """It stands still longer than its session with the controller: others lead, and it learns so afterwards."""
    topic = await new_topic(cluster)
    paused = await cluster.leader(topic, 0)
    paused.pause()
    await stands_still(paused)
    await until_another(partial(cluster.leader, topic, 0), paused)
    await send(cluster, topic, b"written")
    paused.resume()
    await cluster.whole()
    assert paused.running


async def test_a_cluster_that_is_not_whole_says_what_is_missing(cluster: EmbeddedCluster) -> None:
    """The error carries the last state that was seen."""
    await cluster.whole()
    await cluster.node(3).kill()
    with pytest.raises(ClusterNotWhole, match="nodes=frozenset"):
        await cluster.whole(timeout_s=1)


async def test_a_cluster_has_no_addresses_before_its_first_start(kafka_runtime: KafkaRuntime, tmp_path: Path) -> None:
    """They are only known to be free then."""
    with pytest.raises(BrokerError, match="not been started"):
        _ = EmbeddedCluster(kafka_runtime, tmp_path).bootstrap


async def test_a_whole_restart_keeps_everything(kafka_runtime: KafkaRuntime, tmp_path: Path) -> None:
    """Stopped and started: the same cluster, the same addresses, the same records."""
    cluster = EmbeddedCluster(kafka_runtime, tmp_path, places=gentle_places())
    async with cluster:
        topic, bootstrap = await new_topic(cluster), cluster.bootstrap
        await send(cluster, topic, b"kept")
    assert not any(node.running for node in cluster.nodes)
    async with cluster:
        assert cluster.bootstrap == bootstrap
        assert await content(cluster, topic, 1) == [b"kept"]
