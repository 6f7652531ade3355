"""What clients in other languages write, read by the Kafka log."""

import asyncio
import uuid

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from confluent_kafka import Producer

from collegium.log.kafka import open_log
from collegium.log.port import NewTopic, Outgoing, Record, TopicPartition
from collegium.log.settings import KafkaSettings

BOUND_S = 30.0
NOT_LEADER = 6


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


class BytesName(str):
    """A header name that is encoded as bytes which are no text."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Those bytes."""
        return b"bad\xff\xfe"


def batch_of(numbers: range, compression: int) -> bytes:
    """A batch as a client may write it that does not look at header names."""
    builder = _DefaultRecordBatchBuilderPy(2, compression, 0, -1, -1, -1, 1_000_000)
    for place, number in enumerate(numbers):
        name = BytesName("bad") if number in BAD else "name"
        builder.append(place, 1_000, None, b"%d" % number, [(name, b"value")])
    return bytes(builder.build())


async def hostile_topic(bootstrap: str, partitions: int = 1) -> str:
    """A topic in whose partition 0, between readable records, lie some with headers that are no text."""
    topic = f"foreign-{uuid.uuid4()}"
    async with open_log(KafkaSettings(bootstrap=bootstrap)) as log:
        await log.create([NewTopic(topic, partitions, {})])
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    await client.bootstrap()
    try:
        for batch, compression in enumerate((_DefaultRecordBatchBuilderPy.CODEC_NONE, 1, 0)):
            numbers = range(4 * batch, 4 * batch + 4)
            request = ProduceRequest(None, -1, 10_000, [(topic, [(0, batch_of(numbers, compression))])])
            async with asyncio.timeout(BOUND_S):
                code = NOT_LEADER
                while code == NOT_LEADER:  # the topic is new
                    response = await client.send(client.get_random_node(), request)
                    [(_, [(_, code, offset, *_)])] = response.topics
            assert (code, offset) == (0, numbers[0])
    finally:
        await client.close()
    return topic


BAD = (1, 2, 5, 6)
ESCAPED = "bad\\xff\\xfe"


def expected(number: int) -> tuple[bytes, str]:
    """Value and header name of a record in such a topic."""
    return b"%d" % number, ESCAPED if number in BAD else "name"


@pytest.mark.parametrize("max_records", [1, 3, 100])
async def test_headers_whose_names_are_no_text_stop_nobody(kafka_bootstrap: str, max_records: int) -> None:
    """Readers see every record once and in order, the names escaped; other partitions lose nothing meanwhile."""
    topic = await hostile_topic(kafka_bootstrap, partitions=3)
    async with open_log(KafkaSettings(bootstrap=kafka_bootstrap)) as log:
        writer = await log.producer()
        for partition in (1, 2):
            for number in range(20):
                await (await writer.send(Outgoing(topic, None, b"%d" % number, partition=partition)))
        group = await log.subscribe([topic], group=f"g-{uuid.uuid4()}")
        alone = await log.assign({TopicPartition(topic, number): "earliest" for number in range(3)})
        for reader in (group, alone):
            seen: dict[int, list[Record]] = {0: [], 1: [], 2: []}
            async with asyncio.timeout(BOUND_S):
                while sum(map(len, seen.values())) < 52:
                    for source, records in (await reader.poll(max_records=max_records, timeout_ms=500)).items():
                        assert len(records) <= max_records
                        seen[source.partition] += records
            assert [record.offset for record in seen[0]] == list(range(12))
            assert [(record.value, record.headers[0][0]) for record in seen[0]] == [expected(n) for n in range(12)]
            for partition in (1, 2):
                assert [record.value for record in seen[partition]] == [b"%d" % number for number in range(20)]


async def test_point_reads_show_such_headers_too(kafka_bootstrap: str) -> None:
    """Each record at its offset."""
    topic = await hostile_topic(kafka_bootstrap)
    async with open_log(KafkaSettings(bootstrap=kafka_bootstrap)) as log:
        for number in range(12):
            record = await log.read_at(TopicPartition(topic, 0), number, timeout_ms=5_000)
            assert (record.value, record.headers[0][0]) == expected(number)


async def test_a_scan_passes_such_headers_by(kafka_bootstrap: str) -> None:
    """It shows no headers, and reads past them."""
    topic = await hostile_topic(kafka_bootstrap)
    async with open_log(KafkaSettings(bootstrap=kafka_bootstrap)) as log:
        pairs, following = await log.scan(TopicPartition(topic, 0), 0)
        assert ([value for _, value in pairs], following) == ([b"%d" % number for number in range(12)], 12)


async def test_a_paused_partition_stays_paused_at_such_a_record(kafka_bootstrap: str) -> None:
    """Neither pause nor seek is forgotten on the way round."""
    topic = await hostile_topic(kafka_bootstrap)
    source = TopicPartition(topic, 0)
    async with open_log(KafkaSettings(bootstrap=kafka_bootstrap)) as log:
        reader = await log.assign({source: "earliest"})
        async with asyncio.timeout(BOUND_S):
            while not (found := await reader.poll(max_records=100, timeout_ms=500)):
                pass
        assert [record.offset for record in found[source]] == [0]
        reader.pause([source])
        assert await reader.poll(max_records=100, timeout_ms=300) == {}
        reader.seek(source, 8)
        reader.resume([source])
        async with asyncio.timeout(BOUND_S):
            while not (found := await reader.poll(max_records=100, timeout_ms=500)):
                pass
        assert found[source][0].offset == 8
