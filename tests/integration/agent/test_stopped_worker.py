"""A worker that is stopped in the middle of an attempt (SIGSTOP), with real processes and a real broker."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry

from agent_processes import SpecialistProcess, specialist_process
from agent_rig import ROLE, Rig, until
from collegium.log.kafka import open_log
from collegium.log.port import TopicPartition
from collegium.log.settings import KafkaSettings
from collegium.orchestrator.settings import OrchestratorSettings
from collegium_schemas.events import AttemptFailed, AttemptSucceeded, Event, RunDecided, RunEnded
from collegium_schemas.objective import ObjectiveSubmitted, RunStatus
from collegium_schemas.playbook import Playbook
from collegium_schemas.tasks import FailureKind
from orchestrating import orchestrating

RUN = "0190a0a0-0000-7000-8000-00000000abcd"
FIRST_MS = 6_000
TIMEOUT_MS = 600_000
SCRIPT = (str(Path(__file__).parents[2] / "slow_specialist.py"), ROLE, str(FIRST_MS))
SOON = {
    "COLLEGIUM_KAFKA_SESSION_TIMEOUT_MS": "8000",
    "COLLEGIUM_KAFKA_HEARTBEAT_INTERVAL_MS": "300",
    "COLLEGIUM_AGENT_HEARTBEAT_MS": "200",
}
PLAYBOOK = Playbook.model_validate(
    {
        "name": "slow",
        "steps": [
            {"id": "work", "role": ROLE, "instruction": "take your time", "timeout_ms": TIMEOUT_MS}
            | {"retry": {"max_attempts": 3, "base_delay_ms": 1}}
        ],
    }
)


@asynccontextmanager
async def orchestrator(bootstrap: str, rig: Rig, registry: CollectorRegistry) -> AsyncIterator[None]:
    """An orchestrator in this process, which is not stopped, that calls a worker lost after two seconds."""
    # Unchecked: shorter than an operator may set, since this worker beats every 200 ms.
    settings = OrchestratorSettings.model_construct(heartbeat_lost_ms=2_000)
    async with (
        open_log(KafkaSettings(bootstrap=bootstrap, topic_prefix=rig.names.prefix)) as log,
        orchestrating(log, rig.names, PLAYBOOK, settings=settings, registry=registry),
    ):
        yield


async def history(rig: Rig) -> list[Event]:
    """What has been decided so far."""
    topic = rig.names("run-events")
    partitions = [TopicPartition(topic, number) for number in range(2)]
    ends = await rig.log.end_offsets(partitions)
    consumer = await rig.log.assign(dict.fromkeys(partitions, "earliest"))
    decided: list[RunDecided] = []
    try:
        while any([await consumer.position(each) < ends[each] for each in partitions]):
            for records in (await consumer.poll(max_records=500, timeout_ms=100)).values():
                decided += [RunDecided.read(record.value or b"") for record in records]
    finally:
        await consumer.close()
    return [event for each in decided for event in each.events]


async def holder(processes: list[SpecialistProcess]) -> SpecialistProcess:
    """The process that performs the first attempt."""
    words = f"PERFORMS {RUN}/work/1"
    await until(lambda: any(words in process.output for process in processes), "the attempt is performed")
    return next(process for process in processes if words in process.output)


async def ended(rig: Rig) -> list[Event]:
    """The run's history, once it has ended."""
    events: list[Event] = []
    async with asyncio.timeout(60):
        while not any(isinstance(event, RunEnded) for event in events):
            events = await history(rig)
    return events


async def test_a_stopped_worker_is_noticed_and_its_late_result_is_dropped(
    rig: Rig, kafka_bootstrap: str, tmp_path: Path
) -> None:
    """Long before its deadline the attempt is made again elsewhere; what the stopped process says later is dropped."""
    given = {"bootstrap": kafka_bootstrap, "prefix": rig.names.prefix, "script": SCRIPT, **SOON}
    registry = CollectorRegistry()
    async with (
        orchestrator(kafka_bootstrap, rig, registry),
        specialist_process(tmp_path / "first", **given) as first,
        specialist_process(tmp_path / "second", **given) as second,
    ):
        await first.ready()
        await second.ready()
        objective = ObjectiveSubmitted(goal="work slowly", playbook="slow", run_id=RUN)
        await rig.write("objectives", RUN.encode(), objective.to_json())
        stopped = await holder([first, second])
        other = second if stopped is first else first
        await rig.records("progress", 2)
        stopped.signal(signal.SIGSTOP)
        try:
            events = await ended(rig)
        finally:
            stopped.signal(signal.SIGCONT)
        failed = [event for event in events if isinstance(event, AttemptFailed)]
        succeeded = [event for event in events if isinstance(event, AttemptSucceeded)]
        assert [event.failure.kind for event in failed] == [FailureKind.WORKER_LOST] * len(failed)
        assert failed[0].attempt == 1
        assert succeeded[0].attempt == len(failed) + 1
        assert f"PERFORMS {RUN}/work/{succeeded[0].attempt}" in other.output
        assert [event.status for event in events if isinstance(event, RunEnded)] == [RunStatus.COMPLETED]

        def dropped() -> float:
            return (
                registry.get_sample_value("collegium_orchestrator_inputs_dropped_total", {"reason": "late_outcome"})
                or 0.0
            )

        # One of the process that was stopped, and one of the first attempt as it was redelivered to the other.
        await until(lambda: dropped() >= 2, "late results are dropped", 60)
        assert await history(rig) == events
