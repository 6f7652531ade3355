"""Whole runs with effects in one process: orchestrator, runtime, desk and an outside world, on the memory log."""

import asyncio
import uuid
from collections.abc import Callable
from pathlib import Path

from agent_rig import now_ms
from collegium.agent.config import RuntimeConfig
from collegium.agent.effects import EffectCall
from collegium.agent.effects_call import EffectBounds
from collegium.agent.metrics import AgentMetrics
from collegium.agent.runtime import AgentRuntime
from collegium.log.memory import MemoryLog
from collegium.orchestrator.core.model import Rules
from collegium.orchestrator.shell.service import Orchestrator
from collegium.telemetry.metrics import Metrics
from collegium_schemas.events import Event, RunDecided
from collegium_schemas.objective import Action, Intervention, ObjectiveSubmitted, RunStatus
from effect_worlds import SAGA, Effector, JournalTarget, build, entries, executed
from memory_worlds import MemoryWorld, running


def saga_world() -> MemoryWorld:
    """A world for the saga."""
    return MemoryWorld(SAGA, partitions=2)


def orchestrator(it: MemoryWorld, archive_after_ms: int = 86_400_000) -> Orchestrator:
    """One orchestrator."""
    return Orchestrator(it.context(rules=Rules({"saga": SAGA}, archive_after_ms=archive_after_ms), clock=now_ms))


def worker(it: MemoryWorld, effector: Effector) -> AgentRuntime:
    """One specialist process."""
    metrics = AgentMetrics(Metrics("test", "0", process_collectors=False), effector.role)
    bounds = EffectBounds(start_ms=300, skew_ms=10, find_ms=500)
    config = RuntimeConfig(worker=f"w{uuid.uuid4().hex[:4]}", effects=bounds)
    return AgentRuntime(effector, MemoryLog(it.broker), it.tracing, metrics, config, clock=now_ms)


async def submit(it: MemoryWorld, **params: str) -> str:
    """Send an objective for the saga."""
    run_id = str(uuid.uuid4())
    objective = ObjectiveSubmitted(goal="a trip", playbook="saga", run_id=run_id, params=params)
    await it.send("objectives", objective.to_json(), run_id)
    return run_id


async def say(it: MemoryWorld, run_id: str, action: Action) -> None:
    """A human's word."""
    await it.send("interventions", Intervention(run_id=run_id, action=action, requester="ann").to_json(), run_id)


def events(history: list[RunDecided]) -> list[Event]:
    """All events of a run."""
    return [event for decided in history for event in decided.events]


def has(run_id: str, kind: str) -> Callable[[dict[str, list[RunDecided]]], bool]:
    """True once the run's history holds an event of a type."""
    return lambda runs: any(event.type == kind for event in events(runs.get(run_id, [])))


def status(history: list[RunDecided]) -> RunStatus:
    """How a run ended; it must end once."""
    [ended] = [event for event in events(history) if event.type == "run_ended"]
    return ended.status


async def test_a_saga_that_fails_at_its_end_is_undone_in_reverse_order(tmp_path: Path) -> None:
    """Each effect and each undoing happens once; a run beside it that completes is not touched."""
    it = saga_world()
    await it.prepare()
    async with running(orchestrator(it).run(), worker(it, build(tmp_path)).run(), worker(it, build(tmp_path)).run()):
        failing, well = await submit(it, fail="confirm"), await submit(it)
        runs = await it.until_ended(2)
    assert (status(runs[failing]), status(runs[well])) == (RunStatus.FAILED, RunStatus.COMPLETED)
    changes = [entry["key"] for entry in entries(tmp_path) if entry["key"].startswith(failing)]
    assert changes == [f"{failing}/{part}" for part in ("book/alpha", "pay/beta", "undo.pay/beta", "undo.book/alpha")]
    assert set(executed(tmp_path).values()) == {1}
    [_, undoing] = [event.change for event in events(runs[failing]) if event.type == "plan_adopted"]
    assert [spec.subtask_id for spec in undoing.added] == ["undo.pay", "undo.book"]


class Sleeping(JournalTarget):
    """A target that takes its time."""

    def __init__(self, directory: Path, name: str) -> None:
        super().__init__(directory, name, timeout_ms=5_000)
        self.entered, self.gate = asyncio.Event(), asyncio.Event()

    async def call(self, call: EffectCall) -> str:
        """Wait for the gate, then change."""
        self.entered.set()
        await self.gate.wait()
        return await super().call(call)


async def test_an_effect_that_is_under_way_when_its_run_is_cancelled_is_undone(tmp_path: Path) -> None:
    """The call ends, its outcome is written, and only then does the compensation take it back."""
    it = saga_world()
    await it.prepare()
    pay = Sleeping(tmp_path, "beta")
    effector = Effector({"alpha": JournalTarget(tmp_path, "alpha"), "beta": pay})
    async with running(orchestrator(it).run(), worker(it, effector).run()):
        run_id = await submit(it)
        await pay.entered.wait()
        await say(it, run_id, Action.CANCEL)
        await it.until_history(has(run_id, "run_ending"))
        pay.gate.set()
        runs = await it.until_ended(1)
    assert status(runs[run_id]) is RunStatus.CANCELLED
    changes = [entry["key"].removeprefix(f"{run_id}/") for entry in entries(tmp_path)]
    assert changes == ["book/alpha", "pay/beta", "undo.pay/beta", "undo.book/alpha"]


async def test_a_human_answers_for_an_effect_that_nobody_can_tell_of(tmp_path: Path) -> None:
    """The run waits; an approval lets it go on without another call."""
    it = saga_world()
    await it.prepare()
    effector = build(tmp_path, kind="mute")
    effector.targets = {**effector.targets, "beta": Breaking(tmp_path, "beta", deduplicates=False, answers=False)}
    async with running(orchestrator(it).run(), worker(it, effector).run()):
        run_id = await submit(it)
        await it.until_history(has(run_id, "approval_requested"))
        await say(it, run_id, Action.APPROVE)
        runs = await it.until_ended(1)
    assert status(runs[run_id]) is RunStatus.COMPLETED
    assert executed(tmp_path)[f"{run_id}/pay/beta"] == 1


class Breaking(JournalTarget):
    """A target whose answers get lost."""

    async def call(self, call: EffectCall) -> str:
        """Change, then break the connection."""
        await super().call(call)
        raise ConnectionResetError("the answer is lost")


async def test_an_archived_runs_effects_leave_the_topic_with_it(tmp_path: Path) -> None:
    """Each key is removed in the transaction that archives the run, and the tails forget it."""
    it = saga_world()
    await it.prepare()
    runtime = worker(it, build(tmp_path))
    async with running(orchestrator(it, archive_after_ms=500).run(), runtime.run()):
        run_id = await submit(it, fail="confirm")
        await it.until_history(has(run_id, "run_archived"))
        records = await it.read("effects")
        accepted_at_ms = (await it.history())[run_id][0].at_ms
    removed = {record.key for record in records if record.value is None}
    effects = ("book/alpha", "pay/beta", "undo.book/alpha", "undo.pay/beta")
    assert removed == {f"{run_id}/{effect}@{accepted_at_ms}".encode() for effect in effects}
    homes = {record.partition for record in records}
    assert len(homes) == 1
    kept = {record.key for record in records} - {record.key for record in records if record.value is None}
    assert kept == set()
