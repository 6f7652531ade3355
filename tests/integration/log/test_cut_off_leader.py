"""The Kafka log when a leader is cut off from the other nodes, and its clients still reach it."""

import asyncio
import uuid
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from chaos.brokers import Site
from chaos.namespaces import NETWORKED, Networked
from collegium.embedded.runtime import KafkaRuntime
from collegium.log.errors import LogError, OffsetLost
from collegium.log.kafka import open_log
from collegium.log.port import Log, NewTopic, Outgoing, TopicPartition
from collegium.log.settings import KafkaSettings
from needs import needs

pytestmark = [needs("namespaces"), pytest.mark.asyncio(loop_scope="session")]
BOUND_S = 90.0
FIRST, SECOND = b"before", b"after"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def net(kafka_runtime: KafkaRuntime, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Networked, None]:
    """Three nodes, each on a host of its own."""
    async with NETWORKED.open(Site(kafka_runtime, tmp_path_factory.mktemp("networked"))) as running:
        yield running


async def written(log: Log, topic: str, value: bytes) -> int:
    """Write a record, acknowledged by two nodes, however long that takes; its offset."""
    while True:
        try:
            producer = await log.producer()
            try:
                return (await (await producer.send(Outgoing(topic, b"k", value)))).offset
            finally:
                await producer.close()
        except LogError:
            await asyncio.sleep(0.1)


async def test_what_the_next_leader_took_is_not_called_lost(net: Networked) -> None:
    """The old leader knows nothing of it, and nothing of its own end; another node is asked before that is believed."""
    source = TopicPartition(f"test-{uuid.uuid4().hex[:8]}", 0)
    impatient = KafkaSettings(bootstrap=net.bootstrap, request_timeout_ms=3_000)
    async with open_log(impatient) as reader, open_log(impatient) as writer, asyncio.timeout(BOUND_S):
        await writer.create([NewTopic(source.topic, 1, {})])
        first = await written(writer, source.topic, FIRST)
        assert (await reader.read_at(source, first, timeout_ms=5_000)).value == FIRST
        old = await net.cluster.leader(source.topic, 0)
        try:
            await net.cut(net.hosts_of([old]), net.hosts_of(net.cluster.others(old.node_id)))
            second = await written(writer, source.topic, SECOND)
            third = await written(writer, source.topic, SECOND)
            assert (await reader.read_at(source, third, timeout_ms=5_000)).value == SECOND
            assert (await reader.read_at(source, second, timeout_ms=5_000)).value == SECOND
            with pytest.raises(OffsetLost):
                await reader.read_at(source, third + 100, timeout_ms=5_000)
        finally:
            await net.heal()
        await net.cluster.whole()
