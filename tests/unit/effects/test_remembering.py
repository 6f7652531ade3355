"""What a process remembers of effects: as many as fit, and of archived runs that they are."""

from pathlib import Path

from agent_rig import Rig
from collegium.agent.effects_call import EffectBounds
from collegium_schemas.effects import farewell_headers
from collegium_schemas.tasks import FailureKind, TaskFailed, TaskSucceeded
from effect_tasks import PATIENT, effector, task
from effect_worlds import entries, executed


async def test_past_the_bound_on_remembered_effects_nothing_new_is_claimed(rig: Rig, tmp_path: Path) -> None:
    """An attempt fails and may be retried; forgetting a key instead could execute it twice."""
    full = EffectBounds(start_ms=300, skew_ms=10, find_ms=500, remembered=1)
    rig.start(effector(tmp_path), effects=full)
    first = task()
    await rig.submit(first)
    assert isinstance(await rig.result(), TaskSucceeded)
    other = task()
    await rig.submit(other, task(first.run_id, 2))
    results = {(result.run_id, result.attempt): result for result in await rig.results(3)}
    second, third = results[other.run_id, 1], results[first.run_id, 2]
    assert isinstance(second, TaskFailed)
    assert second.failure.kind is FailureKind.DEPENDENCY_UNAVAILABLE
    assert isinstance(third, TaskSucceeded)
    assert sum(executed(tmp_path).values()) == 1


async def test_a_task_that_comes_again_after_its_run_was_archived_changes_nothing(rig: Rig, tmp_path: Path) -> None:
    """The archive removes a run's keys; a task of it whose offset was never committed must not start over."""
    asked = task()
    await rig.write("effects", f"{asked.run_id}/s1/alpha".encode(), None, ())
    rig.start(effector(tmp_path), effects=PATIENT)
    await rig.submit(asked)
    result = await rig.result()
    assert isinstance(result, TaskFailed)
    assert (result.failure.kind, result.failure.permanent) == (FailureKind.CANCELLED, True)
    assert entries(tmp_path) == []


async def test_a_run_that_has_the_name_of_an_archived_one_executes_its_effects(rig: Rig, tmp_path: Path) -> None:
    """Where no acceptance is said: only what was dispatched before the archive is refused, also afterwards."""
    early = task()
    await rig.write("effects", f"{early.run_id}/s1/alpha".encode(), None, ())
    rig.start(effector(tmp_path), effects=PATIENT)
    later = task(early.run_id, 2, dispatched_at_ms=early.dispatched_at_ms + 60_000)
    await rig.submit(later)
    assert isinstance(await rig.result(), TaskSucceeded)
    assert executed(tmp_path) == {f"{early.run_id}/s1/alpha": 1}
    await rig.submit(early)
    refused = (await rig.results(2))[1]
    assert isinstance(refused, TaskFailed)
    assert refused.failure.kind is FailureKind.CANCELLED


async def test_runs_of_one_name_are_told_apart_without_any_clock_of_the_archive(rig: Rig, tmp_path: Path) -> None:
    """Who dispatched may have had a clock far ahead of the archive's: a task of the archived run stays refused."""
    early = task(run_accepted_at_ms=1_000)
    ahead = task(early.run_id, 2, run_accepted_at_ms=1_000, dispatched_at_ms=early.dispatched_at_ms + 3_600_000)
    later = task(early.run_id, 3, run_accepted_at_ms=1_001)
    await rig.write("effects", f"{early.run_id}/s1/alpha".encode(), None, farewell_headers(1_000))
    rig.start(effector(tmp_path), effects=PATIENT)
    await rig.submit(early, ahead)
    for refused in await rig.results(2):
        assert isinstance(refused, TaskFailed)
        assert refused.failure.kind is FailureKind.CANCELLED
    assert entries(tmp_path) == []
    await rig.submit(later)
    assert isinstance((await rig.results(3))[2], TaskSucceeded)
    assert executed(tmp_path) == {f"{early.run_id}/s1/alpha": 1}


async def test_what_was_refused_stays_refused_when_a_later_run_was_accepted_by_a_slower_clock(
    rig: Rig, tmp_path: Path
) -> None:
    """Both runs of the name are archived; a task of the first comes again."""
    first = task(run_accepted_at_ms=3_600_000)
    key = f"{first.run_id}/s1/alpha".encode()
    for accepted_at_ms in (3_600_000, 10_000):
        await rig.write("effects", key, None, farewell_headers(accepted_at_ms))
    rig.start(effector(tmp_path), effects=PATIENT)
    await rig.submit(first)
    refused = await rig.result()
    assert isinstance(refused, TaskFailed)
    assert refused.failure.kind is FailureKind.CANCELLED
    assert entries(tmp_path) == []


async def test_so_many_removals_are_remembered(rig: Rig, tmp_path: Path) -> None:
    """Past the bound the oldest is forgotten, and only that."""
    old, new = task(run_accepted_at_ms=1_000), task(run_accepted_at_ms=1_000)
    for gone in (old, new):
        await rig.write("effects", f"{gone.run_id}/s1/alpha".encode(), None, farewell_headers(1_000), 0)
    rig.start(effector(tmp_path), effects=EffectBounds(start_ms=300, skew_ms=10, find_ms=500, remembered=1))
    await rig.submit(new, old)
    results = {result.run_id: result for result in await rig.results(2)}
    assert isinstance(results[new.run_id], TaskFailed)
    assert isinstance(results[old.run_id], TaskSucceeded)
    assert executed(tmp_path) == {f"{old.run_id}/s1/alpha": 1}
