"""One transaction in the making: decisions on a batch of inputs, and the records that make them durable."""

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from pydantic_core import to_json

from collegium.log.dead_letters import dead_letter
from collegium.log.partitioner import partition_for
from collegium.log.port import Outgoing, Record
from collegium.log.topics import TopicNames
from collegium.orchestrator.core.deciding import decide, fail_undoing, give_up
from collegium.orchestrator.core.decision import Decided
from collegium.orchestrator.core.model import Input, Moment, ObjectiveInvalid, OutcomeArrived, Rules, Run, TimerFired
from collegium.orchestrator.errors import DecisionTooLarge
from collegium.orchestrator.shell.intake import DeadLetter, Intake, Understood, as_sent, movable, moved, refusal
from collegium.orchestrator.shell.store import RunStore
from collegium.orchestrator.shell.writing import Writer, Written
from collegium_schemas.base import TraceContext
from collegium_schemas.envelope import trace_of
from collegium_schemas.events import InputRefused, Origin, RunDecided, RunRejected
from collegium_schemas.tasks import ContextRef, TaskSucceeded

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Made:
    """A decision, with what the trace and the metrics want to know of it."""

    decided: RunDecided
    after: Run | None
    before: Run | None
    received: TraceContext | None
    """The context of the record that led to it."""
    topic: str | None


@dataclass(slots=True)
class Batch:
    """Everything that one transaction holds, and what becomes true in memory once it is committed."""

    records: list[Outgoing] = field(default_factory=list[Outgoing])
    made: list[Made] = field(default_factory=list[Made])
    runs: dict[str, tuple[Run | None, Run | None]] = field(default_factory=dict[str, tuple[Run | None, Run | None]])
    """Run id -> as committed before, as after this batch."""
    changed: dict[str, dict[str, bytes | None]] = field(default_factory=dict[str, dict[str, bytes | None]])
    """Run id -> state parts written."""
    size_bytes: int = 0
    """Of all values, state that was overwritten within the batch included."""
    positions: dict[str, int] = field(default_factory=dict[str, int])
    """Next offsets per input topic, the batch's inputs included."""
    records_left: Sequence[Record] = ()
    """Inputs that the next batch has to take, because this one is full."""
    fired_left: Sequence[TimerFired] = ()
    _state: dict[str, dict[str, Outgoing]] = field(default_factory=dict[str, dict[str, Outgoing]])
    dropped: list[str] = field(default_factory=list[str])
    dead_letters: int = 0
    forwarded: int = 0

    def add(self, record: Outgoing) -> None:
        """Take a record that follows from no decision."""
        self.records.append(record)
        self.size_bytes += len(record.value or b"")

    def take(self, run_id: str, written: Written, received: TraceContext | None, topic: str | None) -> None:
        """Take a decision. The state that it leaves replaces what earlier decisions of the batch left."""
        for decided, before, after in written.steps:
            self.made.append(Made(decided, after, before, received, topic))
        self.records.extend(written.records)
        self._state.setdefault(run_id, {}).update(written.state)
        self.size_bytes += written.size_bytes

    def close(self) -> None:
        """Add the state that the decisions leave to the records."""
        for run_id, parts in self._state.items():
            self.records.extend(parts.values())
            self.changed[run_id] = {name: record.value for name, record in parts.items()}


