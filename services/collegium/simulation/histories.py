"""Runs as the log tells them: each decision folded, and compared with the state that was committed with it."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from collegium.log.port import Record, TopicPartition
from collegium.log.topics import TopicNames
from collegium.orchestrator.core.folding import HistoryError, evolve
from collegium.orchestrator.core.model import Rules, Run
from collegium.orchestrator.shell.parts import POSITION_KEY, changed_parts
from collegium.simulation.broker import SimulatedBroker
from collegium.simulation.errors import Violation
from collegium.simulation.outside import Outside
from collegium_schemas.envelope import decode, header
from collegium_schemas.events import (
    ApprovalAnswered,
    ApprovalRequested,
    AttemptDispatched,
    AttemptFailed,
    AttemptSucceeded,
    RunArchived,
    RunDecided,
    RunEnded,
    RunRejected,
    SubtaskFailed,
)
from collegium_schemas.state import InputPosition
from collegium_schemas.tasks import FailureKind, TaskFailed, TaskSucceeded


@dataclass(slots=True)
class _Life:
    """One run, from its acceptance to its archive."""

    run: Run | None = None
    parts: dict[str, bytes] = field(default_factory=dict[str, bytes])
    """What folding its history gives."""
    ended: bool = False
    version: int = 0
    dispatched: set[str] = field(default_factory=set[str])
    outcomes: set[tuple[str, int]] = field(default_factory=set[tuple[str, int]])
    answers: Counter[str] = field(default_factory=Counter[str])
    """Subtask -> how often a human has had it go on: each time is one attempt more, whatever the playbook's bound."""


