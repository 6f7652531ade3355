"""The broker's image with the environment of docker-compose.yml, used from this machine by a Kafka client."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError, KafkaError
from testcontainers.core.container import DockerContainer

from collegium.embedded.ports import free_port
from integration.containers.standins.images import KAFKA
from needs import needs

REPOSITORY = Path(__file__).parents[3]
START_TIMEOUT_S = 90
STEP_TIMEOUT_S = 30
TOPIC = "collegium.test"

pytestmark = [needs("docker"), pytest.mark.timeout(1_500)]


@pytest.fixture(scope="module")
def broker(public_images: None) -> Iterator[tuple[DockerContainer, str]]:
    """A container of the image and the bootstrap address that it advertises to this machine."""
    port = free_port()
    environment = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())["services"]["kafka"]["environment"]
    envs = {name: value.replace("${KAFKA_HOST_PORT:-9092}", str(port)) for name, value in environment.items()}
    container = DockerContainer(KAFKA).with_envs(**envs)
    # with_bind_ports would publish on all interfaces.
    container.ports["9092"] = ("127.0.0.1", port)
    with container.with_kwargs(hostname="kafka", cap_drop=["ALL"], security_opt=["no-new-privileges"]) as running:
        yield running, f"127.0.0.1:{port}"


@asynccontextmanager
async def _admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """A client, as soon as the broker answers."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    async with asyncio.timeout(START_TIMEOUT_S):
        while True:
            try:
                await admin.start()
                break
            except KafkaConnectionError:
                await asyncio.sleep(0.2)
    try:
        yield admin
    finally:
        await admin.close()


async def _produce(bootstrap: str, value: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id="test", acks="all")
    async with asyncio.timeout(STEP_TIMEOUT_S):
        await producer.start()
        try:
            async with producer.transaction():
                await producer.send_and_wait(TOPIC, value)
        finally:
            await producer.stop()


async def _first(bootstrap: str) -> bytes | None:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    async with asyncio.timeout(STEP_TIMEOUT_S):
        await consumer.start()
        try:
            consumer.assign([TopicPartition(TOPIC, 0)])
            return (await consumer.getone()).value
        finally:
            await consumer.stop()


async def test_transactions_through_the_published_port_survive_a_restart(broker: tuple[DockerContainer, str]) -> None:
    """A client on the host commits a transaction and reads it back, also after the container was restarted."""
    container, bootstrap = broker
    async with _admin(bootstrap) as admin:
        await admin.create_topics([NewTopic(TOPIC, num_partitions=1, replication_factor=1)])
    await _produce(bootstrap, b"kept")
    assert await _first(bootstrap) == b"kept"
    await asyncio.to_thread(container.get_wrapped_container().restart)
    async with _admin(bootstrap):
        assert await _first(bootstrap) == b"kept"


async def test_a_mistyped_topic_is_not_created(broker: tuple[DockerContainer, str]) -> None:
    """Sending to an unknown topic fails and leaves none behind."""
    _, bootstrap = broker
    async with _admin(bootstrap) as admin:
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, request_timeout_ms=3_000)
        await producer.start()
        try:
            with pytest.raises(KafkaError):
                await producer.send_and_wait("collegium.objectivse", b"lost")
        finally:
            await producer.stop()
        assert "collegium.objectivse" not in await admin.list_topics()
