"""Reads run-events directly: for the command line when no ledger answers, and for one run's history."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from collegium.ledger.folding import RunRecord, Source, fold
from collegium.ledger.views import HistoryPosition
from collegium.log.errors import LogUnavailable, TopicMismatch
from collegium.log.partitioner import partition_for
from collegium.log.port import Log, Record, StartAt, TopicPartition
from collegium.log.topics import TopicNames
from collegium_schemas.envelope import EnvelopeError, decode
from collegium_schemas.events import RunDecided

BATCH_RECORDS: Final = 2_000
POLL_MS: Final = 200


class HistoryReader:
    """Folds run-events without a ledger.

    Args:
        log: An open log.
        names: Topic names.
        timeout_ms: How long one call may read.
    """

    def __init__(self, log: Log, names: TopicNames, *, timeout_ms: int = 30_000) -> None:
        self._log = log
        self._topic = names("run-events")
        self._timeout_ms = timeout_ms

    async def partitions(self) -> int:
        """How many partitions run-events has.

        Raises:
            TopicMismatch: it does not exist.
        """
        found = await self._log.describe([self._topic])
        if self._topic not in found:
            raise TopicMismatch((f"topic {self._topic} is missing: run `collegium topics create`",))
        return found[self._topic].partitions

    async def home(self, run_id: str) -> TopicPartition:
        """The partition that holds a run's history."""
        return TopicPartition(self._topic, partition_for(run_id.encode(), await self.partitions()))

    async def record(self, run_id: str) -> RunRecord:
        """One run, folded; an empty record when nothing is known of it."""
        return (await self._folded({await self.home(run_id): "earliest"}, run_id)).get(run_id, RunRecord())

    async def records(self, *, prefix: str = "") -> Mapping[str, RunRecord]:
        """All runs whose run_id begins with `prefix`, folded."""
        partitions = range(await self.partitions())
        return await self._folded({TopicPartition(self._topic, number): "earliest" for number in partitions}, prefix)

    async def _folded(self, starts: Mapping[TopicPartition, int | StartAt], prefix: str) -> dict[str, RunRecord]:
        wanted = prefix.encode()
        records: dict[str, RunRecord] = {}

        def take(found: Record) -> bool:
            decided = readable(found) if found.key is not None and found.key.startswith(wanted) else None
            if decided is not None:
                record = records.get(decided.run_id, RunRecord())
                records[decided.run_id] = fold(record, decided, Source(found.partition, found.offset))
            return True

        await self._scan(starts, take)
        return records

    async def decisions(
        self, run_id: str, *, history: HistoryPosition | None = None, limit: int = 10_000
    ) -> list[RunDecided]:
        """A run's decisions in order of version, each once, at most `limit`.

        Args:
            run_id: The run.
            history: Where to start, when that is known.
            limit: The bound on the answer.
        """
        key = run_id.encode()
        home = await self.home(run_id)
        start: int | StartAt = "earliest"
        if history is not None and history.partition == home.partition:
            start = history.first_offset
        found: dict[int, RunDecided] = {}

        def take(record: Record) -> bool:
            decided = readable(record) if record.key == key else None
            if decided is not None:
                found.setdefault(decided.version, decided)
            return len(found) < limit

        await self._scan({home: start}, take)
        return [found[version] for version in sorted(found)]

    async def _scan(self, starts: Mapping[TopicPartition, int | StartAt], take: Callable[[Record], bool]) -> None:
        """Hand over the records between the given starts and the ends of now until `take` returns False."""
        ends = await self._log.end_offsets(list(starts))
        first = await self._log.beginning_offsets(list(starts))
        open_ends = {source: end for source, end in ends.items() if end > first[source]}
        if not open_ends:
            return
        loop = asyncio.get_running_loop()
        give_up_at_s = loop.time() + self._timeout_ms / 1000
        consumer = await self._log.assign({source: starts[source] for source in open_ends})
        try:
            while open_ends:
                batches = await consumer.poll(max_records=BATCH_RECORDS, timeout_ms=POLL_MS)
                if not all(take(record) for records in batches.values() for record in records):
                    return
                for source, end in list(open_ends.items()):
                    if await consumer.position(source) >= end:
                        del open_ends[source]
                if open_ends and loop.time() > give_up_at_s:
                    raise LogUnavailable(f"{self._topic} could not be read to its end in {self._timeout_ms} ms")
        finally:
            await consumer.close()


def readable(record: Record) -> RunDecided | None:
    """The decision in a record of run-events, or None when it holds none: the ledger reports those."""
    try:
        return decode(record.headers, record.value, RunDecided)
    except EnvelopeError:
        return None