class Histories:
    """Every run of a world, and the positions that run-state holds.

    Args:
        names: Full topic names.
        rules: The playbooks in use, for bounds.
        outside: What effects have really done.
    """

    def __init__(self, names: TopicNames, rules: Rules, outside: Outside) -> None:
        self._outside = outside
        self._undone: dict[str, None] = {}
        self.questions: dict[tuple[str, str], float] = {}
        """Run and subtask of every effect that a human is asked about, and when that was."""
        self._context = names("context")
        self._results = names("results")
        self._rules = rules
        self._lives: dict[str, _Life] = {}
        self._versions: dict[str, int] = {}
        self._stored: dict[str, dict[str, bytes]] = {}
        self._positions: dict[tuple[str, int], int] = {}
        self.broker: SimulatedBroker
        self.ended: dict[str, str] = {}
        """Run id -> terminal status, of every run that has ended."""
        self.decisions = 0
        self.attempts = 0
        self.archived = 0

    @property
    def remembered(self) -> int:
        """Runs in run-state, ended ones included."""
        return len(self._lives)

    def committed(self, events: Sequence[Record], tasks: Sequence[str], state: Sequence[Record]) -> None:
        """One transaction: its decisions, the tasks that it sends, by id, and its state.

        Raises:
            Violation: they do not fit each other, or what was before.
        """
        before = dict(self._positions)
        self._store(state)
        self._decisions(events, tasks, before)

    def agrees(self, stored: Mapping[str, Mapping[str, bytes]]) -> None:
        """Compare with what a reader of run-state finds at the end.

        Raises:
            Violation: it finds something else.
        """
        seen = {run_id: parts for run_id, parts in self._stored.items() if parts}
        if seen != stored:
            differing = [run_id for run_id in seen.keys() | stored.keys() if seen.get(run_id) != stored.get(run_id)]
            raise Violation("state_is_read_back", f"run-state reads differently for {sorted(differing)[:3]}")

    def published(self, run_id: str, version: int) -> None:
        """An orchestrator has told of a decision outside the log.

        Raises:
            Violation: the log does not have it.
        """
        known = self._versions.get(run_id, 0)
        if known < version:
            raise Violation(
                "memory_not_ahead", f"run {run_id}: version {version} was published, the log has version {known}"
            )

    def _store(self, records: Sequence[Record]) -> None:
        for record in records:
            key = (record.key or b"").decode()
            if key.startswith(POSITION_KEY):
                self._position(key[len(POSITION_KEY) :], record)
                continue
            run_id, _, part = key.partition("/")
            parts = self._stored.setdefault(run_id, {})
            if record.value is None:
                parts.pop(part, None)
            else:
                parts[part] = record.value

    def _position(self, topic: str, record: Record) -> None:
        where = (topic, record.partition)
        offset = InputPosition.read(record.value or b"").next_offset
        if offset <= self._positions.get(where, -1):
            raise Violation(
                "positions_rise", f"{topic}-{record.partition} went from {self._positions[where]} to {offset}"
            )
        self._positions[where] = offset

    def _decisions(self, events: Sequence[Record], tasks: Sequence[str], before: Mapping[tuple[str, int], int]) -> None:
        dispatched: list[str] = []
        changed: dict[str, Run | None] = {}
        for record in events:
            decided = RunDecided.read(record.value or b"")
            self.decisions += 1
            run_id = decided.run_id
            life = self._lives.get(run_id)
            if life is None:
                life = self._begin(run_id)
            changed.setdefault(run_id, life.run)
            self._taken_once(decided, before)
            self._answers_current(life, decided)
            self._fold(life, decided)
            dispatched += self._events_of(life, decided)
        if Counter(dispatched) != Counter(tasks):
            raise Violation("dispatched_once", f"dispatched {dispatched}, and sent tasks {list(tasks)}")
        for run_id, earlier in changed.items():
            self._same_state(run_id, earlier)

    def _begin(self, run_id: str) -> _Life:
        """A run's first decision. An objective that arrives after its run was archived makes a run once more."""
        if run_id in self.ended:
            self._outside.begins_again(run_id)
            for key in [each for each in self._undone if each.startswith(f"{run_id}/")]:
                del self._undone[key]
        life = self._lives[run_id] = _Life()
        return life

    def _taken_once(self, decided: RunDecided, before: Mapping[tuple[str, int], int]) -> None:
        """Each input leads to decisions in one transaction, the one that moves the position past it."""
        origin = decided.origin
        if origin.topic is None or origin.partition is None or origin.offset is None:
            return
        where = (origin.topic, origin.partition)
        if not before.get(where, 0) <= origin.offset < self._positions.get(where, 0):
            raise Violation(
                "taken_once",
                f"{decided.event_id} is about {origin.topic}-{origin.partition}@{origin.offset}; the positions in "
                f"run-state went from {before.get(where, 0)} to {self._positions.get(where, 0)}",
            )

    def _fold(self, life: _Life, decided: RunDecided) -> None:
        if decided.version != life.version + 1:
            raise Violation(
                "versions", f"run {decided.run_id}: version {decided.version} by {decided.owner} after {life.version}"
            )
        try:
            life.run = evolve(life.run, decided)
        except HistoryError as error:
            raise Violation("versions", str(error)) from error
        life.version = decided.version
        self._versions[decided.run_id] = max(decided.version, self._versions.get(decided.run_id, 0))

    def _answers_current(self, life: _Life, decided: RunDecided) -> None:
        """The first outcome of the attempt under way is accepted, and no other."""
        for event in decided.events:
            if not isinstance(event, AttemptSucceeded | AttemptFailed):
                continue
            outcome = (event.subtask_id, event.attempt)
            part = None if life.run is None else life.run.subtasks.get(event.subtask_id)
            if outcome in life.outcomes or part is None or part.attempt != event.attempt:
                raise Violation("first_outcome", f"{decided.event_id} accepts another outcome of {outcome}: {part}")
            life.outcomes.add(outcome)
            self._says_so(life, decided, event)

    def _says_so(self, life: _Life, decided: RunDecided, event: AttemptSucceeded | AttemptFailed) -> None:
        """The record that an outcome is taken from is about that attempt of this run; poison is about all of them."""
        origin = decided.origin
        if origin.kind != "result" or origin.partition is None or origin.offset is None:
            return
        if isinstance(event, AttemptFailed) and event.failure.kind is FailureKind.POISON:
            return
        record = self.broker.partition(TopicPartition(self._results, origin.partition)).at(origin.offset)
        said = None if record is None else header(record.headers, "ce_subject")
        if said != (task_id := f"{decided.run_id}/{event.subtask_id}/{event.attempt}"):
            raise Violation("first_outcome", f"{decided.event_id} takes an outcome of {said} for one of {task_id}")
        if record is not None and life.run is not None:
            outcome = decode(record.headers, record.value, TaskSucceeded, TaskFailed)
            if outcome.run_accepted_at_ms != life.run.header.accepted_at_ms:
                raise Violation("first_outcome", f"{decided.event_id} takes the outcome of an archived run of its name")

    def _events_of(self, life: _Life, decided: RunDecided) -> list[str]:
        dispatched: list[str] = []
        for event in decided.events:
            match event:
                case AttemptDispatched():
                    task_id = f"{decided.run_id}/{event.subtask_id}/{event.attempt}"
                    if task_id in life.dispatched:
                        raise Violation("dispatched_once", f"{task_id} was dispatched twice")
                    life.dispatched.add(task_id)
                    dispatched.append(task_id)
                    self.attempts += 1
                    self._within_bounds(life, event)
                case AttemptSucceeded():
                    self._readable(decided, event)
                    self._really_done(life, decided.run_id, event.subtask_id)
                case SubtaskFailed():
                    self._left_standing(life, decided.run_id, event.subtask_id)
                case ApprovalAnswered():
                    life.answers[event.subtask_id] += event.action != "deny"
                case ApprovalRequested():
                    self.questions[decided.run_id, event.subtask_id] = self.broker.now_s
                case RunEnded() | RunRejected():
                    self._end(life, decided, event)
                case RunArchived():
                    self._archive(life, decided)
                case _:
                    pass
        return dispatched

    def _really_done(self, life: _Life, run_id: str, subtask_id: str) -> None:
        """Invariant 5: a subtask that succeeded has had its effects, or has undone those of another."""
        part = None if life.run is None else life.run.subtasks.get(subtask_id)
        if part is None:
            return
        for name in part.spec.effects:
            if part.spec.compensates is None:
                self._outside.must_have_done(f"{run_id}/{subtask_id}/{name}")
            else:
                self._undone[f"{run_id}/{part.spec.compensates}/{name}"] = None

    def _left_standing(self, life: _Life, run_id: str, subtask_id: str) -> None:
        part = None if life.run is None else life.run.subtasks.get(subtask_id)
        if part is not None and part.spec.compensates is not None:
            for name in part.spec.effects:
                self._outside.left_standing[f"{run_id}/{part.spec.compensates}/{name}"] = None

    def all_undone(self) -> None:
        """At the end: what was to be undone is undone, unless it never happened.

        Raises:
            Violation: an effect of a compensated subtask still stands.
        """
        for key in self._undone:
            if key in self._outside.executed and key not in self._outside.undone:
                raise Violation("undone", f"{key} happened and was not undone, though its compensation succeeded")

    def _end(self, life: _Life, decided: RunDecided, event: RunEnded | RunRejected) -> None:
        if life.ended:
            raise Violation("one_end", f"run {decided.run_id} ended twice")
        if event.reason.startswith("internal error"):
            raise Violation("no_internal_error", f"run {decided.run_id}: {event.reason}")
        life.ended = True
        self.ended[decided.run_id] = event.status.value if isinstance(event, RunEnded) else "rejected"

    def _archive(self, life: _Life, decided: RunDecided) -> None:
        if not life.ended:
            raise Violation("one_end", f"run {decided.run_id} was archived before it ended")
        self.archived += 1

    def _within_bounds(self, life: _Life, event: AttemptDispatched) -> None:
        """Invariant 10, as far as history shows it."""
        run = life.run
        if run is None or (part := run.subtasks.get(event.subtask_id)) is None:
            return
        if event.attempt > part.spec.retry.max_attempts + life.answers[event.subtask_id]:
            raise Violation(
                "bounded", f"{run.header.run_id}/{event.subtask_id}: attempt {event.attempt} is one too many"
            )
        playbook = self._rules.playbooks.get(run.header.playbook or "")
        if playbook is not None and run.header.steps > playbook.max_steps:
            raise Violation("bounded", f"run {run.header.run_id} has {run.header.steps} steps")

    def _readable(self, decided: RunDecided, event: AttemptSucceeded) -> None:
        """What an accepted success names is in the context, with the hash that it names."""
        for ref in event.outputs:
            record = self.broker.partition(TopicPartition(self._context, ref.partition)).at(ref.offset)
            if record is None or hashlib.sha256(record.value or b"").hexdigest() != ref.sha256:
                raise Violation("outputs_first", f"{decided.event_id} accepts {ref.name}, which is not in the context")

    def _same_state(self, run_id: str, earlier: Run | None) -> None:
        """Invariant 4: folding gives the stored parts, byte for byte."""
        life = self._lives[run_id]
        for name, part in changed_parts(earlier, life.run):
            if part is None:
                life.parts.pop(name, None)
            else:
                life.parts[name] = part.to_json()
        stored = self._stored.get(run_id, {})
        if stored != life.parts:
            differing = sorted(
                name for name in stored.keys() | life.parts.keys() if stored.get(name) != life.parts.get(name)
            )
            raise Violation("fold_is_state", f"run {run_id} version {life.version}: parts {differing} differ")
        if life.run is None:
            del self._lives[run_id]
            self._stored.pop(run_id, None)
