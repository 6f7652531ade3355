"""The broker dies while runs are live, and comes back: all of them end exactly once, and no process ends."""

import asyncio
from pathlib import Path

import pytest

from collegium.embedded.kafka import EmbeddedKafka
from collegium.embedded.runtime import KafkaRuntime
from collegium_schemas.events import AttemptDispatched
from collegium_schemas.objective import RunStatus
from live_system import LiveSystem, live_system

pytestmark = pytest.mark.asyncio(loop_scope="session")

RUNS = 60
OUTAGE_S = 120.0


async def check_each_ended_once(system: LiveSystem, run_ids: list[str]) -> None:
    """Every run completed, in one history without gaps, and one attempt was enough: no task and no outcome was lost."""
    await system.ended(*run_ids, bound_s=OUTAGE_S)
    for run_id in run_ids:
        assert await system.status(run_id) is RunStatus.COMPLETED
        history = system.seen.decisions[run_id]
        assert [decided.version for decided in history] == list(range(1, len(history) + 1))
        attempts = [event.attempt for event in system.seen.events(run_id) if isinstance(event, AttemptDispatched)]
        assert attempts == [1], system.seen.events(run_id)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("killed", [True, False], ids=["killed", "stopped"])
async def test_live_runs_outlive_their_broker(kafka_runtime: KafkaRuntime, tmp_path: Path, *, killed: bool) -> None:
    """Objectives before, and after the return; no process was started again, and the log says it once in a while."""
    async with (
        EmbeddedKafka(kafka_runtime, tmp_path / "kafka") as kafka,
        live_system(kafka.bootstrap, tmp_path / "live", pause_ms=200) as system,
    ):
        run_ids = [await system.submit() for _ in range(RUNS)]
        await system.until(lambda: system.seen.ended(run_ids[0]), "the first run has ended")
        assert not system.seen.ended(*run_ids), "some run must be under way"
        if killed:
            kafka.kill()
            await kafka.wait_crash()
        else:
            await kafka.stop()
        waiting = asyncio.create_task(system.submit())
        await kafka.start()
        run_ids.append(await waiting)
        run_ids += [await system.submit() for _ in range(5)]
        await check_each_ended_once(system, run_ids)
        for process in system.processes:
            assert process.alive, process.output
            assert process.output.count("Traceback") == 0, process.output
        assert not system.seen.letters
