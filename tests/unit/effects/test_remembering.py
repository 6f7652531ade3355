"""What a process remembers of effects: as many as fit, and of archived runs that they are."""

import asyncio
from pathlib import Path

from agent_rig import Rig, until
from collegium.agent.effects_call import EffectBounds
from collegium.log.partitioner import partition_for
from collegium_schemas.effects import EffectEnded, effect_record_key
from collegium_schemas.envelope import Envelope, decode, encode_headers
from collegium_schemas.governance import AuditRecorded
from collegium_schemas.tasks import FailureKind, TaskFailed, TaskRequested, TaskSucceeded
from effect_tasks import PATIENT, Gated, effector, task
from effect_worlds import Effector, entries, executed


async def test_past_the_bound_on_remembered_effects_nothing_new_is_claimed(rig: Rig, tmp_path: Path) -> None:
    """An attempt fails and may be retried; forgetting a key instead could execute it twice."""
    full = EffectBounds(start_ms=20_000, skew_ms=10, find_ms=20_000, remembered=1)
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
    asked = task(run_accepted_at_ms=1_000)
    await rig.write("effects", place(asked), None, ())
    rig.start(effector(tmp_path), effects=PATIENT)
    await rig.submit(asked)
    result = await rig.result()
    assert isinstance(result, TaskFailed)
    assert (result.failure.kind, result.failure.permanent) == (FailureKind.CANCELLED, True)
    assert entries(tmp_path) == []


async def test_a_run_that_has_the_name_of_an_archived_one_executes_its_effects(rig: Rig, tmp_path: Path) -> None:
    """Whatever the clocks said when it was accepted; the archived one's tasks stay refused afterwards."""
    early = task(run_accepted_at_ms=3_600_000)
    later = task(early.run_id, 2, run_accepted_at_ms=10_000)
    await rig.write("effects", place(early), None, ())
    rig.start(effector(tmp_path), effects=PATIENT)
    await rig.submit(early)
    assert isinstance(await rig.result(), TaskFailed)
    await rig.submit(later)
    assert isinstance((await rig.results(2))[1], TaskSucceeded)
    await rig.submit(task(early.run_id, 3, run_accepted_at_ms=3_600_000))
    assert isinstance((await rig.results(3))[2], TaskFailed)
    assert executed(tmp_path) == {f"{early.run_id}/s1/alpha": 1}


async def test_a_late_word_of_an_archived_run_is_not_taken_for_the_next_ones(rig: Rig, tmp_path: Path) -> None:
    """Before its removal or after: the run that has its name now calls the target all the same."""
    early = task(run_accepted_at_ms=1_000)
    later = task(early.run_id, 2, run_accepted_at_ms=2_000)
    who = {"claim": "c1", "status": "done", "attempt": 1, "worker": "w", "request_sha256": "0" * 64, "at_ms": 1_500}
    done = EffectEnded.model_validate({"key": f"{early.run_id}/s1/alpha", "run_accepted_at_ms": 1_000, **who})
    headers = encode_headers(Envelope("c1/done", "/test", EffectEnded.TYPE, 1_500))
    home = partition_for(early.run_id.encode(), 2)
    for value in (done.to_json(), None, done.to_json()):
        await rig.write("effects", place(early), value, headers if value else (), home)
    rig.start(effector(tmp_path), effects=PATIENT)
    await rig.submit(later)
    assert isinstance(await rig.result(), TaskSucceeded)
    assert executed(tmp_path) == {f"{early.run_id}/s1/alpha": 1}
    await rig.submit(early)
    assert isinstance((await rig.results(2))[1], TaskFailed)


async def test_a_call_that_outlives_its_run_leaves_its_outcome_to_the_audit_alone(rig: Rig, tmp_path: Path) -> None:
    """The run is archived while the target works: nothing comes back under the key that was removed."""
    gate = asyncio.Event()
    target = Gated(tmp_path, gate)
    rig.start(Effector({"alpha": target}, role="scripted"), effects=PATIENT)
    asked = task(run_accepted_at_ms=1_000)
    await rig.submit(asked)
    await until(lambda: target.calls == 1, "the target is called")
    [intent] = await rig.records("effects", 1)
    await rig.write("effects", place(asked), None, (), intent.partition)
    other = task(asked.run_id, 2, run_accepted_at_ms=1_000)
    await rig.submit(other)
    assert isinstance(await rig.result(), TaskFailed)  # so the removal has been read
    gate.set()
    assert isinstance((await rig.results(2))[1], TaskSucceeded)
    assert await rig.count("effects") == 2
    audit = [decode(record.headers, record.value, AuditRecorded) for record in await rig.records("audit", 2)]
    assert [(entry.phase, entry.decision) for entry in audit] == [("intent", "allowed"), ("outcome", "succeeded")]


async def test_so_many_removals_are_remembered(rig: Rig, tmp_path: Path) -> None:
    """Past the bound the oldest is forgotten, and only that."""
    old, new = task(run_accepted_at_ms=1_000), task(run_accepted_at_ms=1_000)
    for gone in (old, new):
        await rig.write("effects", place(gone), None, (), 0)
    rig.start(effector(tmp_path), effects=EffectBounds(start_ms=20_000, skew_ms=10, find_ms=20_000, remembered=1))
    await rig.submit(new, old)
    results = {result.run_id: result for result in await rig.results(2)}
    assert isinstance(results[new.run_id], TaskFailed)
    assert isinstance(results[old.run_id], TaskSucceeded)
    assert executed(tmp_path) == {f"{old.run_id}/s1/alpha": 1}


def place(asked: TaskRequested) -> bytes:
    """Where the records of a task's effect lie."""
    return effect_record_key(f"{asked.run_id}/s1/alpha", asked.run_accepted_at_ms).encode()
