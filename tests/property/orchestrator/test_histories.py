"""Generated histories: whatever arrives, in whatever order, the core's rules hold."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from collegium.orchestrator.core.folding import evolve
from collegium.orchestrator.core.model import Rules, Run
from collegium.orchestrator.core.sizes import MAX_DISPATCHED_BYTES
from collegium.orchestrator.core.timing import timers
from collegium.orchestrator.shell.parts import assemble, changed_parts
from collegium_schemas.events import RunDecided
from collegium_schemas.objective import Action
from collegium_schemas.state import SubtaskStatus
from collegium_schemas.tasks import FailureKind
from orchestrator_worlds import RUN, World, arrived, review, succeeded, word

GOALS = ("What is a topic?", "Compare acks in Kafka 2.8 and 3.9", "Explain topics, partitions and offsets")
MOVES = ("succeed", "fail", "duplicate", "stale", "pause", "resume", "cancel", "timer", "deadline", "again", "review")


def play(world: World, move: str, pick: int, kind: FailureKind) -> None:  # noqa: C901, PLR0912 - one case a move
    """Let one thing happen to the run; moves that make no sense now must be harmless."""
    running = world.running()
    chosen = running[pick % len(running)] if running else None
    known = list(world.live().subtasks)
    match move:
        case "succeed" if chosen:
            world.succeed(chosen)
        case "review" if chosen and world.part(chosen).spec.step == "verify":
            world.succeed(chosen, review=review(("retrieve", "draft")[pick % 2]).model_dump())
        case "fail" if chosen:
            world.fail(chosen, kind)
        case "duplicate" if known:
            part = world.part(known[pick % len(known)])
            if part.attempt:
                world.take(succeeded(part, RUN))
        case "stale" if known:
            world.fire("attempt_deadline", known[pick % len(known)], 99)
        case "pause":
            world.take(word(Action.PAUSE))
        case "resume":
            world.take(word(Action.RESUME))
        case "cancel" if pick % 7 == 0:
            world.take(word(Action.CANCEL))
        case "timer":
            due = sorted(timers(world.live().header, world.live().subtasks.values(), rules_of(world)))
            if due and due[0].kind in {"retry", "attempt_deadline"}:
                world.now_ms = max(world.now_ms, due[0].at_ms)
                world.fire(due[0].kind, due[0].subtask_id, due[0].attempt)
        case "deadline" if pick % 11 == 0:
            world.fire("run_deadline")
        case "again":
            accepted = world.history[0].events[0]
            world.take(arrived(accepted.objective.goal if accepted.type == "run_accepted" else "other"))
        case _:
            pass


def rules_of(world: World) -> Rules:
    """The rules under which a world decides."""
    return Rules(world.playbooks)


@settings(max_examples=150)
@given(
    goal=st.sampled_from(GOALS),
    dispatched_bytes=st.sampled_from((MAX_DISPATCHED_BYTES, 1, 3_000)),
    moves=st.lists(
        st.tuples(st.sampled_from(MOVES), st.integers(0, 50), st.sampled_from(list(FailureKind))), max_size=60
    ),
)
def test_invariants_hold_over_any_history(
    goal: str, dispatched_bytes: int, moves: list[tuple[str, int, FailureKind]]
) -> None:
    """One end at most, each attempt dispatched once, versions without gaps, and folding gives the state."""
    world = World(dispatched_bytes=dispatched_bytes)
    world.take(arrived(goal))
    stored: dict[str, bytes] = {}
    before: Run | None = None
    for move, pick, kind in moves:
        for name, part in changed_parts(before, world.run):
            if part is None:
                stored.pop(name, None)
            else:
                stored[name] = part.to_json()
        before = world.run
        play(world, move, pick, kind)
    check_history(world.history)
    assert world.last.after == world.run or not world.last.events
    check_state_parts(stored, before)
    check_nobody_waits_for_nothing(world)


def check_history(history: list[RunDecided]) -> None:
    """Invariants 1 to 4 of docs/architecture.md, on one run's history."""
    assert [decided.version for decided in history] == list(range(1, len(history) + 1))
    events = [event for decided in history for event in decided.events]
    assert sum(event.type in {"run_ended", "run_rejected"} for event in events) <= 1
    dispatched = Counter((e.subtask_id, e.attempt) for e in events if e.type == "attempt_dispatched")
    assert all(count == 1 for count in dispatched.values())
    outcomes = Counter((e.subtask_id, e.attempt) for e in events if e.type in {"attempt_succeeded", "attempt_failed"})
    assert all(count == 1 for count in outcomes.values())
    assert set(outcomes) <= set(dispatched)
    run: Run | None = None
    for decided in history:
        run = evolve(run, RunDecided.read(decided.to_json()))
    again: Run | None = None
    for decided in history:
        again = evolve(again, decided)
    assert run == again


def check_state_parts(stored: dict[str, bytes], run: Run | None) -> None:
    """What the parts hold is the run, byte for byte."""
    restored = assemble(stored)
    assert restored == run
    if restored is not None and run is not None:
        assert restored.header.to_json() == run.header.to_json()


def check_nobody_waits_for_nothing(world: World) -> None:
    """A live run that nobody holds has an attempt under way or a timer that will bring one: it cannot get stuck."""
    run = world.live()
    if run.header.status.terminal or run.header.status == "paused":
        return
    if run.header.status == "waiting_approval":
        assert any(part.status is SubtaskStatus.WAITING for part in run.subtasks.values())
        assert run.header.deadline_at_ms is not None
        return
    assert any(part.status in {SubtaskStatus.RUNNING, SubtaskStatus.BACKOFF} for part in run.subtasks.values())
    assert list(timers(run.header, run.subtasks.values(), rules_of(world)))
    pending = [part.spec for part in run.subtasks.values() if part.status is SubtaskStatus.PENDING]
    assert all(any(not run.subtasks[needed].status.ended for needed in spec.depends_on) for spec in pending)
