"""The desk on the memory log: whoever asks and however often, the target is changed once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import uuid4

import pytest

from agent_rig import Rig, Running, new_task, now_ms, rigged, until
from collegium.agent.attempt import Attempt
from collegium.agent.effects import EffectCall
from collegium.agent.effects_book import State, fold
from collegium.agent.effects_call import EffectBounds, EffectEquipment, carry_out
from collegium.agent.effects_records import EffectRecords
from collegium.agent.effects_tail import EffectTail
from collegium.agent.patience import Patience
from collegium.agent.publisher import Publisher
from collegium.faults.points import Point
from collegium.log.memory import MemoryBroker, MemoryLog
from collegium.log.partitioner import partition_for
from collegium.telemetry.memory import MemoryTracing
from collegium_schemas import limits
from collegium_schemas.effects import EffectEnded, EffectIntended
from collegium_schemas.envelope import decode
from collegium_schemas.governance import AuditRecorded
from collegium_schemas.tasks import EffectWord, FailureKind, TaskFailed, TaskRequested, TaskSucceeded
from effect_worlds import Effector, JournalTarget, Refusing, entries, executed

QUICK = EffectBounds(start_ms=300, skew_ms=10, find_ms=500)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """A memory log."""
    broker = MemoryBroker(clock=now_ms)
    async with rigged(lambda: MemoryLog(broker)) as made:
        yield made


class Crash(BaseException):
    """Ends a runtime where it stands, as far as a part of a process can be ended."""


def effector(directory: Path, **behaviour: bool) -> Effector:
    """A specialist with the scripted role and one journal."""
    target = JournalTarget(directory, "alpha", timeout_ms=200, **behaviour)
    return Effector({"alpha": target}, role="scripted")


def task(run_id: str | None = None, attempt: int = 1, **fields: object) -> TaskRequested:
    """A task with the right to `alpha`."""
    made = new_task(run_id=run_id, attempt=attempt)
    return made.model_copy(update={"effects": ("alpha",), **fields})


def dies_at(point: Point, holder: list[Running]) -> Callable[[str], None]:
    """A fault that cancels the runtime at a point, for good."""

    def reached(where: str) -> None:
        if where == point:
            for cancelled in (holder[0].task, asyncio.current_task()):
                assert cancelled is not None
                cancelled.cancel()
            raise asyncio.CancelledError

    return reached


async def crashed_at(rig: Rig, point: Point, specialist: Effector, asked: TaskRequested) -> None:
    """Let one worker die at a point."""
    holder: list[Running] = []
    holder.append(rig.start(specialist, effects=QUICK, reached=dies_at(point, holder)))
    await holder[0].ready()
    await rig.submit(asked)
    await until(holder[0].task.done, "the worker is dead")


async def test_an_effect_happens_once_and_leaves_intent_outcome_and_audit(rig: Rig, tmp_path: Path) -> None:
    """Intent before, outcome after, both in `effects` under the key without the attempt, and in the audit."""
    rig.start(effector(tmp_path), effects=QUICK)
    asked = task()
    await rig.submit(asked)
    assert isinstance(await rig.result(), TaskSucceeded)
    key = f"{asked.run_id}/s1/alpha"
    records = await rig.records("effects", 2)
    intent, ended = (decode(r.headers, r.value, EffectIntended, EffectEnded) for r in records)
    assert {record.key for record in records} == {key.encode()}
    assert isinstance(intent, EffectIntended)
    assert isinstance(ended, EffectEnded)
    assert (ended.claim, ended.status, ended.request_sha256) == (intent.claim, "done", intent.request_sha256)
    audit = [decode(r.headers, r.value, AuditRecorded) for r in await rig.records("audit", 2)]
    assert [(entry.phase, entry.decision) for entry in audit] == [("intent", "allowed"), ("outcome", "succeeded")]
    assert executed(tmp_path) == {key: 1}
    assert await rig.count("effects") == 2


async def test_an_attempt_without_rights_changes_nothing(rig: Rig, tmp_path: Path) -> None:
    """What the playbook does not grant is refused, for good."""
    running = rig.start(effector(tmp_path), effects=QUICK)
    specialist = effector(tmp_path)
    rig.start(specialist, effects=QUICK)
    await running.ready()
    await rig.submit(task(effects=("beta",)))
    result = await rig.result()
    assert isinstance(result, TaskFailed)
    assert (result.failure.kind, result.failure.permanent) == (FailureKind.UNAUTHORISED, True)
    assert entries(tmp_path) == []


async def test_another_attempt_is_given_the_first_ones_receipt(rig: Rig, tmp_path: Path) -> None:
    """The key has no attempt number: attempt 2 finds what attempt 1 did."""
    rig.start(effector(tmp_path, deduplicates=False), effects=QUICK)
    run_id = str(uuid4())
    await rig.submit(task(run_id), task(run_id, 2))
    assert all(isinstance(result, TaskSucceeded) for result in await rig.results(2))
    assert sum(executed(tmp_path).values()) == 1


async def test_other_content_under_the_same_key_is_refused(rig: Rig, tmp_path: Path) -> None:
    """An attempt that asks for something else is told so; nothing further happens."""
    rig.start(effector(tmp_path), effects=QUICK)
    run_id = str(uuid4())
    await rig.submit(task(run_id))
    await rig.result()
    await rig.submit(task(run_id, 2, goal="something else"))
    second = (await rig.results(2))[1]
    assert isinstance(second, TaskFailed)
    assert (second.failure.kind, second.failure.permanent) == (FailureKind.INVALID_OUTPUT, True)


@pytest.mark.parametrize(
    "point",
    [Point.EFFECT_BEFORE_INTENT, Point.EFFECT_AFTER_INTENT, Point.EFFECT_AFTER_CALL, Point.EFFECT_AFTER_OUTCOME],
)
async def test_a_crash_at_any_point_leaves_the_effect_done_once(rig: Rig, tmp_path: Path, point: Point) -> None:
    """The next worker waits for the dead one's bound, asks the target, and goes on from there."""
    asked = task()
    await crashed_at(rig, point, effector(tmp_path), asked)
    rig.start(effector(tmp_path), effects=QUICK)
    assert isinstance(await rig.result(), TaskSucceeded)
    assert executed(tmp_path) == {f"{asked.run_id}/s1/alpha": 1}


