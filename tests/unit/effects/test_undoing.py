"""Compensations: what was done is withdrawn once, and what was not cannot happen any more."""

import asyncio
from pathlib import Path
from uuid import uuid4

from agent_rig import Rig, until
from collegium.agent.effects_call import EffectBounds
from collegium.faults.points import Point
from collegium_schemas.tasks import TaskFailed, TaskSucceeded
from effect_tasks import PATIENT, Gated, crashed_at, effector, task, undoing
from effect_worlds import Effector, entries, executed


async def test_a_compensation_withdraws_what_was_done_once(rig: Rig, tmp_path: Path) -> None:
    """Repeated, it finds its own effect done; and a stop order of the run does not stop it."""
    rig.start(effector(tmp_path, deduplicates=False), effects=PATIENT)
    run_id = str(uuid4())
    await rig.submit(task(run_id))
    await rig.result()
    await rig.stop_run(run_id)
    await rig.submit(undoing(run_id), undoing(run_id, 2))
    assert [type(result) for result in await rig.results(3)] == [TaskSucceeded] * 3
    assert executed(tmp_path) == {f"{run_id}/s1/alpha": 1, f"{run_id}/undo.s1/alpha": 1}


async def test_a_stop_order_does_not_reach_an_undoing_that_is_under_way(rig: Rig, tmp_path: Path) -> None:
    """The order stops the run's work, not what takes it back."""
    gate = asyncio.Event()
    gate.set()
    target = Gated(tmp_path, gate)
    worker = rig.start(Effector({"alpha": target}, role="scripted"), effects=PATIENT)
    run_id = str(uuid4())
    await rig.submit(task(run_id))
    await rig.result()
    gate.clear()
    await rig.submit(undoing(run_id))
    await until(lambda: target.calls == 2, "the undoing calls")
    await rig.stop_run(run_id)
    await until(lambda: worker.value("agent_stopped_runs") == 1, "the order has arrived")
    gate.set()
    assert [type(result) for result in await rig.results(2)] == [TaskSucceeded] * 2


async def test_an_effect_that_never_happened_is_closed_and_cannot_happen_any_more(rig: Rig, tmp_path: Path) -> None:
    """The compensation has nothing to undo, and a zombie that comes later is refused."""
    rig.start(effector(tmp_path), effects=PATIENT)
    run_id = str(uuid4())
    await rig.submit(undoing(run_id))
    result = await rig.result()
    assert isinstance(result, TaskSucceeded)
    assert result.note == "undone: nothing"
    await rig.submit(task(run_id))
    late = (await rig.results(2))[1]
    assert isinstance(late, TaskFailed)
    assert entries(tmp_path) == []


async def test_an_effect_in_doubt_is_withdrawn_whether_it_happened_or_not(rig: Rig, tmp_path: Path) -> None:
    """Its holder died before the call: the withdrawal also prevents what may still come."""
    run_id = str(uuid4())
    await crashed_at(rig, Point.EFFECT_AFTER_INTENT, effector(tmp_path), task(run_id))
    rig.start(effector(tmp_path), effects=PATIENT)
    await rig.submit(undoing(run_id))
    await rig.results(2)
    done = executed(tmp_path)
    assert done[f"{run_id}/undo.s1/alpha"] == 1
    assert f"{run_id}/s1/alpha" not in done or entries(tmp_path)[0]["key"] == f"{run_id}/s1/alpha"


async def test_past_the_bound_on_remembered_effects_what_was_done_is_still_undone(rig: Rig, tmp_path: Path) -> None:
    """Also what may yet come is closed: keys of undoing are bounded by the effects that there are."""
    full = EffectBounds(start_ms=300, skew_ms=10, find_ms=500, remembered=1)
    rig.start(effector(tmp_path), effects=full)
    done, never = task(), task()
    await rig.submit(done)
    await rig.result()
    await rig.submit(undoing(done.run_id), undoing(never.run_id))
    results = {result.run_id: result for result in (await rig.results(3)) if result.subtask_id == "undo.s1"}
    both = [results[done.run_id], results[never.run_id]]
    assert [result.note for result in both if isinstance(result, TaskSucceeded)] == ["undone: alpha", "undone: nothing"]
