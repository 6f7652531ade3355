"""One transaction in the making: decisions on a batch of inputs, and the records that make them durable."""

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from collegium.log.dead_letters import dead_letter
from collegium.log.partitioner import partition_for
from collegium.log.port import Outgoing, Record
from collegium.log.sizes import MAX_TOPIC_RECORD_BYTES, record_bytes
from collegium.log.topics import TopicNames
from collegium.orchestrator.core.deciding import decide, give_up
from collegium.orchestrator.core.decision import Decided
from collegium.orchestrator.core.messages import commands
from collegium.orchestrator.core.model import Input, Moment, ObjectiveInvalid, OutcomeArrived, Rules, Run, TimerFired
from collegium.orchestrator.shell.intake import DeadLetter, Intake, Understood, as_sent, movable, moved, refusal
from collegium.orchestrator.shell.parts import POSITION_KEY, changed_parts
from collegium.orchestrator.shell.store import RunStore
from collegium.telemetry.tracing import derived_span
from collegium_schemas.base import Message, TraceContext
from collegium_schemas.envelope import Envelope, encode_headers, trace_of
from collegium_schemas.events import InputRefused, Origin, RunDecided, RunRejected
from collegium_schemas.objective import RunStatus
from collegium_schemas.state import InputPosition
from collegium_schemas.tasks import ControlScope, ControlState, TaskRequested, TaskSucceeded

logger = logging.getLogger(__name__)

SOURCE: Final = "/collegium/orchestrator"


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
    dropped: list[str] = field(default_factory=list[str])
    dead_letters: int = 0
    forwarded: int = 0


