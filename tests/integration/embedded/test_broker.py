"""The embedded broker, for real."""

import asyncio
import signal
import socket
import sys
import uuid
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from collegium.embedded.children import Child
from collegium.embedded.errors import BrokerCrashed, BrokerError, BrokerNotReady, DataInUse
from collegium.embedded.kafka import EmbeddedKafka, broker_answers
from collegium.embedded.ports import free_port
from collegium.embedded.runtime import KafkaRuntime

BOUND_S = 60.0


async def _topic(bootstrap: str) -> str:
    """A new topic of one partition."""
    name = f"embedded-{uuid.uuid4().hex[:8]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(name, 1, 1)])
    await admin.close()
    return name


async def _produce(bootstrap: str, topic: str, *values: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True)
    await producer.start()
    for value in values:
        await producer.send_and_wait(topic, value)
    await producer.stop()


async def _consume(bootstrap: str, topic: str, count: int, *, group: str | None = None) -> list[bytes | None]:
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        group_id=group,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    await consumer.start()
    try:
        async with asyncio.timeout(BOUND_S):
            return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


async def test_records_go_in_and_come_out(kafka_bootstrap: str) -> None:
    """Produced by a plain producer, consumed by a group, in order."""
    topic = await _topic(kafka_bootstrap)
    await _produce(kafka_bootstrap, topic, b"one", b"two")
    assert await _consume(kafka_bootstrap, topic, 2, group=topic) == [b"one", b"two"]


async def test_transactions_commit_and_abort(kafka_bootstrap: str) -> None:
    """A single node has what transactions need: a reader sees the committed record only."""
    topic = await _topic(kafka_bootstrap)
    producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap, transactional_id=topic)
    await producer.start()
    await producer.begin_transaction()
    await producer.send_and_wait(topic, b"aborted")
    await producer.abort_transaction()
    async with producer.transaction():
        await producer.send_and_wait(topic, b"committed")
    await producer.stop()
    assert await _consume(kafka_bootstrap, topic, 1) == [b"committed"]


async def test_kafkas_own_console_producer_runs_from_the_same_jars(
    kafka_bootstrap: str, kafka_runtime: KafkaRuntime, tmp_path: Path
) -> None:
    """The class path is whole for the command line tools too."""
    topic = await _topic(kafka_bootstrap)
    arguments = ["--bootstrap-server", kafka_bootstrap, "--topic", topic]
    command = kafka_runtime.command("org.apache.kafka.tools.ConsoleProducer", arguments, heap_mb=128)
    shell = ["sh", "-c", 'echo "from the console" | "$@"', "sh", *command]
    producer = await Child.spawn(shell, log_path=tmp_path / "producer.log")
    async with asyncio.timeout(BOUND_S):
        assert await producer.wait() == 0
    assert await _consume(kafka_bootstrap, topic, 1) == [b"from the console"]


async def test_data_and_address_outlive_a_restart(kafka_runtime: KafkaRuntime, tmp_path: Path) -> None:
    """Stopped and started: the same bootstrap address, the same records."""
    kafka = EmbeddedKafka(kafka_runtime, tmp_path)
    async with kafka:
        bootstrap = kafka.bootstrap
        topic = await _topic(bootstrap)
        await _produce(bootstrap, topic, b"kept")
    assert not await broker_answers(bootstrap, timeout_s=1)
    async with kafka:
        assert kafka.bootstrap == bootstrap
        assert await _consume(bootstrap, topic, 1) == [b"kept"]


async def test_a_killed_broker_is_noticed_and_keeps_what_it_acknowledged(
    kafka_runtime: KafkaRuntime, tmp_path: Path
) -> None:
    """After kill -9: the crash is told with the log's end, and a new start finds the records."""
    async with EmbeddedKafka(kafka_runtime, tmp_path) as kafka:
        topic = await _topic(kafka.bootstrap)
        await _produce(kafka.bootstrap, topic, b"kept")
        kafka.kill()
        async with asyncio.timeout(BOUND_S):
            crash = await kafka.wait_crash()
        assert crash.exit_code == -signal.SIGKILL
        assert any("Kafka Server started" in line for line in crash.last_lines)
        await kafka.start()
        assert await _consume(kafka.bootstrap, topic, 1) == [b"kept"]


async def test_a_crash_at_the_start_shows_the_end_of_the_log(kafka_runtime: KafkaRuntime, tmp_path: Path) -> None:
    """Damaged data: Kafka's own reason is in the error, without looking for the log."""
    async with EmbeddedKafka(kafka_runtime, tmp_path):
        pass
    (tmp_path / "log" / "meta.properties").write_text("version=1\nnode.id=77\ncluster.id=damaged\n")
    with pytest.raises(BrokerCrashed) as crashed:
        await EmbeddedKafka(kafka_runtime, tmp_path).start()
    assert crashed.value.exit_code != 0
    assert "77" in str(crashed.value)
    assert str(tmp_path / "broker.log") in str(crashed.value)


async def test_two_brokers_cannot_share_a_data_directory(kafka_runtime: KafkaRuntime, tmp_path: Path) -> None:
    """The second one is refused at once and the first one goes on; after it, the second one may."""
    second = EmbeddedKafka(kafka_runtime, tmp_path)
    async with EmbeddedKafka(kafka_runtime, tmp_path) as first:
        with pytest.raises(DataInUse):
            await second.start()
        assert await broker_answers(first.bootstrap, timeout_s=BOUND_S)
    async with second:
        assert await broker_answers(second.bootstrap, timeout_s=BOUND_S)


async def test_a_taken_port_is_replaced(kafka_runtime: KafkaRuntime, tmp_path: Path) -> None:
    """The preferred port is a wish, not a condition."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
        async with EmbeddedKafka(kafka_runtime, tmp_path, port=port) as kafka:
            assert not kafka.bootstrap.endswith(f":{port}")


async def test_it_listens_on_the_loopback_interface_only(kafka_runtime: KafkaRuntime, tmp_path: Path) -> None:
    """No port of the Java process can be reached from outside."""
    async with EmbeddedKafka(kafka_runtime, tmp_path, port=free_port()) as kafka:
        connections = psutil.Process(kafka.pid).net_connections("inet")
        listening = {item.laddr[0] for item in connections if item.status == psutil.CONN_LISTEN}
        assert listening
        assert {address.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}


async def test_a_broker_that_never_answers_is_stopped(kafka_runtime: KafkaRuntime, tmp_path: Path) -> None:
    """The time-out is an error of its own, and no process stays."""
    kafka = EmbeddedKafka(kafka_runtime, tmp_path, start_timeout_s=BOUND_S)
    async with kafka:
        pass
    hasty = EmbeddedKafka(kafka_runtime, tmp_path, start_timeout_s=0.01)
    with pytest.raises(BrokerNotReady):
        await hasty.start()
    with pytest.raises(BrokerError, match="not running"):
        _ = hasty.pid
    assert not [child for child in psutil.Process().children() if str(tmp_path) in " ".join(child.cmdline())]


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory of a process as Linux counts it")
async def test_its_memory_is_bounded(kafka_bootstrap: str, kafka_runtime: KafkaRuntime, tmp_path: Path) -> None:
    """A heap of 128 MB is obeyed: the process stays below the heap and what Java itself needs."""
    async with EmbeddedKafka(kafka_runtime, tmp_path, heap_mb=128) as kafka:
        topic = await _topic(kafka.bootstrap)
        await _produce(kafka.bootstrap, topic, *(b"x" * 500_000 for _ in range(100)))
        assert psutil.Process(kafka.pid).memory_info().rss < (128 + 300) * 2**20
