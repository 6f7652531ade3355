"""How many bytes a run leaves in the log."""

from collections import Counter
from collections.abc import Sequence
from typing import Self

from collegium.log.port import Consumer, Log, StartAt, TopicPartition
from collegium.log.topics import TopicNames, required

_BATCH_RECORDS = 1_000
_MOST_BATCHES = 10_000


class Meter:
    """Reads every topic of a system along with its runs, and adds up what belongs to each: its id begins the key."""

    def __init__(self, consumer: Consumer, *, wait_ms: int = 0) -> None:
        self._consumer = consumer
        self._wait_ms = wait_ms
        self._bytes: Counter[bytes] = Counter()
        self._records: Counter[bytes] = Counter()

    @classmethod
    async def of(
        cls,
        log: Log,
        names: TopicNames,
        roles: Sequence[str],
        partitions: int = 1,
        *,
        start_at: StartAt = "earliest",
        wait_ms: int = 0,
    ) -> Self:
        """A meter of a system's topics, from their beginning or their end.

        A broker needs some time to hand over what it has: `wait_ms` without a record is the end.
        """
        topics = await log.describe([topic.name for topic in required(names, roles, partitions)])
        places: dict[TopicPartition, int | StartAt] = {
            TopicPartition(name, at): start_at for name, topic in topics.items() for at in range(topic.partitions)
        }
        return cls(await log.assign(places), wait_ms=wait_ms)

    async def read(self, run_id: str) -> tuple[int, int]:
        """Bytes (keys, values, headers) and records of a run so far."""
        for _ in range(_MOST_BATCHES):
            found = await self._consumer.poll(max_records=_BATCH_RECORDS, timeout_ms=self._wait_ms)
            if not found:
                break
            for records in found.values():
                for record in records:
                    if record.key is not None:
                        owner = record.key.partition(b"/")[0]
                        headers = sum(len(name) + len(value) for name, value in record.headers)
                        self._bytes[owner] += len(record.key) + len(record.value or b"") + headers
                        self._records[owner] += 1
        return self._bytes[run_id.encode()], self._records[run_id.encode()]

    async def close(self) -> None:
        """Stop reading."""
        await self._consumer.close()
