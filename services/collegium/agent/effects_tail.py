"""Following the `effects` topic: where every effect of the runs that are kept stands."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from collegium.agent.effects_book import FREE, Standing, State, fold
from collegium.agent.patience import Outage, Patience
from collegium.log.errors import LogError
from collegium.log.port import Consumer, Log, Record, TopicPartition
from collegium_schemas.effects import EffectEnded, EffectIntended
from collegium_schemas.envelope import EnvelopeError, decode

_log = logging.getLogger(__name__)
_POLL_MS = 1_000
_CATCH_UP_POLL_MS = 50
_POLL_RECORDS = 500


class EffectTail:
    """Folds every partition of the topic, from its beginning, in order.

    Memory holds one small entry for each effect of the runs that the orchestrator has not archived: it removes a
    run's keys with the run. Past `capacity` keys nothing new is claimed (`full`), rather than a key forgotten.
    """

    def __init__(self, log: Log, topic: str, patience: Patience, *, capacity: int) -> None:
        self.topic = topic
        self.partitions = 0
        self.caught_up = asyncio.Event()
        """Set while everything that existed when the topic was opened has been read."""
        self._log = log
        self._patience = patience
        self._capacity = capacity
        self._standings: dict[str, Standing] = {}
        self._forgotten: OrderedDict[str, int] = OrderedDict()
        """Keys of archived runs, the latest, with the time: Kafka keeps a tombstone for a day, and no attempt may take
        longer."""
        self._next: dict[int, int] = {}
        self._moved = asyncio.Event()

    def __len__(self) -> int:
        return len(self._standings)

    @property
    def full(self) -> bool:
        """True when no further key may be claimed."""
        return len(self._standings) >= self._capacity

    def standing(self, key: str) -> Standing:
        """Where an effect stands, as far as the topic was read."""
        return self._standings.get(key, FREE)

    def archived_since(self, key: str, dispatched_at_ms: int) -> bool:
        """True when the run of a task that was dispatched then has been archived. A later run may have its name."""
        archived_at_ms = self._forgotten.get(key)
        return archived_at_ms is not None and dispatched_at_ms <= archived_at_ms

    async def past(self, partition: int, offset: int) -> None:
        """Wait until a record has been read."""
        while not self.caught_up.is_set() or self._next.get(partition, 0) <= offset:
            await self._moved.wait()

    async def changed(self, key: str, before: Standing, within_s: float) -> None:
        """Wait until an effect stands otherwise than before, at most so long."""
        try:
            async with asyncio.timeout(max(0.0, within_s)):
                while self.standing(key) == before:
                    await self._moved.wait()
        except TimeoutError:
            return

    async def run(self) -> None:
        """Follow until cancelled.

        Raises:
            LogGone: the log has been away for longer than the bound.
        """
        outage = Outage(f"reading {self.topic}", self._patience)
        while True:
            try:
                consumer, ends = await self._open()
            except LogError as error:
                await outage.wait(error)
                continue
            try:
                await self._follow(consumer, ends, outage)
            except LogError as error:
                await outage.wait(error)
            finally:
                self.caught_up.clear()
                await consumer.close()

    async def _open(self) -> tuple[Consumer, dict[TopicPartition, int]]:
        topics = await self._log.describe([self.topic])
        self.partitions = topics[self.topic].partitions
        partitions = [TopicPartition(self.topic, number) for number in range(self.partitions)]
        ends = dict(await self._log.end_offsets(partitions))
        self._standings.clear()
        self._forgotten.clear()
        self._next.clear()
        return await self._log.assign(dict.fromkeys(partitions, "earliest")), ends

    async def _follow(self, consumer: Consumer, ends: Mapping[TopicPartition, int], outage: Outage) -> None:
        while True:
            if not self.caught_up.is_set() and all(self._next.get(tp.partition, 0) >= ends[tp] for tp in ends):
                self.caught_up.set()
            self._tell()
            timeout_ms = _POLL_MS if self.caught_up.is_set() else _CATCH_UP_POLL_MS
            batches = await consumer.poll(max_records=_POLL_RECORDS, timeout_ms=timeout_ms)
            outage.over()
            for records in batches.values():
                self._take(records)
            for partition in ends:
                self._next[partition.partition] = await consumer.position(partition)

    def _tell(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    def _forget(self, key: str, at_ms: int) -> None:
        """The run is archived. A task of it may still be redelivered, which must not execute the effect again."""
        self._standings.pop(key, None)
        self._forgotten[key] = at_ms
        self._forgotten.move_to_end(key)
        if len(self._forgotten) > self._capacity:
            self._forgotten.popitem(last=False)

    def _take(self, records: Sequence[Record]) -> None:
        for record in records:
            key = (record.key or b"").decode("utf-8", "replace")
            if record.value is None:
                self._forget(key, record.timestamp_ms)
                continue
            try:
                effect = decode(record.headers, record.value, EffectIntended, EffectEnded)
            except EnvelopeError as error:
                _log.error("effect record %s at offset %d cannot be read: %s", key, record.offset, error.reason)
                self._standings[key] = Standing(State.UNKNOWN)  # what is not understood must not lead to a call
                continue
            self._standings[effect.key] = fold(self._standings.get(effect.key), effect)
