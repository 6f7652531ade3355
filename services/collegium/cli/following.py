"""Follows one run live, from run-events and progress directly."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from collegium.ledger.folding import Source
from collegium.ledger.reading import HistoryReader, readable
from collegium.log.partitioner import partition_for
from collegium.log.port import Consumer, Log, StartAt, TopicPartition
from collegium.log.topics import TopicNames
from collegium_schemas.envelope import EnvelopeError, decode
from collegium_schemas.events import RunDecided
from collegium_schemas.tasks import TaskProgress

_BATCH_RECORDS: Final = 500


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision on the run, and where it was read."""

    decided: RunDecided
    source: Source


Update = Decision | TaskProgress


class RunFollower:
    """Reads what happens to one run; see `follow`."""

    def __init__(self, consumer: Consumer, events_topic: str, run_id: str) -> None:
        self._consumer = consumer
        self._events_topic = events_topic
        self._run_id = run_id
        self._key = run_id.encode()

    @property
    def run_id(self) -> str:
        """The run that is followed."""
        return self._run_id

    async def poll(self, timeout_ms: int) -> Sequence[Update]:
        """What happened since the last call; empty when nothing did in time."""
        updates: list[Update] = []
        batches = await self._consumer.poll(max_records=_BATCH_RECORDS, timeout_ms=timeout_ms)
        for source, records in batches.items():
            for record in records:
                if record.key != self._key:
                    continue
                if source.topic == self._events_topic:
                    decided = readable(record)
                    if decided is not None:
                        updates.append(Decision(decided, Source(record.partition, record.offset)))
                else:
                    try:
                        updates.append(decode(record.headers, record.value, TaskProgress))
                    except EnvelopeError:
                        continue  # progress may be lost, so a broken line of it is worth nothing either
        return updates


async def beginning(log: Log, names: TopicNames, run_id: str) -> int:
    """Where a run that has not been submitted yet will begin at the earliest: the end of its home partition."""
    home = await HistoryReader(log, names).home(run_id)
    return (await log.end_offsets([home]))[home]


@asynccontextmanager
async def follow(log: Log, names: TopicNames, run_id: str, *, start: int | StartAt) -> AsyncGenerator[RunFollower]:
    """Follow a run from an offset of its home partition; progress is only read from now on."""
    home = await HistoryReader(log, names).home(run_id)
    partitions: dict[TopicPartition, int | StartAt] = {home: start}
    progress = names("progress")
    found = (await log.describe([progress])).get(progress)
    if found is not None:
        partitions[TopicPartition(progress, partition_for(run_id.encode(), found.partitions))] = "latest"
    consumer = await log.assign(partitions)
    try:
        yield RunFollower(consumer, home.topic, run_id)
    finally:
        await consumer.close()
