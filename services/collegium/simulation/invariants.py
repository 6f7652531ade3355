"""Invariants, checked at every committed transaction and every record, from the brokers' partitions alone.

The numbers are those of docs/architecture.md, "Invariants". The checker folds history with the product's `evolve`, and
compares the result with the state records byte for byte; it never looks into an orchestrator's memory. What leaves
an orchestrator besides records, its spans and group offsets, must not be ahead of the log either.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from collegium.log.memory.transactions import Session
from collegium.log.port import Outgoing, Position, Record, TopicPartition
from collegium.log.topics import TopicNames
from collegium.orchestrator.core.model import Rules
from collegium.simulation.broker import SimulatedBroker
from collegium.simulation.errors import Violation
from collegium.simulation.histories import Histories
from collegium.simulation.outside import Outside
from collegium_schemas.effects import EffectEnded
from collegium_schemas.envelope import header

POISON: Final = "simulation-poison"
"""The header that numbers a poison record."""


class Checker:
    """Watches a world's brokers.

    Args:
        names: Full topic names.
        rules: The playbooks in use, for bounds.
        outside: What effects have really done.
    """

    def __init__(self, names: TopicNames, rules: Rules, outside: Outside) -> None:
        self._names = names
        self._outside = outside
        self._effects = names("effects")
        self._objectives = names("objectives")
        self._sent: dict[tuple[int, int], Record] = {}
        self._events = names("run-events")
        self._state = names("run-state")
        self._results = names("results")
        self._control = names("control")
        self._dead = names("dead-letters")
        self._tasks = names("tasks.")
        self._owner_sessions: dict[str, tuple[str, int]] = {}
        self._holders: dict[int, str] = {}
        self._first: dict[int, str] = {}
        """Partition -> whose session of its first producer is the newest."""
        self._answered: set[str] = set()
        self._stopped: set[str] = set()
        self._buried: set[tuple[str, int, int]] = set()
        self._buried_poison: set[str] = set()
        self._expected: dict[str, None] = {}
        self.histories = Histories(names, rules, outside)
        self.transactions = 0

    # -- what the world tells

    def acknowledged(self, run_id: str) -> None:
        """The brokers have acknowledged an objective: its run must end."""
        if run_id not in self.histories.ended:
            self._expected[run_id] = None

    def sent(self, position: Position) -> Record:
        """An objective as it stands in the log, also while readers cannot see it yet."""
        return self._sent[position.partition, position.offset]

    def unfinished(self) -> list[str]:
        """Acknowledged objectives whose runs have not ended."""
        self._expected = {run_id: None for run_id in self._expected if run_id not in self.histories.ended}
        return list(self._expected)

    def unburied(self, poison: Collection[str]) -> list[str]:
        """Poison records, by number, that are not among the dead letters."""
        return [number for number in poison if number not in self._buried_poison]

    @property
    def broker(self) -> SimulatedBroker:
        """Whose partitions are read."""
        return self.histories.broker

    def watch(self, broker: SimulatedBroker) -> None:
        """Read these brokers' partitions."""
        self.histories.broker = broker

    # -- Reads

    def reading(self, node: str, partitions: Collection[TopicPartition]) -> None:
        """Whoever restores a partition holds it from then on, unless another has opened its first producer since.

        An owner's first commit goes through that one: when two open a partition's producers at the same time, so that
        each ends up with one of them, the one with the first may commit, and the other fails before it has.
        """
        for partition in partitions:
            first = self._first.get(partition.partition)
            if partition.topic == self._state and first in {None, node}:
                self._holders[partition.partition] = node

    def opened(self, node: str, session: Session) -> None:
        """Remember whose session it is. Who has opened both of a partition holds it, also without a restore."""
        self._owner_sessions[session.transactional_id] = (node, session.epoch)
        base, _, turn = session.transactional_id.rpartition(".")
        _, _, partition = base.rpartition(".")
        if turn == "0" and partition.isdecimal():
            self._first[int(partition)] = node
        both = [self._owner_sessions.get(f"{base}.{number}") for number in (0, 1)]
        if turn in {"0", "1"} and partition.isdecimal() and all(each is not None and each[0] == node for each in both):
            self._holders[int(partition)] = node

    # -- Observer

    def written(self, record: Record) -> None:
        """A record outside any transaction."""
        if record.topic == self._objectives:
            self._sent[record.partition, record.offset] = record
        elif record.topic == self._results:
            self._answered.add(_subject(record))
        elif record.topic == self._dead:
            self._bury(record)
        elif record.topic == self._effects:
            self._effect(record)
        elif record.topic in {self._events, self._state, self._control} or record.topic.startswith(self._tasks):
            if poison_number(record) is None:
                raise Violation("fenced", f"a record of {record.topic} was written outside any transaction")

    def _effect(self, record: Record) -> None:
        """Invariant 5: what counts as done has happened."""
        if record.value is None or header(record.headers, "ce_type") != EffectEnded.TYPE:
            return
        ended = EffectEnded.read(record.value)
        if ended.status == "done":
            self._outside.must_have_done(ended.key)

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
        self.histories.committed(events, tasks, state)

    def _held(self, session: Session, partition: int) -> None:
        """Invariant 3: no decision comes from an owner whose successor has begun to restore."""
        node, _ = self._owner_sessions[session.transactional_id]
        holder = self._holders.get(partition)
        if holder != node:
            raise Violation("fenced", f"{node} committed to partition {partition}, which {holder} has taken over")

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
