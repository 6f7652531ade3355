"""Watching run-events while a trial goes on. The verdict is the checker's, which reads everything anew."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

_ENDINGS = {"run_ended", "run_rejected"}
_ANSWERS = {"attempt_succeeded", "attempt_failed"}

Subtask = tuple[str, str]
"""(run id, subtask id)"""


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
    planned: Mapping[Subtask, str] = field(default_factory=dict[Subtask, str])
    """The roles of subtasks that were added to the plan."""
    sent: frozenset[Subtask] = frozenset()
    """Subtasks of which an attempt was dispatched."""
    answered: frozenset[Subtask] = frozenset()
    """Subtasks of which an attempt has succeeded, failed or timed out."""
    ended: tuple[tuple[Subtask, str], ...] = ()
    """Subtasks that succeeded, with the worker that did them, or were given up, without one."""


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
        decision, events = decision_of(body, record.partition, time.monotonic()), body["events"]
        self.decisions.append(decision)
        self.questions += [
            f"{body['run_id']}/{event['subtask_id']}/{name}"
            for event in events
            if event["type"] == "approval_requested"
            for name in event["effects"]
        ]
        if decision.ending is not None:
            self.ended[decision.run_id] = decision.ending


def decision_of(body: Mapping[str, Any], partition: int, seen_s: float) -> Decision:
    """What a record of run-events says."""
    run_id, events = body["run_id"], body["events"]
    endings = [event.get("status", "failed") for event in events if event["type"] in _ENDINGS]
    added = [spec for event in events if event["type"] == "plan_adopted" for spec in event["change"]["added"]]

    def subtasks(*kinds: str) -> frozenset[Subtask]:
        return frozenset((run_id, event["subtask_id"]) for event in events if event["type"] in kinds)

    return Decision(
        run_id=run_id,
        partition=partition,
        owner=body["owner"],
        seen_s=seen_s,
        ending=endings[0] if endings else None,
        planned={(run_id, spec["subtask_id"]): spec["role"] for spec in added},
        sent=subtasks("attempt_dispatched"),
        answered=subtasks(*_ANSWERS),
        ended=tuple(
            ((run_id, event["subtask_id"]), event.get("worker", ""))
            for event in events
            if event["type"] in {"attempt_succeeded", "subtask_failed"}
        ),
    )
