"""An orchestrator and small specialists on a real broker, in one process: for tests of what others may send."""

import asyncio
import json
import random
import uuid
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from collegium.log.kafka import KafkaLog, open_log
from collegium.log.port import Outgoing, Position, Record, TopicPartition
from collegium.log.settings import KafkaSettings
from collegium.log.topics import TopicNames, check, required
from collegium.orchestrator.composition import build
from collegium.orchestrator.playbooks import Library
from collegium.orchestrator.settings import OrchestratorSettings
from collegium.telemetry.memory import MemoryTracing
from collegium_schemas.envelope import Envelope, encode_headers
from collegium_schemas.events import RunDecided
from collegium_schemas.tasks import TaskRequested
from memory_worlds import done, is_ended, now_ms, running
from orchestrator_worlds import line

CHAIN = line("alpha", "beta")
PARTITIONS = 4


@dataclass
class KafkaWorld:
    """A prepared topic prefix on a broker, with an orchestrator and specialists that succeed."""

    bootstrap: str
    names: TopicNames
    log: KafkaLog

    async def send(
        self, topic: str, value: bytes | None, key: bytes | None = None, partition: int | None = None
    ) -> Position:
        """Write a record as any client would."""
        producer = await self.log.producer()
        return await (await producer.send(Outgoing(self.names(topic), key, value, (), partition)))

    async def objective(self, **fields: object) -> str:
        """A good objective; returns its run_id."""
        run_id = str(fields.pop("run_id", None) or uuid.uuid4())
        body = json.dumps({"goal": "What is a topic?", "playbook": "line", "run_id": run_id, **fields}).encode()
        await self.send("objectives", body, run_id.encode())
        return run_id

    async def read(self, topic: str) -> list[Record]:
        """Everything committed in a topic so far."""
        full = self.names(topic)
        count = (await self.log.describe([full]))[full].partitions
        partitions = [TopicPartition(full, number) for number in range(count)]
        ends = await self.log.end_offsets(partitions)
        reader = await self.log.assign(dict.fromkeys(partitions, "earliest"))
        records: list[Record] = []
        try:
            while any([await reader.position(tp) < ends[tp] for tp in partitions]):
                for batch in (await reader.poll(max_records=2_000, timeout_ms=100)).values():
                    records.extend(batch)
        finally:
            await reader.close()
        return records

    async def history(self) -> dict[str, list[RunDecided]]:
        """Every run's decisions in order."""
        runs: dict[str, list[RunDecided]] = {}
        for record in await self.read("run-events"):
            decided = RunDecided.read(record.value or b"")
            runs.setdefault(decided.run_id, []).append(decided)
        return runs

    async def until(
        self, holds: Callable[[dict[str, list[RunDecided]]], bool], *, within_s: float = 30
    ) -> dict[str, list[RunDecided]]:
        """Wait until something holds of the committed history."""
        async with asyncio.timeout(within_s):
            while True:
                runs = await self.history()
                if holds(runs):
                    return runs
                await asyncio.sleep(0.05)

    async def until_read(self, topic: str, count: int, *, within_s: float = 20) -> list[Record]:
        """Wait until a topic holds so many records."""
        async with asyncio.timeout(within_s):
            while True:
                records = await self.read(topic)
                if len(records) >= count:
                    return records
                await asyncio.sleep(0.05)

    async def until_ended(self, *run_ids: str) -> dict[str, list[RunDecided]]:
        """Wait until these runs have a terminal status."""
        return await self.until(lambda runs: all(is_ended(runs.get(run_id, [])) for run_id in run_ids))

    async def specialist(self, role: str) -> None:
        """Answer a role's tasks with success until cancelled."""
        consumer = await self.log.subscribe([self.names.tasks(role)], group=f"{self.names.prefix}{role}")
        producer = await self.log.producer()
        while True:
            for records in (await consumer.poll(max_records=100, timeout_ms=500)).values():
                for record in records:
                    task = TaskRequested.read(record.value or b"")
                    outcome = done(task)
                    headers = encode_headers(Envelope(task.task_id, "/test", outcome.TYPE, now_ms()))
                    await producer.send(Outgoing(self.names("results"), record.key, outcome.to_json(), headers))


@asynccontextmanager
async def kafka_world(bootstrap: str) -> AsyncGenerator[KafkaWorld]:
    """A world of its own on a shared broker, for the duration of the block."""
    names = TopicNames(f"t-{uuid.uuid4().hex[:8]}.")
    roles = {step.role for step in CHAIN.steps}
    async with open_log(KafkaSettings(bootstrap=bootstrap)) as log, open_log(KafkaSettings(bootstrap=bootstrap)) as own:
        await log.create(required(names, roles, PARTITIONS))
        orchestrator = build(
            log=own,
            names=names,
            library=Library({CHAIN.name: CHAIN}, {"circular": "line 3: steps wait for each other in a circle"}),
            settings=OrchestratorSettings(),
            partitions=await check(log, names, roles),
            tracing=MemoryTracing(),
            registry=CollectorRegistry(),
            clock=now_ms,
            entropy=random.random,
            owner="orchestrator",
        )
        world = KafkaWorld(bootstrap, names, log)
        async with running(orchestrator.run(), *(world.specialist(role) for role in roles)):
            yield world
