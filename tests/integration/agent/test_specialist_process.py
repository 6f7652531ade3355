"""A specialist as a real process: signals, exit statuses, and what it says when it cannot work."""

import signal
import uuid
from pathlib import Path

from agent_processes import specialist_process
from agent_rig import Rig, new_task
from collegium.embedded.ports import free_port


async def test_sigterm_finishes_running_work_and_leaves_the_rest(
    rig: Rig, kafka_bootstrap: str, tmp_path: Path
) -> None:
    """The process answers what it was doing, commits exactly that and ends with 0; a successor does the rest."""
    tasks = [new_task(subtask_id=f"s{number}") for number in range(3)]
    given = {"bootstrap": kafka_bootstrap, "prefix": rig.names.prefix}
    async with specialist_process(
        tmp_path / "first", **given, pause_ms=1_500, COLLEGIUM_AGENT_CONCURRENCY="1"
    ) as process:
        await process.ready()
        await rig.submit(*tasks, partition=0)
        await rig.results(1)
        process.signal(signal.SIGTERM)
        assert await process.ended() == 0, process.output
    answered = await rig.count("results")
    assert answered in (1, 2)
    assert await rig.committed() == answered
    async with specialist_process(tmp_path / "second", **given) as process:
        results = await rig.results(3)
        process.signal(signal.SIGINT)
        assert await process.ended() == 0, process.output
    assert sorted(result.subtask_id for result in results) == ["s0", "s1", "s2"]


async def test_a_killed_process_loses_nothing(rig: Rig, kafka_bootstrap: str, tmp_path: Path) -> None:
    """After kill -9 the task that was under way is performed by another process."""
    given = {"bootstrap": kafka_bootstrap, "prefix": rig.names.prefix}
    async with specialist_process(tmp_path / "first", **given, pause_ms=60_000) as process:
        await process.ready()
        await rig.submit(new_task())
        await rig.records("progress", 1)
        process.signal(signal.SIGKILL)
        assert await process.ended() == -signal.SIGKILL
    async with specialist_process(tmp_path / "second", **given) as process:
        assert len(await rig.results(1)) == 1
        process.signal(signal.SIGTERM)
        assert await process.ended() == 0, process.output


async def test_missing_topics_are_told_with_what_to_do(kafka_bootstrap: str, tmp_path: Path) -> None:
    """Without its topics the process ends with status 1 and names the command that creates them."""
    async with specialist_process(
        tmp_path, bootstrap=kafka_bootstrap, prefix=f"none-{uuid.uuid4().hex[:6]}.", COLLEGIUM_AGENT_START_WAIT_MS="500"
    ) as process:
        assert await process.ended() == 1
        assert "collegium topics create" in process.output
        assert "Traceback" not in process.output


async def test_an_absent_kafka_is_told_with_what_to_do(tmp_path: Path) -> None:
    """Without a broker the process ends with status 1, after its bound, and names the setting."""
    async with specialist_process(
        tmp_path, bootstrap=f"127.0.0.1:{free_port()}", prefix="x.", COLLEGIUM_AGENT_START_WAIT_MS="500"
    ) as process:
        assert await process.ended() == 1
        assert "COLLEGIUM_KAFKA_BOOTSTRAP" in process.output
        assert "Traceback" not in process.output


async def test_sigterm_while_waiting_for_kafka_ends_at_once(tmp_path: Path) -> None:
    """A process that is not needed any more does not wait for its broker."""
    async with specialist_process(tmp_path, bootstrap=f"127.0.0.1:{free_port()}", prefix="x.") as process:
        await process.says("waiting for Kafka")
        process.signal(signal.SIGTERM)
        assert await process.ended() == 0, process.output


async def test_a_wrong_setting_is_told_by_name(tmp_path: Path) -> None:
    """A setting out of range ends the process with status 2 and one line."""
    async with specialist_process(
        tmp_path, bootstrap="127.0.0.1:1", prefix="x.", COLLEGIUM_AGENT_CONCURRENCY="0"
    ) as process:
        assert await process.ended() == 2
        assert "concurrency" in process.output
        assert process.output.count("\n") == 1
