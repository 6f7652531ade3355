"""An orchestrator of this version takes over the topics of an earlier release, and finishes what it finds."""

from collections import Counter
from pathlib import Path

import pytest

from collegium.log.memory import MemoryBroker
from collegium.log.port import Clock
from collegium.orchestrator.core.folding import evolve
from collegium.orchestrator.core.model import Run
from collegium.orchestrator.shell.parts import POSITION_KEY, assemble
from collegium_schemas.envelope import decode
from collegium_schemas.events import RunDecided, RunEnded
from collegium_schemas.objective import Action, RunStatus
from record_topics import Scenario, corpus, orchestrating, performing, read_topic, wall_clock
from recorded_topics import Recording, read, recordings, without_keys

AFTER_EVERY_TIMER_MS = 70_000
"""Past the longest back-off and the attempts' deadlines of the recorded runs."""


def clock_from(start_ms: int) -> Clock:
    """A clock that goes on from a time of the past."""
    behind_ms = wall_clock() - start_ms
    return lambda: wall_clock() - behind_ms


async def histories(broker: MemoryBroker) -> dict[str, list[RunDecided]]:
    """Every run's decisions in order."""
    found: dict[str, list[RunDecided]] = {}
    for record in await read_topic(broker, "run-events"):
        decided = decode(record.headers, record.value, RunDecided)
        found.setdefault(decided.run_id, []).append(decided)
    return found


async def states(broker: MemoryBroker) -> dict[str, Run]:
    """Every run that run-state holds."""
    parts: dict[str, dict[str, bytes]] = {}
    for record in await read_topic(broker, "run-state"):
        run_id, _, part = (record.key or b"").decode().partition("/")
        if f"{run_id}/" == POSITION_KEY:
            continue
        if record.value is None:
            parts.get(run_id, {}).pop(part, None)
        else:
            parts.setdefault(run_id, {})[part] = record.value
    assembled = {run_id: assemble(of_run) for run_id, of_run in parts.items()}
    return {run_id: run for run_id, run in assembled.items() if run is not None}


async def finish(recording: Recording, directory: Path) -> MemoryBroker:
    """Let this version's orchestrator and specialists go on from a recording until every run has ended."""
    broker = MemoryBroker()
    recording.on_broker(broker)
    clock = clock_from(recording.recorded_at_ms)
    later = clock_from(recording.recorded_at_ms + AFTER_EVERY_TIMER_MS)
    world = Scenario(broker)
    timed = {"live: backs off", "live: its worker is lost"}
    live = {what: run_id for what, run_id in recording.runs.items() if what.startswith("live:")}
    async with performing(broker, corpus(directory), clock, holding=False):
        async with orchestrating(broker, "orchestrator@upgraded", clock):
            await world.say(live["live: paused"], Action.RESUME)
            for what, run_id in live.items():
                if what not in timed:
                    await world.until(run_id, "run_ended")
        async with orchestrating(broker, "orchestrator@later", later):
            for what in timed:
                await world.until(live[what], "run_ended")
    return broker


@pytest.mark.parametrize("path", recordings(), ids=lambda path: path.stem)
async def test_recorded_live_runs_are_restored_and_finished(path: Path, tmp_path: Path) -> None:
    """Every live run completes; nothing is decided or dispatched twice; history and state agree byte for byte."""
    recording = read(path)
    broker = await finish(recording, tmp_path)
    runs = await histories(broker)
    for what, run_id in recording.runs.items():
        ends = [event for decided in runs[run_id] for event in decided.events if isinstance(event, RunEnded)]
        if what.startswith("live:"):
            assert [event.status for event in ends] == [RunStatus.COMPLETED], what
    before = {record.offset: record for record in recording.of("run-events") if record.partition == 0}
    after = [record for record in await read_topic(broker, "run-events") if record.offset in before]
    assert [record.value for record in after if record.partition == 0] == [record.value for record in before.values()]
    state = await states(broker)
    for run_id, history in runs.items():
        assert_sound(history, state.get(run_id), ended_before=history[-1].at_ms < recording.recorded_at_ms)


def assert_sound(history: list[RunDecided], state: Run | None, *, ended_before: bool) -> None:
    """Invariants 1 to 4, over the old version's decisions and the new one's."""
    assert [decided.version for decided in history] == list(range(1, len(history) + 1))
    events = [event for decided in history for event in decided.events]
    assert sum(event.type in {"run_ended", "run_rejected"} for event in events) == 1
    dispatched = Counter((e.subtask_id, e.attempt) for e in events if e.type == "attempt_dispatched")
    assert all(count == 1 for count in dispatched.values())
    run: Run | None = None
    for decided in history:
        run = evolve(run, decided)
    if run is None or state is None:
        assert run is state
        return
    if ended_before:
        run, state = without_keys(run), without_keys(state)
    assert run == state
    assert run.header.to_json() == state.header.to_json()


async def test_inputs_that_were_never_read_are_taken_up(tmp_path: Path) -> None:
    """Positions restored from the recording: nothing before them is decided again, nothing after them is lost."""
    recording = read(recordings()[0])
    broker = await finish(recording, tmp_path)
    runs = await histories(broker)
    unread = runs[recording.runs["live: not yet accepted"]]
    assert unread[0].owner == "orchestrator@upgraded"
    answered = runs[recording.runs["live: waits for an outcome"]]
    (outcome,) = [
        decided
        for decided in answered
        for event in decided.events
        if event.type == "attempt_succeeded" and event.subtask_id == "beta"
    ]
    assert outcome.owner == "orchestrator@upgraded"
    for what in ("completed", "cancelled", "rejected: playbook"):
        assert {decided.owner for decided in runs[recording.runs[what]]} == {"orchestrator@second"}
