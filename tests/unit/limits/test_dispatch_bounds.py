"""How much one decision dispatches: a plan that is accepted can be carried out, in transactions of bounded size."""

from collections import Counter
from collections.abc import Mapping, Sequence

import pytest

from collegium.cli.narrating import narrate
from collegium.ledger.folding import RunRecord, fold
from collegium.orchestrator.core.dispatching import LARGEST_INPUT_BYTES
from collegium.orchestrator.core.messages import MAX_INLINE_PER_DECISION_BYTES
from collegium.orchestrator.core.model import Input, Rules, Run, Timer, TimerFired
from collegium.orchestrator.core.sizes import MAX_DISPATCHED_BYTES, MAX_PLAN_BYTES
from collegium.orchestrator.core.timing import timers
from collegium.orchestrator.shell.intake import MAX_NUMBER, Intake
from collegium.orchestrator.shell.parts import assemble, changed_parts
from collegium.orchestrator.shell.store import RunStore
from collegium.orchestrator.shell.timers import Timers, follow
from collegium.orchestrator.shell.transaction import Batch, Batcher
from collegium.orchestrator.shell.writing import MAX_DECISION_BYTES, Writer, Written
from collegium.telemetry.tracing import run_trace
from collegium_schemas import limits
from collegium_schemas.events import AttemptDispatched, Event, Origin, RetryScheduled, RunEnded, RunEnding
from collegium_schemas.objective import Action, RunStatus
from collegium_schemas.playbook import Playbook
from collegium_schemas.state import SubtaskStatus
from collegium_schemas.tasks import ContextRef, TaskInput
from memory_worlds import NAMES
from orchestrator_worlds import RUN, World, arrived, succeeded, word

QUESTIONS = 256
WIDE = 19
ALPHA = NAMES.tasks("alpha")
BOOK: dict[str, object] = {"id": "book", "role": "alpha", "instruction": "x", "effects": ["shop"], "compensate": {}}
GOAL = "\n".join(f"q{number} a".ljust(30, "x") for number in range(QUESTIONS))


def booked(**extra: object) -> World:
    """A run whose first step has an effect; 4,864 subtasks wait for it, with a goal of nearly 8,000 characters."""
    wide = [
        {"id": f"s{n}", "role": "alpha", "instruction": "x", "for_each": "question", "after": ["book"]}
        for n in range(WIDE)
    ]
    full = {"name": "line", "max_steps": 100_000, "decomposition": {"max_questions": QUESTIONS}, **extra}
    world = World({"line": Playbook.model_validate({"steps": [BOOK, *wide], **full})})
    world.take(arrived(GOAL, playbook="line"))
    return world


def written(world: World, happened: Input) -> Written:
    """The decision on an input in writing, as the orchestrator bounds it."""
    before = world.run
    world.take(happened)
    writer = Writer(partition=0, owner="one", names=NAMES)
    result = writer.write(world.last, before, RUN, Origin(kind="timer"), {}, world.now_ms)
    assert result is not None
    assert result.after == world.run
    return result


def waiting(run: Run) -> list[Timer]:
    """The retries that a new owner arms, which has nothing but the parts of the run's state."""
    parts = {name: part.to_json() for name, part in changed_parts(None, run) if part is not None}
    restored = assemble(parts)
    assert restored is not None
    rules = Rules({})
    return [timer for timer in timers(restored.header, restored.subtasks.values(), rules) if timer.kind == "retry"]


def sent(events: Sequence[Event]) -> list[str]:
    """Subtasks with an attempt dispatched."""
    return [event.subtask_id for event in events if isinstance(event, AttemptDispatched)]


def deferred(events: Sequence[Event]) -> list[str]:
    """Subtasks that are sent by later decisions."""
    return [event.subtask_id for event in events if isinstance(event, RetryScheduled)]


def task_bytes(result: Written) -> int:
    """What the tasks take."""
    return sum(len(record.value or b"") for record in result.records if record.topic == ALPHA)


def test_what_one_decision_does_not_dispatch_later_ones_do() -> None:
    """Tasks of 39 MB become ready at once: all are sent, once each and in order, and no decision is too large."""
    world = booked()
    first = written(world, succeeded(world.part("book"), RUN))
    assert first.size_bytes < MAX_DECISION_BYTES
    assert MAX_DISPATCHED_BYTES // 2 < task_bytes(first) <= MAX_DISPATCHED_BYTES
    told = sent(world.last.events)
    left = deferred(world.last.events)
    assert [*told, *left] == [f"s{step}.{number}" for step in range(WIDE) for number in range(1, QUESTIONS + 1)]
    due = waiting(world.live())
    assert [(timer.subtask_id, timer.attempt) for timer in due] == [(name, 1) for name in left]
    assert all(timer.at_ms <= world.now_ms for timer in due)
    for timer in due:
        told += sent(world.take(TimerFired(timer)))
    assert Counter(told).total() == len(set(told)) == QUESTIONS * WIDE
    assert [decided.version for decided in world.history] == list(range(1, len(world.history) + 1))
    assert waiting(world.live()) == []


