"""Effects on a real broker: processes that are killed or stopped where it hurts, and workers that race."""

import signal
import uuid
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from agent_processes import SpecialistProcess, specialist_process
from agent_rig import ROLE, Rig, new_task, until
from collegium.agent.effects_call import EffectBounds
from collegium.faults.points import Point
from collegium.log.port import Record
from collegium_schemas.effects import EffectEnded
from collegium_schemas.envelope import decode
from collegium_schemas.tasks import FailureKind, TaskFailed, TaskRequested, TaskSucceeded
from effect_worlds import build, entries, executed

EFFECTOR = str(Path(__file__).parents[2] / "effect_worlds.py")
SESSION = {"COLLEGIUM_KAFKA_SESSION_TIMEOUT_MS": "3000", "COLLEGIUM_KAFKA_HEARTBEAT_INTERVAL_MS": "500"}


def task(run_id: str | None = None, attempt: int = 1) -> TaskRequested:
    """A task with the right to `alpha`."""
    return new_task(run_id=run_id, attempt=attempt, deadline_ms=60_000).model_copy(update={"effects": ("alpha",)})


def effector(
    rig: Rig, bootstrap: str, directory: Path, name: str, kind: str, **settings: str
) -> AbstractAsyncContextManager[SpecialistProcess]:
    """A specialist with execution rights, as a process."""
    script = (EFFECTOR, str(directory / "outside"), ROLE, kind)
    return specialist_process(
        directory / name, bootstrap=bootstrap, prefix=rig.names.prefix, script=script, **SESSION, **settings
    )


async def killed(rig: Rig, bootstrap: str, directory: Path, kind: str, point: Point, asked: TaskRequested) -> None:
    """Let a process kill itself at a point of an effect."""
    async with effector(rig, bootstrap, directory, "first", kind, COLLEGIUM_FAULT=f"{point}:1:kill") as process:
        await process.ready()
        await rig.submit(asked)
        assert await process.ended() == -signal.SIGKILL, process.output


@pytest.mark.parametrize(
    ("kind", "point"),
    [
        ("deduplicates", Point.EFFECT_AFTER_INTENT),
        ("deduplicates", Point.EFFECT_AFTER_CALL),
        ("answers", Point.EFFECT_AFTER_CALL),
        ("answers", Point.EFFECT_AFTER_OUTCOME),
        ("mute", Point.EFFECT_AFTER_OUTCOME),
    ],
)
async def test_a_kill_between_any_two_records_leaves_the_effect_done_once(
    rig: Rig, kafka_bootstrap: str, tmp_path: Path, kind: str, point: Point
) -> None:
    """Kill -9; the task comes again to another process, which asks the log and the target."""
    asked = task()
    await killed(rig, kafka_bootstrap, tmp_path, kind, point, asked)
    async with effector(rig, kafka_bootstrap, tmp_path, "second", kind) as process:
        await process.ready()
        result = await rig.result()
    assert isinstance(result, TaskSucceeded), process.output
    assert executed(tmp_path / "outside") == {f"{asked.run_id}/s1/alpha": 1}


async def test_a_kill_after_a_call_that_nobody_can_tell_of_asks_a_human(
    rig: Rig, kafka_bootstrap: str, tmp_path: Path
) -> None:
    """Called once; never again on suspicion."""
    await killed(rig, kafka_bootstrap, tmp_path, "mute", Point.EFFECT_AFTER_CALL, task())
    async with effector(rig, kafka_bootstrap, tmp_path, "second", "mute") as process:
        await process.ready()
        result = await rig.result()
    assert isinstance(result, TaskFailed)
    assert result.failure.kind is FailureKind.OUTCOME_UNKNOWN
    assert sum(executed(tmp_path / "outside").values()) == 1


@asynccontextmanager
async def stopped(
    rig: Rig, bootstrap: str, directory: Path, kind: str, asked: TaskRequested
) -> AsyncGenerator[SpecialistProcess]:
    """A process that is stopped (SIGSTOP) between its intent and its call; at the end it is asked to end."""
    fault = f"{Point.EFFECT_AFTER_INTENT}:1:stop"
    async with effector(rig, bootstrap, directory, "zombie", kind, COLLEGIUM_FAULT=fault) as zombie:
        await zombie.ready()
        await rig.submit(asked)
        await rig.records("effects", 1)
        yield zombie
        zombie.signal(signal.SIGTERM)
        await zombie.ended()


async def test_a_zombie_that_wakes_up_after_its_bound_calls_nothing(
    rig: Rig, kafka_bootstrap: str, tmp_path: Path
) -> None:
    """SIGSTOP between intent and call; another takes the key over; SIGCONT finds that its time has passed."""
    asked = task()
    async with (
        stopped(rig, kafka_bootstrap, tmp_path, "deduplicates", asked) as zombie,
        effector(rig, kafka_bootstrap, tmp_path, "other", "deduplicates") as other,
    ):
        await other.ready()
        await rig.submit(task(asked.run_id, 2))
        assert isinstance((await rig.results(1))[0], TaskSucceeded), other.output
        zombie.signal(signal.SIGCONT)
        await rig.results(2)
    [change] = entries(tmp_path / "outside")
    assert change["key"] == f"{asked.run_id}/s1/alpha"


async def test_a_zombie_does_not_call_what_a_human_is_asked_about(
    rig: Rig, kafka_bootstrap: str, tmp_path: Path
) -> None:
    """The target could not tell and would not notice a second call: only the zombie's own clock prevents the first."""
    async with (
        stopped(rig, kafka_bootstrap, tmp_path, "mute", task()) as zombie,
        effector(rig, kafka_bootstrap, tmp_path, "other", "mute") as other,
    ):
        await other.ready()
        result = await rig.result()
        assert isinstance(result, TaskFailed), other.output
        assert result.failure.kind is FailureKind.OUTCOME_UNKNOWN
        zombie.signal(signal.SIGCONT)
        last = decode_last(await rig.records("effects", 3))
        assert (last.status, "was not begun" in last.reason) == ("failed", True)
    assert entries(tmp_path / "outside") == []


def decode_last(records: list[Record]) -> EffectEnded:
    """The latest outcome."""
    return decode(records[-1].headers, records[-1].value, EffectEnded)


async def test_workers_that_race_for_many_effects_execute_each_once(rig: Rig, tmp_path: Path) -> None:
    """Three members, every subtask asked for by four attempts at once, on a target that does not deduplicate."""
    bounds = EffectBounds(start_ms=5_000, skew_ms=100, find_ms=1_000)
    workers = [rig.start(build(tmp_path, ROLE, "mute"), effects=bounds) for _ in range(3)]
    for worker in workers:
        await worker.ready()
    runs = [str(uuid.uuid4()) for _ in range(25)]
    for number, run_id in enumerate(runs):
        for attempt in range(1, 5):
            await rig.submit(task(run_id, attempt), partition=(number + 2 * attempt) % 8)
    results = await rig.results(100)
    assert [result for result in results if isinstance(result, TaskFailed)] == []
    await until(lambda: len(executed(tmp_path)) == 25, "every effect has happened")
    assert executed(tmp_path) == {f"{run_id}/s1/alpha": 1 for run_id in runs}
