"""The Kafka log on three real nodes: the one that leads is gone, and stays away."""

import asyncio
import uuid
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from collegium.embedded.cluster import EmbeddedCluster, loopback_places
from collegium.embedded.probe import until
from collegium.embedded.runtime import KafkaRuntime
from collegium.log.kafka import open_log
from collegium.log.port import NewTopic, Outgoing, TopicPartition
from collegium.log.settings import KafkaSettings

pytestmark = pytest.mark.asyncio(loop_scope="session")
BOUND_S = 60.0


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def running(
    kafka_runtime: KafkaRuntime, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[EmbeddedCluster, None]:
    """One cluster for all tests of this module."""
    places = loopback_places(launcher=("nice", "-n", "5"))
    async with EmbeddedCluster(kafka_runtime, tmp_path_factory.mktemp("cluster"), places=places) as cluster:
        yield cluster


@pytest_asyncio.fixture(loop_scope="session")
async def cluster(running: EmbeddedCluster) -> AsyncGenerator[EmbeddedCluster, None]:
    """The cluster, whole before and after each test."""
    yield running
    for node in running.nodes:
        if node.running:
            node.resume()
    await running.start(*(node.node_id for node in running.nodes if not node.running))
    await running.whole()


@pytest.mark.parametrize("fault", ["kill", "pause"])
async def test_single_requests_find_the_next_leader_while_the_old_one_stays_away(
    cluster: EmbeddedCluster, fault: str
) -> None:
    """End offsets and point reads, of which a restore is made, do not keep asking the node that led before."""
    source = TopicPartition(f"test-{uuid.uuid4().hex[:8]}", 0)
    settings = KafkaSettings(bootstrap=cluster.bootstrap, request_timeout_ms=8_000)
    async with open_log(settings) as log, asyncio.timeout(BOUND_S):
        await log.create([NewTopic(source.topic, 1, {})])
        producer = await log.producer()
        await (await producer.send(Outgoing(source.topic, b"k", b"v")))
        assert await log.end_offsets([source]) == {source: 1}
        led = await cluster.leader(source.topic, 0)
        await producer.close()
        if fault == "kill":
            await led.kill()
        else:
            led.pause()

        async def led_by_another() -> bool:
            return (await cluster.leader(source.topic, 0)).node_id != led.node_id

        await until(led_by_another)
        assert await log.end_offsets([source]) == {source: 1}
        assert (await log.read_at(source, 0, timeout_ms=8_000)).value == b"v"