def test_who_waits_for_its_turn_is_not_told_as_a_retry() -> None:
    """A watcher has a line for each subtask when it is sent, and none when it is not."""
    world = booked()
    world.succeed("book")
    record = RunRecord()
    for decided in world.history:
        record = fold(record, decided)
    view = record.view()
    assert view is not None
    assert view.retries == 0
    told = list(narrate(record, world.history[-1]))
    assert len(told) == len([*sent(world.last.events), "book"])
    assert len(deferred(world.last.events)) > 1_000


def test_inputs_count_for_what_a_decision_dispatches() -> None:
    """768 subtasks are given 256 outputs each: the last of these does not end the run, though tasks are 33 MB."""
    given = {"id": "retrieve", "role": "alpha", "instruction": "x", "for_each": "question", "outputs": ["evidence"]}
    steps = [{**given, "id": f"analyse-{n}", "inputs": ["retrieve"], "outputs": []} for n in range(3)]
    full = {"name": "line", "max_steps": 100_000, "decomposition": {"max_questions": QUESTIONS}}
    world = World({"line": Playbook.model_validate({"steps": [given, *steps], **full})})
    world.take(arrived("\n".join(f"q{number} a" for number in range(QUESTIONS)), playbook="line"))
    for number in range(QUESTIONS, 1, -1):
        world.succeed(f"retrieve.{number}")
    last = written(world, succeeded(world.part("retrieve.1"), RUN))
    assert task_bytes(last) <= MAX_DISPATCHED_BYTES
    assert len(sent(world.last.events)) + len(deferred(world.last.events)) == 3 * QUESTIONS


def resumed(world: World) -> tuple[Written, list[Timer]]:
    """What the end of a pause writes, and the retries that are armed afterwards by who was there all the time."""
    before, kept = world.live(), Timers()
    result = written(world, word(Action.RESUME))
    follow(kept, RUN, before, world.run, Rules({}))
    return result, [timer for timer in kept.due(world.now_ms, 10_000) if timer.kind == "retry"]


def test_what_is_ready_after_a_pause_is_dispatched_by_several_decisions() -> None:
    """Also what was deferred before the pause, and whose timer was spent during it."""
    world = booked()
    world.take(word(Action.PAUSE))
    world.succeed("book")
    for _ in range(2):
        result, due = resumed(world)
        assert task_bytes(result) <= MAX_DISPATCHED_BYTES
        assert sorted(due) == sorted(waiting(world.live()))
        assert len(due) + len(world.running()) == QUESTIONS * WIDE
        world.take(word(Action.PAUSE))
        assert all(world.take(TimerFired(timer)) == [] for timer in due[:3])


def test_what_waits_for_its_turn_counts_as_steps() -> None:
    """A run with too few steps for all that is ready halts before anything of it is sent, and undoes its effect."""
    world = booked(max_steps=QUESTIONS * WIDE)
    events = world.succeed("book")
    assert sent(events) == ["undo.book"]
    assert deferred(events) == []
    assert any(isinstance(event, RunEnding) and event.limit == "steps" for event in events)


def test_a_run_that_ends_forgets_what_waited_for_its_turn() -> None:
    """Its timers find nothing to do, and what never began is not undone."""
    world = booked()
    world.succeed("book")
    due = waiting(world.live())
    world.take(word(Action.CANCEL))
    assert sent(world.last.events) == ["undo.book"]
    assert world.take(TimerFired(due[0])) == []
    world.succeed("undo.book")
    assert world.live().header.status is RunStatus.CANCELLED


def batch_of(world: World, happened: Timer, most_bytes: int) -> Batch:
    """What a partition makes of a timer, when one decision may take so many bytes."""
    store, parts = RunStore(), {name: part and part.to_json() for name, part in changed_parts(None, world.run)}
    store.publish(RUN, world.run, parts)
    batcher = Batcher(
        writer=Writer(partition=0, owner="one", names=NAMES, most_bytes=most_bytes),
        partitions=1,
        rules=Rules(world.playbooks),
        intake=Intake(NAMES, run_trace),
        store=store,
        entropy=lambda: 0.5,
        most_bytes=1,
    )
    return batcher.make([], [TimerFired(happened)], {}, {}, world.now_ms)


def parted(effects: Mapping[str, object]) -> World:
    """A run with an effect done, and forty subtasks that become ready when an attempt under way times out."""
    slow = {"id": "slow", "role": "alpha", "instruction": "x", "retry": {"max_attempts": 1}, "optional": True}
    wide = [{"id": f"s{n}", "role": "alpha", "instruction": "x" * 400, "after": ["slow"]} for n in range(40)]
    world = World({"line": Playbook.model_validate({"name": "line", "steps": [{**BOOK, **effects}, slow, *wide]})})
    world.take(arrived(playbook="line"))
    world.succeed("book")
    return world


