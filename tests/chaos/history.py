"""Watching run-events while a trial goes on. The verdict is the checker's, which reads everything anew."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, cast

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

_ENDINGS = {"run_ended", "run_rejected"}


@dataclass(frozen=True, slots=True)
class Decision:
    """One record of run-events, as far as trials look at it."""

    run_id: str
    partition: int
    owner: str
    seen_s: float
    """When it could be read, by the monotonic clock."""
    ending: str | None
    """The run's terminal status, when this ended it."""
    failures: int
    """Attempts that failed."""


class History:
    """Everything committed so far."""

    def __init__(self, bootstrap: str, topic: str, partitions: int) -> None:
        self._bootstrap = bootstrap
        self._partitions = [TopicPartition(topic, number) for number in range(partitions)]
        self._read: dict[int, int] = {}
        self.decisions: list[Decision] = []
        self.questions: list[str] = []
        """Keys of effects of which nobody could tell whether they happened, as humans were asked."""
        self.ended: dict[str, str] = {}
        """Terminal status by run."""

    def last_before(self, moment_s: float) -> dict[int, Decision]:
        """Each partition's last decision before a moment."""
        return {each.partition: each for each in self.decisions if each.seen_s <= moment_s}

    def under_way(self, moment_s: float) -> frozenset[str]:
        """Runs that had begun before a moment and not ended."""
        before = [decision for decision in self.decisions if decision.seen_s <= moment_s]
        ended = {decision.run_id for decision in before if decision.ending is not None}
        return frozenset(decision.run_id for decision in before) - ended

    async def watch(self) -> None:
        """Read until cancelled, through any absence of the brokers."""
        while True:
            consumer = AIOKafkaConsumer(
                bootstrap_servers=self._bootstrap,
                isolation_level="read_committed",
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                fetch_max_wait_ms=50,
            )
            try:
                await consumer.start()
                consumer.assign(self._partitions)
                self._seek(consumer)
                async for record in cast("AsyncIterator[ConsumerRecord[bytes, bytes]]", consumer):
                    self._take(record)
            except KafkaError:
                await asyncio.sleep(0.2)
            finally:
                await consumer.stop()

    def _seek(self, consumer: AIOKafkaConsumer) -> None:
        for partition in self._partitions:
            consumer.seek(partition, self._read.get(partition.partition, 0))

    def _take(self, record: ConsumerRecord[bytes, bytes]) -> None:
        self._read[record.partition] = record.offset + 1
        body: Any = json.loads(record.value or b"")
        events = body["events"]
        endings = [event.get("status", "failed") for event in events if event["type"] in _ENDINGS]
        decision = Decision(
            run_id=body["run_id"],
            partition=record.partition,
            owner=body["owner"],
            seen_s=time.monotonic(),
            ending=endings[0] if endings else None,
            failures=sum(event["type"] == "attempt_failed" for event in events),
        )
        self.decisions.append(decision)
        self.questions += [
            f"{body['run_id']}/{event['subtask_id']}/{name}"
            for event in events
            if event["type"] == "approval_requested"
            for name in event["effects"]
        ]
        if decision.ending is not None:
            self.ended[decision.run_id] = decision.ending