async def test_what_nobody_can_tell_is_left_to_a_human(rig: Rig, tmp_path: Path) -> None:
    """A target that neither deduplicates nor answers is never called again on suspicion."""
    asked = task()
    await crashed_at(rig, Point.EFFECT_AFTER_CALL, effector(tmp_path, deduplicates=False, answers=False), asked)
    rig.start(effector(tmp_path, deduplicates=False, answers=False), effects=QUICK)
    result = await rig.result()
    assert isinstance(result, TaskFailed)
    assert result.failure.kind is FailureKind.OUTCOME_UNKNOWN
    assert sum(executed(tmp_path).values()) == 1


@pytest.mark.parametrize(("assume", "times"), [("done", 1), ("absent", 2)])
async def test_a_humans_word_decides(rig: Rig, tmp_path: Path, assume: str, times: int) -> None:
    """`done` counts it as done without a call; `absent` lets the next attempt execute it."""
    asked = task()
    await crashed_at(rig, Point.EFFECT_AFTER_CALL, effector(tmp_path, deduplicates=False, answers=False), asked)
    rig.start(effector(tmp_path, deduplicates=False, answers=False), effects=QUICK)
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
    rig.start(effector(tmp_path, deduplicates=False, answers=False), effects=QUICK)
    await rig.result()
    word = EffectWord(assume="absent", through_attempt=1)
    await rig.submit(task(run_id, 3, effect_word=word))
    result = (await rig.results(2))[1]
    assert isinstance(result, TaskFailed)
    assert result.failure.kind is FailureKind.OUTCOME_UNKNOWN


