"""aiokafka's records and partitions as the port's."""

from functools import lru_cache

from aiokafka.structs import ConsumerRecord, RecordMetadata
from aiokafka.structs import TopicPartition as KafkaPartition

from collegium.log.port import Position, Record, TopicPartition


def to_record(record: ConsumerRecord[bytes | None, bytes | None]) -> Record:
    """A consumed record."""
    headers = record.headers
    for _, content in headers:
        if not content:
            # Kafka's protocol allows a header without value; the port, like most of its readers, knows empty ones only.
            headers = [(name, value or b"") for name, value in headers]
            break
    key, value = record.key, record.value
    return Record(record.topic, record.partition, record.offset, record.timestamp, key, value, tuple(headers))


def to_position(metadata: RecordMetadata) -> Position:
    """Where a record was written."""
    return Position(metadata.topic, metadata.partition, metadata.offset)


@lru_cache(maxsize=4_096)
def to_partition(partition: KafkaPartition) -> TopicPartition:
    """Aiokafka's partition as ours."""
    return TopicPartition(partition.topic, partition.partition)


@lru_cache(maxsize=4_096)
def from_partition(partition: TopicPartition) -> KafkaPartition:
    """Our partition as aiokafka's."""
    return KafkaPartition(partition.topic, partition.partition)
