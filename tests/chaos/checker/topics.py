"""Every record of every topic of one system, read with a consumer of the checker's own."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypedDict, cast

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

_BOUND_S = 60.0
_POLL_MS = 1_000
_LARGEST_BYTES = 4_194_304

Ends = dict[TopicPartition, int]
Batches = dict[TopicPartition, list["ConsumerRecord[bytes, bytes]"]]


class _Partition(TypedDict):
    partition: int


class _Topic(TypedDict):
    topic: str
    partitions: list[_Partition]


@dataclass(frozen=True, slots=True)
class Entry:
    """A committed record."""

    partition: int
    offset: int
    key: str | None
    value: bytes | None
    headers: Mapping[str, bytes] = field(default_factory=dict[str, bytes])


@dataclass(frozen=True, slots=True)
class Topics:
    """What one system's topics hold, by topic name without prefix, each partition's records in order."""

    entries: Mapping[str, list[Entry]]
    unfinished: tuple[str, ...] = ()
    """`topic-partition` of each partition that ends with records of a transaction that nobody has ended."""
    ends: Mapping[tuple[str, int], int] = field(default_factory=dict[tuple[str, int], int])
    """(topic, partition) -> the offset after the last committed record or marker."""

    def __getitem__(self, topic: str) -> list[Entry]:
        """A topic's records; none when the topic does not exist."""
        return self.entries.get(topic, [])


async def read_topics(bootstrap: str, prefix: str) -> Topics:
    """Read everything there is, as a read_committed reader sees it, and look for open transactions."""
    committed = _consumer(bootstrap, "read_committed")
    uncommitted = _consumer(bootstrap, "read_uncommitted")
    async with asyncio.timeout(_BOUND_S):
        await committed.start()
        await uncommitted.start()
        try:
            partitions = await _partitions(bootstrap, prefix)
            ends = cast("Ends", await committed.end_offsets(partitions))
            high = cast("Ends", await uncommitted.end_offsets(partitions))
            entries = await _read(committed, ends, prefix)
        finally:
            await committed.stop()
            await uncommitted.stop()
    unfinished = tuple(f"{tp.topic}-{tp.partition}" for tp in partitions if high[tp] > ends[tp])
    short = {(tp.topic.removeprefix(prefix), tp.partition): end for tp, end in ends.items()}
    return Topics(entries, unfinished, short)


def _consumer(bootstrap: str, isolation: str) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level=isolation,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=_LARGEST_BYTES,
        fetch_max_wait_ms=50,
    )


async def _partitions(bootstrap: str, prefix: str) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        names = [name for name in await admin.list_topics() if name.startswith(prefix)]
        described = cast("list[_Topic]", await admin.describe_topics(sorted(names)))
    finally:
        await admin.close()
    return [
        TopicPartition(topic["topic"], number)
        for topic in described
        for number in sorted(partition["partition"] for partition in topic["partitions"])
    ]


async def _read(consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int], prefix: str) -> dict[str, list[Entry]]:
    entries: dict[str, list[Entry]] = {tp.topic.removeprefix(prefix): [] for tp in ends}
    waiting = [tp for tp, end in ends.items() if end > 0]
    if not waiting:
        return entries
    consumer.assign(waiting)
    await consumer.seek_to_beginning(*waiting)
    while waiting:
        batches = cast("Batches", await consumer.getmany(timeout_ms=_POLL_MS))
        for tp, records in batches.items():
            into = entries[tp.topic.removeprefix(prefix)]
            into += [_entry(record) for record in records if record.offset < ends[tp]]
        waiting = [tp for tp in waiting if await consumer.position(tp) < ends[tp]]
    return entries


def _entry(record: "ConsumerRecord[bytes, bytes]") -> Entry:
    return Entry(
        partition=record.partition,
        offset=record.offset,
        key=None if record.key is None else record.key.decode(errors="replace"),
        value=record.value,
        headers={name: value or b"" for name, value in record.headers},
    )