class Batcher:
    """Turns inputs of one partition into batches. Holds no state of its own between batches.

    Args:
        writer: Writes decisions of the partition that it works for.
        partitions: How many partitions the co-partitioned topics have.
        rules: What decisions depend on.
        intake: Understands records.
        store: The committed runs; read only.
        entropy: What spreads retries, in [0, 1).
        most_bytes: Once so much is written, a batch takes no further input.
    """

    def __init__(
        self,
        *,
        writer: Writer,
        partitions: int,
        rules: Rules,
        intake: Intake,
        store: RunStore,
        entropy: Callable[[], float],
        most_bytes: int,
    ) -> None:
        self._writer = writer
        self._partition = writer.partition
        self._partitions = partitions
        self._names = writer.names
        self._rules = rules
        self._intake = intake
        self._store = store
        self._entropy = entropy
        self._most_bytes = most_bytes

    def make(
        self,
        records: Sequence[Record],
        fired: Sequence[TimerFired],
        positions: Mapping[str, int],
        durable: Mapping[str, int],
        now_ms: int,
    ) -> Batch:
        """Decide on inputs in order, until the batch is full, and collect what their transaction consists of.

        Args:
            records: New records of the input topics, each partition's in order.
            fired: Timers that are due.
            positions: Next offsets per input topic before these records.
            durable: The positions that run-state holds already, which need not be written again.
            now_ms: The time of all decisions of the batch.
        """
        batch = Batch(positions=dict(positions))
        inline: dict[str, str] = {}
        for taken, record in enumerate(records):
            if batch.size_bytes >= self._most_bytes:
                batch.records_left, batch.fired_left = records[taken:], fired
                break
            self._take(record, batch, inline, now_ms)
            batch.positions[record.topic] = record.offset + 1
        else:
            for taken, timer in enumerate(fired):
                if batch.size_bytes >= self._most_bytes:
                    batch.fired_left = fired[taken:]
                    break
                self._decide(timer, None, batch, inline, now_ms)
        batch.close()
        if batch.records:
            batch.records.extend(
                self._writer.position(topic, offset, now_ms)
                for topic, offset in batch.positions.items()
                if durable.get(topic) != offset
            )
        return batch

    def _take(self, record: Record, batch: Batch, inline: dict[str, str], now_ms: int) -> None:
        understood = self._intake.understand(record)
        if isinstance(understood, DeadLetter):
            self._bury(record, understood.reason, batch)
            return
        happened = understood.happened
        home = partition_for(happened.run_id.encode(), self._partitions)
        if home != self._partition:
            self._forward(record, understood, home, batch)
            return
        if isinstance(happened, OutcomeArrived) and isinstance(happened.outcome, TaskSucceeded):
            inline.update(verified_inline(happened.outcome))
        decided = self._decide(happened, record, batch, inline, now_ms)
        reason = decided.unusable or _refusal(decided)
        if reason is not None and not understood.kept:
            self._bury(record, reason, batch)

    def _forward(self, record: Record, understood: Understood, home: int, batch: Batch) -> None:
        happened = understood.happened
        if movable(record):
            batch.add(moved(record, happened.run_id, home))
        elif isinstance(happened, ObjectiveInvalid):
            self._bury(record, happened.reason, batch)
            batch.add(refusal(record, happened, home))
        batch.forwarded += 1

    def _bury(self, record: Record, reason: str, batch: Batch) -> None:
        topic = self._names("dead-letters")
        batch.add(
            dead_letter(as_sent(record), topic=topic, stage="orchestrator", error_class="UnusableInput", reason=reason)
        )
        batch.dead_letters += 1

    def _decide(
        self, happened: Input, record: Record | None, batch: Batch, inline: dict[str, str], now_ms: int
    ) -> Decided:
        run_id = happened.run_id
        committed, run = batch.runs.get(run_id) or (self._store.load(run_id),) * 2
        moment = Moment(now_ms, self._entropy())
        origin = _origin(record, self._names)
        try:
            decision = decide(run, happened, self._rules, moment)
            written = self._writer.write(decision, run, run_id, origin, inline, now_ms)
        except Exception as error:  # else one input would stop its partition, at every restart again
            logger.exception("no decision on input %s: the run is given up", origin, extra={"run_id": run_id})
            decision, written = self._given_up(run, happened, origin, error, moment)
        if decision.dropped is not None:
            batch.dropped.append(decision.dropped)
        if written is not None:
            batch.runs[run_id] = (committed, written.after)
            received = None if record is None else trace_of(record.headers)
            batch.take(run_id, written, received, None if record is None else record.topic)
        return decision

    def _given_up(
        self, run: Run | None, happened: Input, origin: Origin, error: Exception, moment: Moment
    ) -> tuple[Decided, Written | None]:
        """The run's end. Where a decision was only too large, the run's effects are undone first, if that fits."""
        run_id, now_ms, reason = happened.run_id, moment.now_ms, _why(error)
        if run is not None and isinstance(error, DecisionTooLarge):
            failed = fail_undoing(run, reason, self._rules, moment)
            if failed is not None:
                with suppress(DecisionTooLarge):
                    return failed, self._writer.write(failed, run, run_id, origin, {}, now_ms)
        decision = give_up(run, happened, reason, self._rules, moment)
        return decision, self._writer.write(decision, run, run_id, origin, {}, now_ms)


def verified_inline(outcome: TaskSucceeded) -> dict[str, str]:
    """The inline content of an outcome, by hash: of the size that it claims, at most doubled by JSON's escapes.

    Readers fetch whatever else there is, and find out what is wrong with it.
    """
    return {
        ref.sha256: ref.inline for ref in outcome.outputs if ref.inline is not None and _as_claimed(ref, ref.inline)
    }


def _as_claimed(ref: ContextRef, inline: str) -> bool:
    content = inline.encode()
    if len(content) != ref.size_bytes or hashlib.sha256(content).hexdigest() != ref.sha256:
        return False
    return len(to_json(inline)) <= 2 * len(content) + 2


def _refusal(decided: Decided) -> str | None:
    """Why the sender's record belongs into dead-letters as well."""
    for event in decided.events:
        if isinstance(event, RunRejected | InputRefused):
            return event.reason
    return None


def _why(error: Exception) -> str:
    """For whoever reads the run's history."""
    if isinstance(error, DecisionTooLarge):
        return str(error)
    return "internal error: " + " ".join(f"{type(error).__name__}: {error}".split())[:1_000]


def _origin(record: Record | None, names: TopicNames) -> Origin:
    if record is None:
        return Origin(kind="timer")
    short = names.short(record.topic)
    kind = "objective" if short == "objectives" else "intervention" if short == "interventions" else "result"
    return Origin(kind=kind, topic=short, partition=record.partition, offset=record.offset)