class Batcher:
    """Turns inputs of one partition into batches. Holds no state of its own between batches.

    Args:
        partition: The partition that it works for.
        partitions: How many partitions the co-partitioned topics have.
        owner: This process, as run-events name it.
        rules: What decisions depend on.
        intake: Understands records.
        store: The committed runs; read only.
    """

    def __init__(
        self,
        *,
        partition: int,
        partitions: int,
        owner: str,
        names: TopicNames,
        rules: Rules,
        intake: Intake,
        store: RunStore,
        entropy: Callable[[], float],
    ) -> None:
        self._partition = partition
        self._partitions = partitions
        self._owner = owner
        self._names = names
        self._rules = rules
        self._intake = intake
        self._store = store
        self._entropy = entropy

    def make(
        self,
        records: Sequence[Record],
        fired: Sequence[TimerFired],
        positions: Mapping[str, int],
        durable: Mapping[str, int],
        now_ms: int,
    ) -> Batch:
        """Decide on inputs in order and collect what their transaction consists of.

        Args:
            records: New records of the input topics, each partition's in order.
            fired: Timers that are due.
            positions: Next offsets per input topic, these records included; part of the transaction.
            durable: The positions that run-state holds already, which need not be written again.
            now_ms: The time of all decisions of the batch.
        """
        batch = Batch()
        inline: dict[str, str] = {}
        for record in records:
            self._take(record, batch, inline, now_ms)
        for timer in fired:
            self._decide(timer, None, batch, inline, now_ms)
        for run_id, (before, after) in batch.runs.items():
            self._write_state(run_id, before, after, batch, now_ms)
        if batch.records:
            batch.records.extend(
                self._position(topic, offset, now_ms)
                for topic, offset in positions.items()
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
            batch.records.append(moved(record, happened.run_id, home))
        elif isinstance(happened, ObjectiveInvalid):
            self._bury(record, happened.reason, batch)
            batch.records.append(refusal(record, happened, home))
        batch.forwarded += 1

    def _bury(self, record: Record, reason: str, batch: Batch) -> None:
        topic = self._names("dead-letters")
        batch.records.append(
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
            decided, records = self._written(decision, run, run_id, origin, inline, now_ms)
        except Exception as error:  # else one input would stop its partition, at every restart again
            logger.exception("no decision on input %s: the run is given up", origin, extra={"run_id": run_id})
            decision = give_up(run, happened, f"internal error: {_line(error)}", self._rules, moment)
            decided, records = self._written(decision, run, run_id, origin, inline, now_ms)
        if decision.dropped is not None:
            batch.dropped.append(decision.dropped)
        if decided is None:
            return decision
        batch.runs[run_id] = (committed, decision.after)
        received = None if record is None else trace_of(record.headers)
        topic = None if record is None else record.topic
        batch.made.append(Made(decided, decision.after, run, received, topic))
        batch.records.extend(records)
        return decision

    def _written(
        self, decision: Decided, run: Run | None, run_id: str, origin: Origin, inline: Mapping[str, str], now_ms: int
    ) -> tuple[RunDecided | None, list[Outgoing]]:
        """The decision as records of run-events, tasks and control; None when it has no events."""
        if not decision.events:
            return None, []
        decided = RunDecided(
            run_id=run_id,
            version=1 if run is None else run.header.version + 1,
            at_ms=now_ms,
            origin=origin,
            owner=self._owner,
            events=decision.events,
        )
        alive = decision.after or run
        trace = None if alive is None else alive.header.trace
        records = [
            self._record("run-events", run_id, decided, decided.event_id, trace, now_ms, partition=self._partition)
        ]
        records += [self._command(message, trace, now_ms) for message in commands(decided, decision.after, inline)]
        if run is not None and decision.after is None and run.header.status is not RunStatus.COMPLETED:
            # The order to stop has done its work: without this the compacted topic would grow for ever.
            records.append(Outgoing(self._names("control"), f"{ControlScope.RUN}/{run_id}".encode(), None))
        if run is not None and decision.after is None:
            effects, home = self._names("effects"), self._partition
            records += [Outgoing(effects, f"{run_id}/{name}".encode(), None, (), home) for name in run.header.effects]
        if (largest := max(map(record_bytes, records))) > MAX_TOPIC_RECORD_BYTES:
            raise ValueError(f"a record of {largest} bytes would be needed; {MAX_TOPIC_RECORD_BYTES} fit: ask for less")
        return decided, records

    def _command(self, message: TaskRequested | ControlState, trace: TraceContext | None, now_ms: int) -> Outgoing:
        if isinstance(message, ControlState):
            key = f"{message.scope}/{message.name}"
            return self._record("control", key, message, f"{message.name}/stopped", trace, now_ms)
        sent = None if trace is None else derived_span(trace, message.task_id, "send")
        return self._record(f"tasks.{message.role}", message.run_id, message, message.task_id, sent, now_ms)

    def _write_state(self, run_id: str, before: Run | None, after: Run | None, batch: Batch, now_ms: int) -> None:
        changed: dict[str, bytes | None] = {}
        for name, part in changed_parts(before, after):
            body = None if part is None else part.to_json()
            changed[name] = body
            headers = () if part is None else encode_headers(Envelope(f"{run_id}/{name}", SOURCE, part.TYPE, now_ms))
            key = f"{run_id}/{name}".encode()
            batch.records.append(Outgoing(self._names("run-state"), key, body, headers, self._partition))
        batch.changed[run_id] = changed

    def _position(self, topic: str, offset: int, now_ms: int) -> Outgoing:
        short = self._names.short(topic)
        position = InputPosition(topic=short, partition=self._partition, next_offset=offset)
        key = POSITION_KEY + short
        return self._record("run-state", key, position, key, None, now_ms, partition=self._partition)

    def _record(
        self,
        topic: str,
        key: str,
        message: Message,
        event_id: str,
        trace: TraceContext | None,
        now_ms: int,
        *,
        partition: int | None = None,
    ) -> Outgoing:
        headers = encode_headers(Envelope(event_id, SOURCE, message.TYPE, now_ms, trace=trace))
        return Outgoing(self._names(topic), key.encode(), message.to_json(), headers, partition)


def verified_inline(outcome: TaskSucceeded) -> dict[str, str]:
    """The inline content of an outcome, by hash, without what does not match its hash: readers fetch that instead."""
    return {
        ref.sha256: ref.inline
        for ref in outcome.outputs
        if ref.inline is not None and hashlib.sha256(ref.inline.encode()).hexdigest() == ref.sha256
    }


def _refusal(decided: Decided) -> str | None:
    """Why the sender's record belongs into dead-letters as well."""
    for event in decided.events:
        if isinstance(event, RunRejected | InputRefused):
            return event.reason
    return None


def _line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:1_000]


def _origin(record: Record | None, names: TopicNames) -> Origin:
    if record is None:
        return Origin(kind="timer")
    short = names.short(record.topic)
    kind = "objective" if short == "objectives" else "intervention" if short == "interventions" else "result"
    return Origin(kind=kind, topic=short, partition=record.partition, offset=record.offset)
