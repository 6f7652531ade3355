"""What clients in other languages write, read by the Kafka log."""

import asyncio
import uuid

import pytest
from confluent_kafka import Producer

from collegium.log.kafka import open_log
from collegium.log.port import NewTopic, Record, TopicPartition
from collegium.log.settings import KafkaSettings

BOUND_S = 30.0


async def written_and_read(bootstrap: str, headers: dict[str, str | bytes | None], compression: str) -> Record:
    """A record as librdkafka writes it and as the port shows it."""
    topic = f"foreign-{uuid.uuid4()}"
    async with open_log(KafkaSettings(bootstrap=bootstrap)) as log:
        await log.create([NewTopic(topic, 1, {})])
        producer = Producer({"bootstrap.servers": bootstrap, "compression.type": compression})
        producer.produce(topic, b"goal " * 1_000, headers=headers)
        assert await asyncio.to_thread(producer.flush, BOUND_S) == 0
        consumer = await log.assign({TopicPartition(topic, 0): "earliest"})
        async with asyncio.timeout(BOUND_S):
            while not (found := await consumer.poll(max_records=1, timeout_ms=500)):
                pass
    ((record,),) = found.values()
    return record


@pytest.mark.parametrize("compression", ["none", "gzip", "snappy", "lz4", "zstd"])
async def test_every_compression_that_kafka_knows_can_be_read(kafka_bootstrap: str, compression: str) -> None:
    """A sender chooses it alone; a reader without the codec would stop at its record for ever."""
    record = await written_and_read(kafka_bootstrap, {}, compression)
    assert record.value == b"goal " * 1_000


async def test_a_header_without_value_reads_as_empty(kafka_bootstrap: str) -> None:
    """Kafka allows null there; the port promises bytes."""
    record = await written_and_read(kafka_bootstrap, {"nothing": None, "empty": b"", "some": b"x"}, "none")
    assert record.headers == (("nothing", b""), ("empty", b""), ("some", b"x"))
