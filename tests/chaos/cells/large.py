"""A decision that no record can hold, and the orchestrator killed while it writes it."""

import asyncio
import json
from typing import cast

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from chaos.brokers import SINGLE_NODE, SingleNode
from chaos.cells.owner import PARTITIONS
from chaos.long import OBJECTIVE, PARTS
from chaos.matrix import Cell
from chaos.services import light
from chaos.trial import Trial

POINT = "owner.6.sent"
_WAITING = 12
"""Small decisions without a worker: their runs are under way when the fault comes."""
_STILL_S = 2.0
"""Longer than any pause between attempts of a small run: nothing is left to decide on."""
_READ_S = 10.0
_POLL_MS = 1_000

Batches = dict[TopicPartition, list["ConsumerRecord[bytes, bytes]"]]


async def _killed_writing_it(trial: Trial[SingleNode]) -> None:
    """Small runs wait for a worker, so that the first decision of the process that is to die is the large one."""
    orchestrator, worker = trial.fleet["orchestrator-1"], trial.fleet["worker-1"]
    await worker.end()
    await trial.decided(_WAITING)
    trial.load.pause()
    await _still(trial)
    first = orchestrator.pid
    orchestrator.faults.append(f"{POINT}:1:kill")
    await orchestrator.end()
    run_id = await trial.load.send(OBJECTIVE)
    orchestrator.again()
    death = await orchestrator.killed(2)
    trial.struck(first, at_s=death.at_s)  # the one that died had not decided on anything
    mark = f":{death.pid}"
    written = await _written(trial, run_id, mark)
    assert 1 < written <= PARTS, f"it had written {written} records of the large decision, which has {PARTS}"
    trial.load.go_on()
    worker.again()
    await orchestrator.ready(3)
    await worker.ready(2)
    await trial.until(lambda: run_id in trial.history.ended, "the large run has ended")
    assert not any(each.owner.endswith(mark) for each in trial.history.decisions), "it had committed something"


async def _still(trial: Trial[SingleNode]) -> None:
    """Wait until nothing is decided any more."""
    async with asyncio.timeout(30):
        seen = -1
        while seen != (seen := len(trial.history.decisions)):  # noqa: ASYNC110 - it waits for nothing to happen
            await asyncio.sleep(_STILL_S)


async def _written(trial: Trial[SingleNode], run_id: str, owner: str) -> int:
    """How many records of a run an owner has written, committed or not."""
    topic, count = trial.names("run-events"), 0
    places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=trial.brokers.bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    async with asyncio.timeout(_READ_S), consumer:
        consumer.assign(places)
        ends = cast("dict[TopicPartition, int]", await consumer.end_offsets(places))
        while [place for place in places if await consumer.position(place) < ends[place]]:
            for records in cast("Batches", await consumer.getmany(timeout_ms=_POLL_MS)).values():
                bodies = [json.loads(record.value or b"") for record in records]
                count += sum(body["run_id"] == run_id and body["owner"].endswith(owner) for body in bodies)
    return count


CELLS = (
    Cell(
        POINT,
        f"kill -9 while it commits a decision of {PARTS} records",
        SINGLE_NODE,
        light(),
        _killed_writing_it,
    ),
)
