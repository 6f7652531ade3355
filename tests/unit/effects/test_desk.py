"""The desk on the memory log: whoever asks and however often, the target is changed once."""

import asyncio
from pathlib import Path
from uuid import uuid4

from agent_rig import Rig, until
from collegium.agent.effects import EffectCall
from collegium_schemas import limits
from collegium_schemas.effects import EffectEnded, EffectIntended
from collegium_schemas.envelope import decode
from collegium_schemas.governance import AuditRecorded
from collegium_schemas.tasks import FailureKind, TaskFailed, TaskSucceeded
from effect_tasks import PATIENT, Gated, effector, task
from effect_worlds import Effector, JournalTarget, Refusing, entries, executed


async def test_an_effect_happens_once_and_leaves_intent_outcome_and_audit(rig: Rig, tmp_path: Path) -> None:
    """Intent before, outcome after, both in `effects` under the key without the attempt, and in the audit."""
    rig.start(effector(tmp_path), effects=PATIENT)
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
    running = rig.start(effector(tmp_path), effects=PATIENT)
    specialist = effector(tmp_path)
    rig.start(specialist, effects=PATIENT)
    await running.ready()
    await rig.submit(task(effects=("beta",)))
    result = await rig.result()
    assert isinstance(result, TaskFailed)
    assert (result.failure.kind, result.failure.permanent) == (FailureKind.UNAUTHORISED, True)
    assert entries(tmp_path) == []


async def test_a_target_that_is_not_configured_is_named(rig: Rig, tmp_path: Path) -> None:
    """The playbook grants a webhook that this process does not have: nothing is executed, the others neither."""
    rig.start(effector(tmp_path), effects=PATIENT)
    await rig.submit(task(effects=("alpha", "hook")))
    result = await rig.result()
    assert isinstance(result, TaskFailed)
    assert "has no target 'hook' (it has alpha)" in result.failure.message
    assert entries(tmp_path) == []


async def test_another_attempt_is_given_the_first_ones_receipt(rig: Rig, tmp_path: Path) -> None:
    """The key has no attempt number: attempt 2 finds what attempt 1 did."""
    rig.start(effector(tmp_path, deduplicates=False), effects=PATIENT)
    run_id = str(uuid4())
    await rig.submit(task(run_id), task(run_id, 2))
    assert all(isinstance(result, TaskSucceeded) for result in await rig.results(2))
    assert sum(executed(tmp_path).values()) == 1


async def test_other_content_under_the_same_key_is_refused(rig: Rig, tmp_path: Path) -> None:
    """An attempt that asks for something else is told so; nothing further happens."""
    rig.start(effector(tmp_path), effects=PATIENT)
    run_id = str(uuid4())
    await rig.submit(task(run_id))
    await rig.result()
    await rig.submit(task(run_id, 2, goal="something else"))
    second = (await rig.results(2))[1]
    assert isinstance(second, TaskFailed)
    assert (second.failure.kind, second.failure.permanent) == (FailureKind.INVALID_OUTPUT, True)


async def test_a_refusal_frees_the_key_for_the_next_attempt(rig: Rig, tmp_path: Path) -> None:
    """What certainly did not happen may be tried again."""
    first = rig.start(Effector({"alpha": Refusing(tmp_path, "alpha")}, role="scripted"), effects=PATIENT)
    run_id = str(uuid4())
    await rig.submit(task(run_id))
    result = await rig.result()
    assert isinstance(result, TaskFailed)
    assert result.failure.kind is FailureKind.POLICY_DENIED
    await first.drain()
    rig.start(effector(tmp_path), effects=PATIENT)
    await rig.submit(task(run_id, 2))
    assert isinstance((await rig.results(2))[1], TaskSucceeded)
    assert sum(executed(tmp_path).values()) == 1


async def test_attempts_that_race_end_with_one_call(rig: Rig, tmp_path: Path) -> None:
    """Several workers at once: the first intent in the log's order calls, the others wait for its outcome."""
    gate = asyncio.Event()
    targets = [Gated(tmp_path, gate) for _ in range(3)]
    workers = [rig.start(Effector({"alpha": target}, role="scripted"), effects=PATIENT) for target in targets]
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
    rig.start(Effector({"alpha": target}, role="scripted"), effects=PATIENT)
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


async def test_a_drain_waits_for_a_call_and_writes_its_outcome(rig: Rig, tmp_path: Path) -> None:
    """SIGTERM in the middle of an effect leaves no doubt behind."""
    gate = asyncio.Event()
    target = Gated(tmp_path, gate)
    worker = rig.start(Effector({"alpha": target}, role="scripted"), effects=PATIENT)
    await rig.submit(task())
    await until(lambda: target.calls == 1, "the target is called")
    worker.runtime.drain()
    gate.set()
    await worker.drain()
    assert isinstance(await rig.result(), TaskSucceeded)
    assert worker.value("agent_effects_total", target="journal", status="done") == 1


class Talkative(JournalTarget):
    """A target that answers at length."""

    async def call(self, call: EffectCall) -> str:
        """Change, and talk."""
        await super().call(call)
        return "x" * 100_000


async def test_a_long_receipt_is_cut_to_its_bound(rig: Rig, tmp_path: Path) -> None:
    """Whatever a target answers, the record stays small."""
    rig.start(Effector({"alpha": Talkative(tmp_path, "alpha")}, role="scripted"), effects=PATIENT)
    await rig.submit(task())
    await rig.result()
    record = (await rig.records("effects", 2))[1]
    assert len(decode(record.headers, record.value, EffectEnded).receipt) == limits.MAX_RECEIPT_CHARS