@pytest.mark.parametrize(
    ("effects", "most_bytes", "kinds"),
    [
        ({}, 30_000, ["run_ending", "plan_adopted", "attempt_dispatched"]),
        ({}, 2_500, ["run_ended"]),
        ({"effects": [], "compensate": None}, 30_000, ["run_ended"]),
    ],
    ids=["undone", "no room even for that", "nothing to undo"],
)
def test_a_decision_that_is_too_large_ends_a_live_run_which_undoes_its_effects(
    effects: Mapping[str, object], most_bytes: int, kinds: list[str]
) -> None:
    """It is given up with its effects standing only when undoing them does not fit either."""
    world = parted(effects)
    timer = Timer(world.now_ms, RUN, "attempt_deadline", "slow", 1)
    batch = batch_of(world, timer, most_bytes)
    [made] = batch.made
    assert [event.type for event in made.decided.events] == kinds
    assert made.after is not None
    ended = made.decided.events[0]
    assert isinstance(ended, RunEnding | RunEnded)
    assert ended.status is RunStatus.FAILED
    assert "ask for less" in ended.reason
    assert ("not undone: book" in ended.reason) is (most_bytes == 2_500)


def test_a_run_that_undoes_its_effects_already_is_given_up() -> None:
    """Else it would begin to undo them again and again."""
    world = parted({})
    world.take(word(Action.CANCEL))
    batch = batch_of(world, Timer(world.now_ms, RUN, "attempt_deadline", "undo.book", 1), 1_000)
    [ended] = batch.made[0].decided.events
    assert isinstance(ended, RunEnded)
    assert "not undone: book" in ended.reason


def test_all_that_one_decision_may_hold_stays_below_its_bound() -> None:
    """A plan as event and as state, all its subtasks deferred, tasks, content with its escapes, and an outcome."""
    event = RetryScheduled(subtask_id="s" * 64, attempt=1, at_ms=limits.MAX_EPOCH_MS, strategy="deterministic")
    world = booked()
    part = world.part("s0.1").model_copy(
        update={"status": SubtaskStatus.BACKOFF, "retry_at_ms": limits.MAX_EPOCH_MS, "strategy": "deterministic"}
    )
    each = len(event.to_json()) + len(part.to_json()) - len(part.spec.to_json()) + len("s" * 64)
    outcome, objective = 2 * limits.MAX_MESSAGE_BYTES, limits.MAX_MESSAGE_BYTES // 4
    whole = 2 * MAX_PLAN_BYTES + limits.MAX_PLAN_SUBTASKS * each + outcome + objective
    assert whole + MAX_DISPATCHED_BYTES + 2 * MAX_INLINE_PER_DECISION_BYTES <= MAX_DECISION_BYTES


def test_an_input_of_a_task_is_not_larger_than_it_is_weighed() -> None:
    """All its names as long as they may be."""
    ref = ContextRef(
        name="n" * 64, partition=MAX_NUMBER, offset=MAX_NUMBER, sha256="a" * 64, size_bytes=limits.MAX_MESSAGE_BYTES
    )
    assert len(TaskInput(subtask_id="s" * 64, step="n" * 64, ref=ref).to_json()) < LARGEST_INPUT_BYTES


def test_the_parts_of_a_decision_share_the_room_for_content() -> None:
    """A decision in several records carries no more than one in a single record: 174 of 256 tasks have content."""
    size = 12_000
    wide = {"id": "join", "role": "alpha", "instruction": "x", "for_each": "question", "inputs": ["one"]}
    full = {"name": "line", "max_steps": 1_000, "decomposition": {"max_questions": QUESTIONS}}
    first = {"id": "one", "role": "alpha", "instruction": "x"}
    world = World({"line": Playbook.model_validate({"steps": [first, wide], **full})})
    world.take(arrived("\n".join(f"q{number} a" for number in range(QUESTIONS)), playbook="line"))
    before = world.live()
    ref = {"name": "o", "partition": 0, "offset": 0, "sha256": "0" * 64, "size_bytes": size}
    world.take(succeeded(world.part("one"), RUN, outputs=[ref]))
    assert len(sent(world.last.events)) == QUESTIONS
    for most_record_bytes, several in ((limits.MAX_MESSAGE_BYTES, False), (20_000, True)):
        writer = Writer(partition=0, owner="one", names=NAMES, most_record_bytes=most_record_bytes)
        result = writer.write(world.last, before, RUN, Origin(kind="timer"), {"0" * 64: "x" * size}, 1)
        assert result is not None
        assert (len(result.steps) > 1) is several
        carried = [len(record.value or b"") > size for record in result.records if record.topic == ALPHA]
        assert sum(carried) == MAX_INLINE_PER_DECISION_BYTES // size == 174