async def test_a_refusal_frees_the_key_for_the_next_attempt(rig: Rig, tmp_path: Path) -> None:
    """What certainly did not happen may be tried again."""
    first = rig.start(Effector({"alpha": Refusing(tmp_path, "alpha")}, role="scripted"), effects=QUICK)
    run_id = str(uuid4())
    await rig.submit(task(run_id))
    result = await rig.result()
    assert isinstance(result, TaskFailed)
    assert result.failure.kind is FailureKind.POLICY_DENIED
    await first.drain()
    rig.start(effector(tmp_path), effects=QUICK)
    await rig.submit(task(run_id, 2))
    assert isinstance((await rig.results(2))[1], TaskSucceeded)
    assert sum(executed(tmp_path).values()) == 1


class Gated(JournalTarget):
    """A journal whose calls wait for a gate: a holder that sleeps in the middle of its work."""

    def __init__(self, directory: Path, gate: asyncio.Event) -> None:
        super().__init__(directory, "alpha", timeout_ms=10_000)
        self.gate = gate
        self.calls = 0

    async def call(self, call: EffectCall) -> str:
        """Wait, then write."""
        self.calls += 1
        await self.gate.wait()
        return await super().call(call)


async def test_attempts_that_race_end_with_one_call(rig: Rig, tmp_path: Path) -> None:
    """Several workers at once: the first intent in the log's order calls, the others wait for its outcome."""
    gate = asyncio.Event()
    targets = [Gated(tmp_path, gate) for _ in range(3)]
    workers = [rig.start(Effector({"alpha": target}, role="scripted"), effects=QUICK) for target in targets]
    for worker in workers:
        await worker.ready()
    run_id = str(uuid4())
    for attempt in range(1, 7):  # over the partitions of the task topic, so that all workers are asked
        await rig.submit(task(run_id, attempt), partition=attempt)
    await until(lambda: sum(target.calls for target in targets) == 1, "one of them calls")
    gate.set()
    assert all(isinstance(result, TaskSucceeded) for result in await rig.results(6))
    assert sum(target.calls for target in targets) == 1


async def test_a_stopped_attempts_call_is_still_written_down(rig: Rig, tmp_path: Path) -> None:
    """Its run is cancelled while the target works: the outcome follows all the same, so that it can be undone."""
    gate = asyncio.Event()
    target = Gated(tmp_path, gate)
    rig.start(Effector({"alpha": target}, role="scripted"), effects=QUICK)
    asked = task()
    await rig.submit(asked)
    await until(lambda: target.calls == 1, "the target is called")
    await rig.stop_run(asked.run_id)
    result = await rig.result()
    assert isinstance(result, TaskFailed)
    assert result.failure.kind is FailureKind.CANCELLED
    gate.set()
    ended = (await rig.records("effects", 2))[1]
    outcome = decode(ended.headers, ended.value, EffectEnded)
    assert outcome.status == "done"


def undoing(run_id: str, attempt: int = 1) -> TaskRequested:
    """The compensation of subtask `s1`."""
    made = task(run_id, attempt, compensates="s1")
    return made.model_copy(update={"subtask_id": "undo.s1"})


async def test_a_compensation_withdraws_what_was_done_once(rig: Rig, tmp_path: Path) -> None:
    """Repeated, it finds its own effect done; and a stop order of the run does not stop it."""
    rig.start(effector(tmp_path, deduplicates=False), effects=QUICK)
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
    worker = rig.start(Effector({"alpha": target}, role="scripted"), effects=QUICK)
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
    rig.start(effector(tmp_path), effects=QUICK)
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
    rig.start(effector(tmp_path), effects=QUICK)
    await rig.submit(undoing(run_id))
    await rig.results(2)
    done = executed(tmp_path)
    assert done[f"{run_id}/undo.s1/alpha"] == 1
    assert f"{run_id}/s1/alpha" not in done or entries(tmp_path)[0]["key"] == f"{run_id}/s1/alpha"


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


