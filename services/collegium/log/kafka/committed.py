"""Reading a group's committed offsets with their metadata, which aiokafka's own `committed` drops.

Needs a private name of aiokafka (pinned; the contract suite covers it).
"""
# pyright: reportPrivateUsage=false, reportUnknownVariableType=false

from collections.abc import Collection, Mapping
from typing import Final

from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.structs import OffsetAndMetadata
from aiokafka.structs import TopicPartition as KafkaPartition

from collegium.log.errors import LogError
from collegium.log.kafka.records import from_partition, to_partition
from collegium.log.port import Committed, TopicPartition

_NOTHING: Final[Mapping[TopicPartition, Committed]] = {}


async def read_committed(
    consumer: AIOKafkaConsumer, partitions: Collection[TopicPartition]
) -> Mapping[TopicPartition, Committed]:
    """What the consumer's group has recorded of these partitions.

    Raises:
        LogError: the consumer is in no group.
    """
    coordinator = consumer._coordinator  # noqa: SLF001 - see above
    if not isinstance(coordinator, GroupCoordinator):
        raise LogError("the consumer is in no group")
    if not partitions:
        return _NOTHING
    found: dict[KafkaPartition, OffsetAndMetadata] = await coordinator.fetch_committed_offsets(
        [from_partition(each) for each in partitions]
    )
    return {to_partition(each): Committed(stored.offset, stored.metadata or "") for each, stored in found.items()}
