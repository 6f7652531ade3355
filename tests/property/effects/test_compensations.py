"""Over generated histories: what may have happened is undone once, in reverse order, before the one end."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from collegium.orchestrator.core.model import Rules, Timer, TimerFired
from collegium.orchestrator.core.timing import timers
from collegium_schemas.events import Event, RunDecided
from collegium_schemas.objective import Action, RunStatus
from collegium_schemas.playbook import Playbook
from collegium_schemas.tasks import FailureKind
from orchestrator_worlds import RUN, World, arrived, succeeded, word

STEPS = ("a", "b", "c", "d", "e")
MOVES = (
    "succeed",
    "succeed",
    "fail",
    "unknown",
    "approve",
    "deny",
    "retry",
    "cancel",
    "pause",
    "resume",
    "timer",
    "late",
)


@st.composite
def playbooks(draw: st.DrawFn) -> Playbook:
    """Up to five steps, each after some of those before it, some with effects, some of these with a compensation."""
    count = draw(st.integers(1, len(STEPS)))
    steps: list[dict[str, object]] = []
    for number, name in enumerate(STEPS[:count]):
        after = draw(st.lists(st.sampled_from(STEPS[:number]), unique=True)) if number else []
        step: dict[str, object] = {"id": name, "role": "r", "instruction": name, "after": after}
        step["optional"] = draw(st.booleans())
        if draw(st.booleans()):
            step["effects"] = draw(st.sampled_from([["x"], ["x", "y"]]))
            if draw(st.booleans()):
                step["compensate"] = {"retry": {"max_attempts": draw(st.integers(1, 3))}}
        steps.append(step)
    return Playbook.model_validate({"name": "line", "steps": steps, "max_steps": draw(st.integers(1, 12))})


def play(world: World, move: str, pick: int, kind: FailureKind) -> None:
    """Let one thing happen."""
    running = world.running()
    chosen = running[pick % len(running)] if running else None
    match move:
        case "succeed" if chosen:
            world.succeed(chosen)
        case "fail" if chosen:
            world.fail(chosen, kind, permanent=pick % 2 == 0)
        case "unknown" if chosen:
            world.fail(chosen, FailureKind.OUTCOME_UNKNOWN)
        case "approve" | "deny" | "retry" | "pause" | "resume":
            world.take(word(Action(move)))
        case "cancel" if pick % 5 == 0:
            world.take(word(Action.CANCEL))
        case "late" if chosen and pick % 3 == 0:
            part = world.part(chosen)
            world.take(succeeded(part, RUN))
            world.take(succeeded(part, RUN))
        case "timer":
            fire_next(world, only_attempts=pick % 4 != 0)
        case _:
            pass


def fire_next(world: World, *, only_attempts: bool) -> None:
    """The earliest timer, and the time that it names."""
    run = world.live()
    from_state = timers(run.header, run.subtasks.values(), rules(world))
    due = sorted(t for t in from_state if t.kind != "archive" and not (only_attempts and t.kind == "run_deadline"))
    if due:
        world.now_ms = max(world.now_ms, due[0].at_ms)
        world.take(TimerFired(due[0]))


def rules(world: World) -> Rules:
    """The rules of a world."""
    return Rules(world.playbooks)


@settings(max_examples=300)
@given(
    playbook=playbooks(),
    moves=st.lists(
        st.tuples(st.sampled_from(MOVES), st.integers(0, 50), st.sampled_from(list(FailureKind))), max_size=50
    ),
)
def test_effects_are_undone_once_in_reverse_order_before_the_one_end(
    playbook: Playbook, moves: list[tuple[str, int, FailureKind]]
) -> None:
    """Whatever happens, in whatever order; and a run that is left alone comes to its end."""
    world = World(playbooks={"line": playbook})
    world.take(arrived(playbook="line"))
    for move, pick, kind in moves:
        if world.live().header.status.terminal:
            break
        play(world, move, pick, kind)
    leave_alone(world)
    check(world.history, playbook)


def leave_alone(world: World) -> None:
    """Nobody says anything any more: timers alone bring the run to its end."""
    fired: set[Timer] = set()
    for _ in range(1_000):
        run = world.live()
        if run.header.status.terminal:
            return
        # A timer that changed nothing is not armed again, until somebody's word makes up for it.
        due = sorted(set(timers(run.header, run.subtasks.values(), rules(world))) - fired)
        world.now_ms = max(world.now_ms, due[0].at_ms)
        fired.add(due[0])
        world.take(TimerFired(due[0]))
    raise AssertionError("the run does not end")


def check(history: Sequence[RunDecided], playbook: Playbook) -> None:
    """What holds of every whole history."""
    events = [(decided.version, event) for decided in history for event in decided.events]
    ends = [(at, event) for at, event in events if event.type == "run_ended"]
    assert len(ends) == 1
    endings = [at for at, event in events if event.type == "run_ending"]
    assert len(endings) <= 1
    if not endings:
        assert ends[0][1].status is RunStatus.COMPLETED or not must_undo([e for _, e in events], playbook)
        return
    before = [event for at, event in events if at <= endings[0] and not undoes(event)]
    after = [event for at, event in events if at > endings[0]]
    plans = [event.change for _, event in events if event.type == "plan_adopted"]
    undone = [spec.compensates for spec in plans[-1].added]
    assert undone == must_undo(before, playbook)
    assert len(set(undone)) == len(undone)
    assert plans[-1].reason.startswith("compensating: ")
    assert all(event.subtask_id.startswith("undo.") for event in after if event.type == "attempt_dispatched")
    order = [event.subtask_id for event in (*last_of(events, endings[0]), *after) if event.type == "attempt_dispatched"]
    first = list(dict.fromkeys(order))
    assert first == [f"undo.{name}" for name in undone][: len(first)]


def last_of(events: Sequence[tuple[int, Event]], version: int) -> list[Event]:
    """The events of one decision."""
    return [event for at, event in events if at == version]


def undoes(event: Event) -> bool:
    """True for what the undoing itself does."""
    return getattr(event, "subtask_id", "").startswith("undo.")


def must_undo(events: Sequence[Event], playbook: Playbook) -> list[str]:
    """Subtasks whose effects may have happened: those that have not ended first, then by their end, the latest first.

    Computed from the history alone, in another way than the core does.
    """
    compensable = [step.id for step in playbook.steps if step.compensate is not None]
    single = {step.id for step in playbook.steps if len(step.effects) == 1}
    dispatched = [e.subtask_id for e in events if e.type == "attempt_dispatched"]
    ended: dict[str, int] = {}
    denied: set[str] = set()
    for at, event in enumerate(events):
        match event.type:
            case "attempt_succeeded" | "subtask_failed":
                ended[event.subtask_id] = at
            case "approval_answered" if event.action == "deny" and event.subtask_id in single:
                denied.add(event.subtask_id)
            case _:
                pass
    candidates = [name for name in compensable if name in dispatched and name not in denied]
    places = {step.id: place for place, step in enumerate(playbook.steps)}
    return sorted(candidates, key=lambda name: (ended.get(name, len(events)), places[name]), reverse=True)


def test_a_deadline_of_the_undoing_ends_a_run_whose_specialists_are_gone() -> None:
    """Nobody answers: each compensation is tried and given up, and the end says what is left."""
    step = {"id": "a", "role": "r", "instruction": "x", "effects": ["x"], "compensate": {"timeout_ms": 3_600_000}}
    world = World(playbooks={"line": Playbook.model_validate({"name": "line", "steps": [step]})})
    world.take(arrived(playbook="line"))
    world.take(word(Action.CANCEL))
    run = world.live()
    assert run.header.deadline_at_ms is not None
    world.take(TimerFired(Timer(run.header.deadline_at_ms, RUN, "run_deadline")))
    assert world.live().header.reason.startswith("not undone: a; cancelled because:")
