"""Invariants, checked at every committed transaction and every record, from the brokers' partitions alone.

The numbers are those of docs/architecture.md, "Invariants". The checker folds history with the product's `evolve`, and
compares the result with the state records byte for byte; it never looks into an orchestrator's memory. What leaves
an orchestrator besides records, its spans and group offsets, must not be ahead of the log either.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from collegium.log.memory.transactions import Session
from collegium.log.port import MAX_RECORD_BYTES, Outgoing, Position, Record, TopicPartition
from collegium.log.sizes import record_bytes
from collegium.log.topics import TopicNames
from collegium.orchestrator.core.folding import HistoryError, evolve
from collegium.orchestrator.core.model import Rules, Run
from collegium.orchestrator.shell.parts import POSITION_KEY, changed_parts
from collegium.simulation.broker import SimulatedBroker
from collegium.simulation.errors import Violation
from collegium_schemas.envelope import header
from collegium_schemas.events import (
    AttemptDispatched,
    AttemptFailed,
    AttemptSucceeded,
    RunArchived,
    RunDecided,
    RunEnded,
    RunRejected,
)
from collegium_schemas.state import InputPosition

POISON: Final = "simulation-poison"
"""The header that numbers a poison record."""


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


class Checker:
    """Watches a world's brokers.

    Args:
        names: Full topic names.
        rules: The playbooks in use, for bounds.
        compacts_context: True when context entries may vanish, so that references need not resolve.
    """

    def __init__(self, names: TopicNames, rules: Rules, *, compacts_context: bool) -> None:
        self._names = names
        self._rules = rules
        self._compacts_context = compacts_context
        self._objectives = names("objectives")
        self._sent: dict[tuple[int, int], Record] = {}
        self._events = names("run-events")
        self._state = names("run-state")
        self._results = names("results")
        self._context = names("context")
        self._control = names("control")
        self._dead = names("dead-letters")
        self._tasks = names("tasks.")
        self._lives: dict[str, _Life] = {}
        self._versions: dict[str, int] = {}
        self._stored: dict[str, dict[str, bytes]] = {}
        self._positions: dict[tuple[str, int], int] = {}
        self._owner_sessions: dict[str, tuple[str, int]] = {}
        self._holders: dict[int, str] = {}
        self._answered: set[str] = set()
        self._stopped: set[str] = set()
        self._buried: set[tuple[str, int, int]] = set()
        self._buried_poison: set[str] = set()
        self._expected: dict[str, None] = {}
        self.broker: SimulatedBroker
        self.ended: dict[str, str] = {}
        """Run id -> terminal status, of every run that has ended."""
        self.decisions = 0
        self.transactions = 0
        self.attempts = 0
        self.archived = 0

    # -- what the world tells

    def acknowledged(self, run_id: str) -> None:
        """The brokers have acknowledged an objective: its run must end."""
        if run_id not in self.ended:
            self._expected[run_id] = None

    def sent(self, position: Position) -> Record:
        """An objective as it stands in the log, also while readers cannot see it yet."""
        return self._sent[position.partition, position.offset]

    def unfinished(self) -> list[str]:
        """Acknowledged objectives whose runs have not ended."""
        self._expected = {run_id: None for run_id in self._expected if run_id not in self.ended}
        return list(self._expected)

    def unburied(self, poison: Collection[str]) -> list[str]:
        """Poison records, by number, that are not among the dead letters."""
        return [number for number in poison if number not in self._buried_poison]

    @property
    def remembered(self) -> int:
        """Runs in run-state, ended ones included."""
        return len(self._lives)

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

    # -- Reads

    def reading(self, node: str, partitions: Collection[TopicPartition]) -> None:
        """Whoever restores a partition holds it from then on."""
        for partition in partitions:
            if partition.topic == self._state:
                self._holders[partition.partition] = node

    def opened(self, node: str, session: Session) -> None:
        """Remember whose session it is."""
        self._owner_sessions[session.transactional_id] = (node, session.epoch)

    # -- Observer

    def written(self, record: Record) -> None:
        """A record outside any transaction."""
        self._bounded(record)
        if record.topic == self._objectives:
            self._sent[record.partition, record.offset] = record
        elif record.topic == self._results:
            self._answered.add(_subject(record))
        elif record.topic == self._dead:
            self._bury(record)
        elif record.topic in {self._events, self._state, self._control} or record.topic.startswith(self._tasks):
            if poison_number(record) is None:
                raise Violation("fenced", f"a record of {record.topic} was written outside any transaction")

    def lost(self, record: Outgoing) -> None:
        """An outcome that was acknowledged counts as sent."""
        if record.topic == self._results:
            self._answered.add(header(record.headers, "ce_subject") or "")

    def offsets_committed(
        self, group: str, before: Mapping[TopicPartition, int], offsets: Mapping[TopicPartition, int]
    ) -> None:
        """No group moves past a task that is neither answered, stopped nor buried."""
        for partition, offset in offsets.items():
            if not partition.topic.startswith(self._tasks):
                continue
            log = self.broker.partition(partition)
            position = before.get(partition, 0)
            while position < offset:
                records, position = log.read(position, 50)
                for record in records:
                    if record.offset < offset:
                        self._finished(record, group)
                if not records:
                    break

    def _finished(self, record: Record, group: str) -> None:
        task_id = _id(record)
        run_id = task_id.partition("/")[0]
        place = (record.topic, record.partition, record.offset)
        if task_id in self._answered or run_id in self._stopped or place in self._buried:
            return
        raise Violation(
            "offsets_follow_results",
            f"{group} went past {record.topic}-{record.partition}@{record.offset} ({task_id}), which has no outcome",
        )

    def decided(self, session: Session, records: Sequence[Record]) -> None:
        """A committed transaction."""
        self.transactions += 1
        events: list[Record] = []
        tasks: list[str] = []
        state: list[Record] = []
        for record in records:
            self._bounded(record)
            topic = record.topic
            if topic == self._state:
                state.append(record)
            elif topic == self._events:
                events.append(record)
            elif topic.startswith(self._tasks):
                tasks.append(_id(record))
            elif topic == self._dead:
                self._bury(record)
            elif topic == self._control:
                self._order(record)
        if events or state:
            self._held(session, (events or state)[0].partition)
        before = dict(self._positions)
        self._store(state)
        self._decisions(events, tasks, before)

    def _held(self, session: Session, partition: int) -> None:
        """Invariant 3: no decision comes from an owner whose successor has begun to restore."""
        node, _ = self._owner_sessions[session.transactional_id]
        holder = self._holders.get(partition)
        if holder != node:
            raise Violation("fenced", f"{node} committed to partition {partition}, which {holder} has taken over")

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
                life = self._lives[run_id] = _Life()
            changed.setdefault(run_id, life.run)
            self._taken_once(decided, before)
            self._answers_current(life, decided)
            self._fold(life, decided)
            dispatched += self._events_of(life, decided)
        if Counter(dispatched) != Counter(tasks):
            raise Violation("dispatched_once", f"dispatched {dispatched}, and sent tasks {list(tasks)}")
        for run_id, earlier in changed.items():
            self._same_state(run_id, earlier)

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
                case RunEnded() | RunRejected():
                    self._end(life, decided, event)
                case RunArchived():
                    self._archive(life, decided)
                case _:
                    pass
        return dispatched

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
        if event.attempt > part.spec.retry.max_attempts:
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
            if record is None and self._compacts_context:
                continue
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

    def _order(self, record: Record) -> None:
        scope, _, name = (record.key or b"").decode().partition("/")
        if scope == "run" and record.value is not None:
            self._stopped.add(name)

    def _bury(self, record: Record) -> None:
        topic = header(record.headers, "__connect.errors.topic") or ""
        partition = int(header(record.headers, "__connect.errors.partition") or -1)
        self._buried.add((topic, partition, int(header(record.headers, "__connect.errors.offset") or -1)))
        if (number := poison_number(record)) is not None:
            self._buried_poison.add(number)

    def _bounded(self, record: Record) -> None:
        if record_bytes(record) > MAX_RECORD_BYTES:
            raise Violation("bounded", f"{record.topic}-{record.partition}@{record.offset} is too large")


def _id(record: Record) -> str:
    for name, value in record.headers:
        if name == "ce_id":
            return value.decode("utf-8", "replace")
    return ""


def _subject(record: Record) -> str:
    for name, value in record.headers:
        if name == "ce_subject":
            return value.decode("utf-8", "replace")
    return ""


def poison_number(record: Record | Outgoing) -> str | None:
    """Which poison record this is, or a dead letter of; None when it is none."""
    for name, value in record.headers:
        if name == POISON:
            return value.decode()
    return None
