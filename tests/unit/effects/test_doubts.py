"""Holders that die or are late: what may or may not have happened is found out, or left to a human."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest

from agent_rig import Rig
from collegium.agent.attempt import Attempt
from collegium.agent.effects import EffectCall
from collegium.agent.effects_book import State, fold
from collegium.agent.effects_call import EffectEquipment, carry_out
from collegium.agent.effects_records import EffectRecords
from collegium.agent.effects_tail import EffectTail
from collegium.agent.patience import Patience
from collegium.agent.publisher import Publisher
from collegium.faults.points import Point
from collegium.log.partitioner import partition_for
from collegium.telemetry.memory import MemoryTracing
from collegium_schemas.effects import EffectEnded, EffectIntended
from collegium_schemas.envelope import decode
from collegium_schemas.tasks import EffectWord, FailureKind, TaskFailed, TaskSucceeded
from effect_tasks import PATIENT, crashed_at, effector, task
from effect_worlds import JournalTarget, entries, executed


@pytest.mark.parametrize(
    "point",
    [Point.EFFECT_BEFORE_INTENT, Point.EFFECT_AFTER_INTENT, Point.EFFECT_AFTER_CALL, Point.EFFECT_AFTER_OUTCOME],
)
async def test_a_crash_at_any_point_leaves_the_effect_done_once(rig: Rig, tmp_path: Path, point: Point) -> None:
    """The next worker waits for the dead one's bound, asks the target, and goes on from there."""
    asked = task()
    await crashed_at(rig, point, effector(tmp_path), asked)
    rig.start(effector(tmp_path), effects=PATIENT)
    assert isinstance(await rig.result(), TaskSucceeded)
    assert executed(tmp_path) == {f"{asked.run_id}/s1/alpha": 1}


async def test_what_nobody_can_tell_is_left_to_a_human(rig: Rig, tmp_path: Path) -> None:
    """A target that neither deduplicates nor answers is never called again on suspicion."""
    asked = task()
    await crashed_at(rig, Point.EFFECT_AFTER_CALL, effector(tmp_path, deduplicates=False, answers=False), asked)
    rig.start(effector(tmp_path, deduplicates=False, answers=False), effects=PATIENT)
    result = await rig.result()
    assert isinstance(result, TaskFailed)
    assert result.failure.kind is FailureKind.OUTCOME_UNKNOWN
    assert sum(executed(tmp_path).values()) == 1


@pytest.mark.parametrize(("assume", "times"), [("done", 1), ("absent", 2)])
async def test_a_humans_word_decides(rig: Rig, tmp_path: Path, assume: str, times: int) -> None:
    """`done` counts it as done without a call; `absent` lets the next attempt execute it."""
    asked = task()
    await crashed_at(rig, Point.EFFECT_AFTER_CALL, effector(tmp_path, deduplicates=False, answers=False), asked)
    rig.start(effector(tmp_path, deduplicates=False, answers=False), effects=PATIENT)
    await rig.result()
    word = EffectWord.model_validate({"assume": assume, "through_attempt": 1})
    await rig.submit(task(asked.run_id, 2, effect_word=word))
    assert isinstance((await rig.results(2))[1], TaskSucceeded)
    assert sum(executed(tmp_path).values()) == times


async def test_a_word_on_an_earlier_attempt_does_not_cover_a_later_one(rig: Rig, tmp_path: Path) -> None:
    """What a later attempt leaves open is asked about again."""
    run_id = str(uuid4())
    await crashed_at(
        rig, Point.EFFECT_AFTER_CALL, effector(tmp_path, deduplicates=False, answers=False), task(run_id, 2)
    )
    rig.start(effector(tmp_path, deduplicates=False, answers=False), effects=PATIENT)
    await rig.result()
    word = EffectWord(assume="absent", through_attempt=1)
    await rig.submit(task(run_id, 3, effect_word=word))
    result = (await rig.results(2))[1]
    assert isinstance(result, TaskFailed)
    assert result.failure.kind is FailureKind.OUTCOME_UNKNOWN


async def test_a_record_that_nobody_understands_is_a_doubt_and_no_free_key(rig: Rig, tmp_path: Path) -> None:
    """A newer version's record must not lead this one to call."""
    asked = task()
    home = partition_for(asked.run_id.encode(), 2)
    await rig.write("effects", f"{asked.run_id}/s1/alpha".encode(), b"{}", (("ce_type", b"future"),), home)
    rig.start(effector(tmp_path, deduplicates=False, answers=False), effects=PATIENT)
    await rig.submit(asked)
    result = await rig.result()
    assert isinstance(result, TaskFailed)
    assert result.failure.kind is FailureKind.OUTCOME_UNKNOWN
    assert entries(tmp_path) == []


async def test_a_holder_whose_start_bound_has_passed_calls_nothing_and_frees_the_key(rig: Rig, tmp_path: Path) -> None:
    """It looks at its clock right before the call."""
    asked = task()
    key = f"{asked.run_id}/s1/alpha"
    tail = EffectTail(rig.log, rig.names("effects"), Patience(), capacity=10)
    tail.partitions = 2
    target = JournalTarget(tmp_path, "alpha")
    times = {"at_ms": 1_000, "start_before_ms": 2_000, "settled_by_ms": 3_000}
    who = {"attempt": 1, "role": "scripted", "worker": "w", "target": "journal", "request_sha256": "0" * 64}
    intent = EffectIntended.model_validate({"key": key, "claim": "c1", **who, **times})
    async with Publisher(rig.log, Patience()) as publisher:
        shared = EffectEquipment(
            tail, publisher, {}, MemoryTracing(), rig.names, "w", clock=lambda: 2_001, bounds=PATIENT
        )
        records = EffectRecords(Attempt(asked, 0, []), "alpha", target, key, rig.names, "w", tail, None)
        outcome = await carry_out(shared, records, intent, EffectCall(key, b"x"))
    assert (outcome.status, outcome.kind) == ("failed", FailureKind.TIMEOUT)
    assert entries(tmp_path) == []


async def test_a_late_holder_leaves_a_doubt_to_whoever_reads_its_outcome_alone(rig: Rig, tmp_path: Path) -> None:
    """It was taken over perhaps, and has not read it yet; its `failed` may be all that compaction leaves."""
    asked = task()
    key = f"{asked.run_id}/s1/alpha"
    tail = EffectTail(rig.log, rig.names("effects"), Patience(), capacity=10)
    times = {"at_ms": 1_000, "start_before_ms": 2_000, "settled_by_ms": 3_000}
    who = {"attempt": 1, "role": "scripted", "worker": "w", "target": "journal", "request_sha256": "0" * 64}
    intent = EffectIntended.model_validate({"key": key, "claim": "c1", **who, **times})
    reading = asyncio.create_task(tail.run())
    await tail.caught_up.wait()
    target = JournalTarget(tmp_path, "alpha")
    async with Publisher(rig.log, Patience()) as publisher:
        shared = EffectEquipment(
            tail, publisher, {}, MemoryTracing(), rig.names, "w", clock=lambda: 3_001, bounds=PATIENT
        )
        records = EffectRecords(Attempt(asked, 0, []), "alpha", target, key, rig.names, "w", tail, None)
        [position] = await publisher.publish([records.intended(intent)])
        await tail.past(position.partition, position.offset)
        await carry_out(shared, records, intent, EffectCall(key, b"x"))
    reading.cancel()
    await asyncio.wait([reading])
    record = (await rig.records("effects", 2))[1]
    outcome = decode(record.headers, record.value, EffectEnded)
    assert outcome.status == "failed"
    assert fold(None, outcome).state is State.UNKNOWN
