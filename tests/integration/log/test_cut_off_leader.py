"""The Kafka log when a leader is cut off from the other nodes, and its clients still reach it."""

import asyncio
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

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


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def net(kafka_runtime: KafkaRuntime, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Networked, None]:
    """Three nodes, each on a host of its own."""
    async with NETWORKED.open(Site(kafka_runtime, tmp_path_factory.mktemp("networked"))) as running:
        yield running


def impatient(net: Networked) -> KafkaSettings:
    """Bounds that a test can wait for."""
    return KafkaSettings(bootstrap=net.bootstrap, request_timeout_ms=3_000)


async def written(log: Log, topic: str) -> int:
    """Write a record, acknowledged by two nodes, however long that takes; its offset."""
    while True:
        try:
            producer = await log.producer()
            try:
                return (await (await producer.send(Outgoing(topic, b"k", b"v")))).offset
            finally:
                await producer.close()
        except LogError:
            await asyncio.sleep(0.1)


@asynccontextmanager
async def cut_off_leader(net: Networked, reader: Log, writer: Log) -> AsyncGenerator[tuple[TopicPartition, int]]:
    """A partition whose leader is cut off, which the reader has asked before; and the end after two more records."""
    source = TopicPartition(f"test-{uuid.uuid4().hex[:8]}", 0)
    await writer.create([NewTopic(source.topic, 1, {})])
    first = await written(writer, source.topic)
    assert (await reader.read_at(source, first, timeout_ms=5_000)).offset == first
    old = await net.cluster.leader(source.topic, 0)
    try:
        await net.cut(net.hosts_of([old]), net.hosts_of(net.cluster.others(old.node_id)))
        await written(writer, source.topic)
        yield source, await written(writer, source.topic) + 1
    finally:
        await net.heal()
        await net.cluster.whole()


async def test_what_the_next_leader_took_is_not_called_lost(net: Networked) -> None:
    """The old leader knows nothing of it: another node is asked before that is believed, and a bad offset is told."""
    async with open_log(impatient(net)) as reader, open_log(impatient(net)) as writer, asyncio.timeout(BOUND_S):
        async with cut_off_leader(net, reader, writer) as (source, end):
            assert (await reader.read_at(source, end - 1, timeout_ms=5_000)).offset == end - 1
            with pytest.raises(OffsetLost):
                await reader.read_at(source, end + 100, timeout_ms=60_000)


async def test_the_end_is_the_next_leaders(net: Networked) -> None:
    """A restore that took the old leader's end would decide anew what has been decided."""
    async with open_log(impatient(net)) as reader, open_log(impatient(net)) as writer, asyncio.timeout(BOUND_S):
        async with cut_off_leader(net, reader, writer) as (source, end):
            for _ in range(5):
                assert await reader.end_offsets([source]) == {source: end}
