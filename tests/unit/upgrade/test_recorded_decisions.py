"""This version decides on recorded inputs as the version that recorded them did, and asks for the same work.

Deciding otherwise is allowed, folding otherwise is not: where a change is meant, record its release and this compares
with the newest recording alone.
"""

from collections.abc import Iterator, Sequence

from collegium.orchestrator.core.deciding import decide
from collegium.orchestrator.core.folding import evolve
from collegium.orchestrator.core.messages import commands
from collegium.orchestrator.core.model import Input, Moment, Rules, Run, Timer, TimerFired
from collegium.orchestrator.core.timing import timers
from collegium.orchestrator.shell.intake import Intake, Understood
from collegium.telemetry.tracing import run_trace
from collegium_schemas.base import Message
from collegium_schemas.envelope import decode
from collegium_schemas.events import AttemptDispatched, AttemptFailed, Event, RetryScheduled, RunArchived, RunDecided
from collegium_schemas.tasks import ControlState, TaskRequested
from record_topics import library
from recorded_topics import NAMES, read, recordings
from scripted_roles import PLAYBOOKS, ROLES

RECORDING = read(recordings()[-1])
RULES = Rules(library().playbooks)
INTAKE = Intake(NAMES, run_trace)


def histories() -> dict[str, list[RunDecided]]:
    """Every run's decisions in order."""
    found: dict[str, list[RunDecided]] = {}
    for record in RECORDING.of("run-events"):
        decided = decode(record.headers, record.value, RunDecided)
        found.setdefault(decided.run_id, []).append(decided)
    return found


def timer_of(run: Run, decided: RunDecided) -> TimerFired:
    """The timer that a decision must have been made on: the only one of the run's that fits its first event."""
    match decided.events[0]:
        case RunArchived():
            wanted = ("archive", "", 0)
        case AttemptDispatched() as event:
            wanted = ("retry", event.subtask_id, event.attempt)
        case AttemptFailed() as event:
            wanted = ("attempt_deadline", event.subtask_id, event.attempt)
        case _:
            wanted = ("run_deadline", "", 0)
    armed = timers(run.header, run.subtasks.values(), RULES)
    [timer] = [each for each in armed if (each.kind, each.subtask_id, each.attempt) == wanted]
    assert timer.run_id == decided.run_id
    return TimerFired(Timer(timer.at_ms, timer.run_id, timer.kind, timer.subtask_id, timer.attempt))


def input_of(run: Run | None, decided: RunDecided) -> Input:
    """What the decision was made on."""
    origin = decided.origin
    if origin.kind == "timer":
        assert run is not None
        return timer_of(run, decided)
    place = (origin.topic, origin.partition, origin.offset)
    [record] = [each for each in RECORDING.records if (each.topic, each.partition, each.offset) == place]
    understood = INTAKE.understand(record._replace(topic=NAMES(record.topic)))
    assert isinstance(understood, Understood)
    return understood.happened


def without_chance(events: Sequence[Event]) -> list[Event]:
    """Events without the times that chance had a part in."""
    return [event.model_copy(update={"at_ms": 0}) if isinstance(event, RetryScheduled) else event for event in events]


def decisions() -> Iterator[tuple[Run | None, RunDecided, Run | None]]:
    """Every recorded decision, with the run before and after it."""
    for history in histories().values():
        accepted = [event for event in history[0].events if event.type == "run_accepted"]
        if any(event.objective.playbook not in PLAYBOOKS for event in accepted):
            continue  # a built-in playbook may say something else in each release
        run: Run | None = None
        for decided in history:
            before, run = run, evolve(run, decided)
            yield before, decided, run


def test_the_same_inputs_lead_to_the_same_events() -> None:
    """All events of all recorded decisions, with every field."""
    count = 0
    for before, recorded, _ in decisions():
        made = decide(before, input_of(before, recorded), RULES, Moment(recorded.at_ms, 0.5))
        assert without_chance(made.events) == without_chance(recorded.events)
        assert (made.dropped, made.unusable) == (None, None)
        count += 1
    assert count > 80


def as_0_1_0_said_it(task: TaskRequested) -> TaskRequested:
    """A task whose inputs are named, not carried, and that does not say which run of its name it is of."""
    inputs = [each.model_copy(update={"ref": each.ref.model_copy(update={"inline": None})}) for each in task.inputs]
    return task.model_copy(update={"inputs": tuple(inputs), "run_accepted_at_ms": None})


def test_the_same_decisions_ask_for_the_same_work() -> None:
    """Every task and every order to stop that was recorded, and no other."""
    asked: list[Message] = [message for _, decided, after in decisions() for message in commands(decided, after, {})]
    tasks = [
        decode(each.headers, each.value, TaskRequested) for role in ROLES for each in RECORDING.of(f"tasks.{role}")
    ]
    orders = [decode(each.headers, each.value, ControlState) for each in RECORDING.of("control") if each.value]
    assert {each.task_id: as_0_1_0_said_it(each) for each in tasks} == {
        each.task_id: as_0_1_0_said_it(each) for each in asked if isinstance(each, TaskRequested)
    }
    given = [each.model_copy(update={"run_accepted_at_ms": None}) for each in asked if isinstance(each, ControlState)]
    assert sorted(orders, key=lambda order: order.name) == sorted(given, key=lambda order: order.name)
    assert len(asked) == len(tasks) + len(orders)


def test_the_outcome_that_came_first_counts() -> None:
    """Every recorded result is decided on again after its run's last decision: nothing follows."""
    last = {decided.run_id: run for _, decided, run in decisions()}
    dropped: set[str | None] = set()
    for record in RECORDING.of("results"):
        understood = INTAKE.understand(record._replace(topic=NAMES(record.topic)))
        assert isinstance(understood, Understood)
        run_id = understood.happened.run_id
        if run_id not in last or run_id == RECORDING.runs["live: waits for an outcome"]:
            continue  # a built-in playbook's, or one that still counts
        run = last[run_id]
        made = decide(run, understood.happened, RULES, Moment(RECORDING.recorded_at_ms, 0.5))
        assert made.events == ()
        dropped.add(made.dropped)
    assert dropped == {"late_outcome", "duplicate_outcome"}
