"""The text that a commit may keep with an offset."""

from collections.abc import Mapping

from collegium.log.port import MAX_METADATA_BYTES, TopicPartition


def checked(metadata: Mapping[TopicPartition, str] | None) -> Mapping[TopicPartition, str]:
    """The metadata of a commit.

    Raises:
        ValueError: one is longer than a broker takes.
    """
    for partition, text in (metadata or {}).items():
        if len(text.encode()) > MAX_METADATA_BYTES:
            raise ValueError(
                f"the metadata of {partition.topic}-{partition.partition} is over {MAX_METADATA_BYTES} bytes"
            )
    return metadata or {}
