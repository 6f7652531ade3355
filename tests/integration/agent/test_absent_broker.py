"""The broker dies while tasks are under way, and comes back: nothing is lost, nothing is stuck."""

import asyncio
from pathlib import Path

import pytest

from agent_rig import Scripted, new_task, rigged, until
from collegium.agent.specialist import Output, Success, Workbench
from collegium.embedded.kafka import EmbeddedKafka
from collegium.embedded.runtime import KafkaRuntime
from collegium.log.kafka import open_log
from collegium.log.settings import KafkaSettings
from collegium_schemas.evidence import ReportText
from collegium_schemas.tasks import TaskRequested


@pytest.mark.timeout(180)
async def test_a_broker_that_is_killed_and_comes_back_loses_no_task(
    kafka_runtime: KafkaRuntime, tmp_path: Path
) -> None:
    """Attempts run and results are unsent when the broker dies; after its return all are answered, lag is 0."""
    door = asyncio.Event()

    async def perform(task: TaskRequested, bench: Workbench) -> Success:
        if task.subtask_id == "held":
            await door.wait()
        return Success(outputs=[Output("report", ReportText(title=task.subtask_id, markdown="m"))])

    async with EmbeddedKafka(kafka_runtime, tmp_path) as kafka:
        settings = KafkaSettings(bootstrap=kafka.bootstrap, topic_prefix="gone.", request_timeout_ms=5_000)
        async with rigged(lambda: open_log(settings), "gone.") as rig:
            specialist = Scripted(perform)
            running = rig.start(specialist)
            before = [new_task(deadline_ms=120_000) for _ in range(20)]
            held = [new_task(subtask_id="held", deadline_ms=120_000) for _ in range(5)]
            await rig.submit(*before, *held)
            await until(lambda: len(specialist.performed) == 25, "all have begun")
            await until(lambda: running.value("agent_tasks_in_flight") == 5, "only the held ones are left")
            kafka.kill()
            door.set()
            await kafka.wait_crash()
            await kafka.start()
            assert not running.task.done(), "the runtime must wait for the broker"
            after = [new_task(deadline_ms=120_000) for _ in range(20)]
            await rig.submit(*after)
            answered: set[str] = set()
            expected = {task.task_id for task in (*before, *held, *after)}
            async with asyncio.timeout(90):
                while answered != expected:
                    answered = {result.task_id for result in await rig.results(await rig.count("results"))}
            await running.drain()
            assert await rig.committed() == 45
