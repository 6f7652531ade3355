"""Objectives that keep arriving, and a record of those that Kafka has acknowledged."""

import asyncio
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

_REQUEST_MS = 5_000
_MOST = 3_000


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """How objectives arrive."""

    per_second: float = 5.0
    least: int = 24
    """Objectives submitted in all, at least; the fault comes when a few of them have ended."""
    warm: int = 3
    """Runs that must have ended before the fault."""
    after_s: float = 1.0
    """How long they keep arriving when the fault is over."""
    fields: Mapping[str, object] = field(
        default_factory=lambda: MappingProxyType({"playbook": "chaos", "goal": "What is a topic?"})
    )
    """Each objective's fields, apart from its run_id."""


@dataclass(slots=True)
class Submitted:
    """What was sent."""

    acknowledged: list[str] = field(default_factory=list[str])
    """Run ids that Kafka has acknowledged: each must end exactly once."""
    unsure: list[str] = field(default_factory=list[str])
    """Run ids whose sending failed: each may exist or not, and ends at most once."""


class Load:
    """A client of the system: sends objectives at a steady rate until told to stop."""

    def __init__(self, bootstrap: str, topic: str, plan: LoadPlan) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._plan = plan
        self._stopping = asyncio.Event()
        self._going = asyncio.Event()
        self._going.set()
        self.submitted = Submitted()

    async def run(self) -> None:
        """Send until `stop`, and until the least number is reached; bounded in any case."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap, enable_idempotence=True, acks="all", request_timeout_ms=_REQUEST_MS
        )
        await producer.start()
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(_MOST):
                    await self._going.wait()
                    if self._stopping.is_set() and number >= self._plan.least:
                        break
                    group.create_task(self._send(producer, number))
                    await asyncio.sleep(1 / self._plan.per_second)
        finally:
            await producer.stop()

    def stop(self) -> None:
        """Send no more than the least number."""
        self._stopping.set()
        self._going.set()

    def pause(self) -> None:
        """Send nothing until `go_on`."""
        self._going.clear()

    def go_on(self) -> None:
        """Send again after `pause`."""
        self._going.set()

    async def send(self, fields: Mapping[str, object]) -> str:
        """Send one more objective with fields of its own, and wait for the acknowledgement; its run id."""
        run_id = str(uuid.uuid4())
        body = json.dumps({**fields, "run_id": run_id}).encode()
        async with AIOKafkaProducer(bootstrap_servers=self._bootstrap, acks="all") as producer:
            await producer.send_and_wait(self._topic, body, key=run_id.encode())
        self.submitted.acknowledged.append(run_id)
        return run_id

    async def _send(self, producer: AIOKafkaProducer, number: int) -> None:
        run_id = str(uuid.uuid4())
        body = json.dumps({**self._plan.fields, "run_id": run_id}).encode()
        try:
            await producer.send_and_wait(self._topic, body, key=run_id.encode())
        except KafkaError:
            self.submitted.unsure.append(run_id)
        else:
            self.submitted.acknowledged.append(run_id)