async def test_a_record_that_nobody_understands_is_a_doubt_and_no_free_key(rig: Rig, tmp_path: Path) -> None:
    """A newer version's record must not lead this one to call."""
    asked = task()
    home = partition_for(asked.run_id.encode(), 2)
    await rig.write("effects", f"{asked.run_id}/s1/alpha".encode(), b"{}", (("ce_type", b"future"),), home)
    rig.start(effector(tmp_path, deduplicates=False, answers=False), effects=QUICK)
    await rig.submit(asked)
    result = await rig.result()
    assert isinstance(result, TaskFailed)
    assert result.failure.kind is FailureKind.OUTCOME_UNKNOWN
    assert entries(tmp_path) == []


async def test_a_drain_waits_for_a_call_and_writes_its_outcome(rig: Rig, tmp_path: Path) -> None:
    """SIGTERM in the middle of an effect leaves no doubt behind."""
    gate = asyncio.Event()
    target = Gated(tmp_path, gate)
    worker = rig.start(Effector({"alpha": target}, role="scripted"), effects=QUICK)
    await rig.submit(task())
    await until(lambda: target.calls == 1, "the target is called")
    worker.runtime.drain()
    gate.set()
    await worker.drain()
    assert isinstance(await rig.result(), TaskSucceeded)
    assert worker.value("agent_effects_total", target="journal", status="done") == 1


async def test_a_long_receipt_is_cut_to_its_bound(rig: Rig, tmp_path: Path) -> None:
    """Whatever a target answers, the record stays small."""
    rig.start(Effector({"alpha": Talkative(tmp_path, "alpha")}, role="scripted"), effects=QUICK)
    await rig.submit(task())
    await rig.result()
    record = (await rig.records("effects", 2))[1]
    assert len(decode(record.headers, record.value, EffectEnded).receipt) == limits.MAX_RECEIPT_CHARS


class Talkative(JournalTarget):
    """A target that answers at length."""

    async def call(self, call: EffectCall) -> str:
        """Change, and talk."""
        await super().call(call)
        return "x" * 100_000


async def test_a_target_that_is_not_configured_is_named(rig: Rig, tmp_path: Path) -> None:
    """The playbook grants a webhook that this process does not have: nothing is executed, the others neither."""
    rig.start(effector(tmp_path), effects=QUICK)
    await rig.submit(task(effects=("alpha", "hook")))
    result = await rig.result()
    assert isinstance(result, TaskFailed)
    assert "has no target 'hook' (it has alpha)" in result.failure.message
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
            tail, publisher, {}, MemoryTracing(), rig.names, "w", clock=lambda: 2_001, bounds=QUICK
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
            tail, publisher, {}, MemoryTracing(), rig.names, "w", clock=lambda: 3_001, bounds=QUICK
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


async def test_a_task_that_comes_again_after_its_run_was_archived_changes_nothing(rig: Rig, tmp_path: Path) -> None:
    """The archive removes a run's keys; a task of it whose offset was never committed must not start over."""
    asked = task()
    await rig.write("effects", f"{asked.run_id}/s1/alpha".encode(), None, ())
    rig.start(effector(tmp_path), effects=QUICK)
    await rig.submit(asked)
    result = await rig.result()
    assert isinstance(result, TaskFailed)
    assert (result.failure.kind, result.failure.permanent) == (FailureKind.CANCELLED, True)
    assert entries(tmp_path) == []


async def test_a_run_that_has_the_name_of_an_archived_one_executes_its_effects(rig: Rig, tmp_path: Path) -> None:
    """Only what was dispatched before the archive is refused, also after the later run has executed the effect."""
    early = task()
    await rig.write("effects", f"{early.run_id}/s1/alpha".encode(), None, ())
    rig.start(effector(tmp_path), effects=QUICK)
    later = task(early.run_id, 2, dispatched_at_ms=early.dispatched_at_ms + 60_000)
    await rig.submit(later)
    assert isinstance(await rig.result(), TaskSucceeded)
    assert executed(tmp_path) == {f"{early.run_id}/s1/alpha": 1}
    await rig.submit(early)
    refused = (await rig.results(2))[1]
    assert isinstance(refused, TaskFailed)
    assert refused.failure.kind is FailureKind.CANCELLED
