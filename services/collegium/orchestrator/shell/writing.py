"""A decision as the records that make it durable: its event, its tasks and orders, and the state that it changes."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from collegium.log.port import Outgoing
from collegium.log.topics import TopicNames
from collegium.orchestrator.core.decision import Decided
from collegium.orchestrator.core.folding import evolve
from collegium.orchestrator.core.messages import InlineRoom, commands
from collegium.orchestrator.core.model import Run
from collegium.orchestrator.core.sizes import in_parts
from collegium.orchestrator.errors import DecisionTooLarge
from collegium.orchestrator.shell.parts import POSITION_KEY, Part, changed_parts
from collegium.telemetry.tracing import derived_span
from collegium_schemas.base import Message, TraceContext
from collegium_schemas.effects import effect_record_key
from collegium_schemas.envelope import Envelope, encode_headers
from collegium_schemas.events import Origin, RunDecided
from collegium_schemas.limits import MAX_MESSAGE_BYTES
from collegium_schemas.objective import RunStatus
from collegium_schemas.state import InputPosition
from collegium_schemas.tasks import ControlScope, ControlState, TaskRequested

SOURCE: Final = "/collegium/orchestrator"

MAX_DECISION_BYTES: Final = 33_554_432
"""Values of all records of one decision, which one transaction must hold."""


class Step(NamedTuple):
    """A record of run-events: what is decided, and the run before and after it."""

    decided: RunDecided
    before: Run | None
    after: Run | None


class Written(NamedTuple):
    """A decision in writing."""

    steps: list[Step]
    """One, but for a decision that no record can hold."""
    records: list[Outgoing]
    state: dict[str, Outgoing]
    """By the name of the part."""
    size_bytes: int
    """Of all values."""

    @property
    def after(self) -> Run | None:
        """The run as the decision leaves it."""
        return self.steps[-1].after


class Writer:
    """Writes the decisions of one partition.

    Args:
        partition: The partition.
        owner: This process, as run-events name it.
        names: The topics' names.
        most_record_bytes: What one record's value may take; a decision that takes more becomes several.
        most_bytes: What the values of one decision may take together.
    """

    def __init__(
        self,
        *,
        partition: int,
        owner: str,
        names: TopicNames,
        most_record_bytes: int = MAX_MESSAGE_BYTES,
        most_bytes: int = MAX_DECISION_BYTES,
    ) -> None:
        self.partition = partition
        self.names = names
        self._owner = owner
        self._most_record_bytes = most_record_bytes
        self._most_bytes = most_bytes

    def write(
        self, decision: Decided, run: Run | None, run_id: str, origin: Origin, inline: Mapping[str, str], now_ms: int
    ) -> Written | None:
        """The decision's records; None when it has no events.

        Raises:
            DecisionTooLarge: a record, or all of them, would be larger than what is written.
        """
        if not decision.events:
            return None
        decided = RunDecided(
            run_id=run_id,
            version=1 if run is None else run.header.version + 1,
            at_ms=now_ms,
            origin=origin,
            owner=self._owner,
            events=decision.events,
        )
        steps = [Step(decided, run, decision.after)]
        event = self._event(steps[0])
        if len(event.value or b"") > self._most_record_bytes:
            steps = list(self._steps(decided, run))
            event = self._event(steps[0])
        records, size, room = [event], self._weighed(event, 0), InlineRoom()
        for number, step in enumerate(steps):
            if number:
                records.append(self._event(step))
                size = self._weighed(records[-1], size)
            for record in self._commands(step, inline, room):
                size = self._weighed(record, size)
                records.append(record)
        after, state = steps[-1].after, dict[str, Outgoing]()
        if run is not None and after is None:
            records.extend(self._farewell(run))
        for name, part in changed_parts(run, after):
            state[name] = record = self._part(f"{run_id}/{name}", part, now_ms)
            size = self._weighed(record, size)
        return Written(steps, records, state, size)

    def position(self, topic: str, offset: int, now_ms: int) -> Outgoing:
        """The record that says how far an input topic's partition has been taken."""
        short = self.names.short(topic)
        position = InputPosition(topic=short, partition=self.partition, next_offset=offset)
        key = POSITION_KEY + short
        return self._record("run-state", key, position, key, None, now_ms, partition=self.partition)

    def _steps(self, decided: RunDecided, run: Run | None) -> Iterator[Step]:
        for part in in_parts(decided, self._most_record_bytes):
            after = evolve(run, part)
            yield Step(part, run, after)
            run = after

    def _weighed(self, record: Outgoing, before: int) -> int:
        """The bytes of the decision so far, with another record. Told early: all of a large one might not fit here."""
        size = len(record.value or b"")
        if size > self._most_record_bytes:
            raise DecisionTooLarge("a record", size, self._most_record_bytes)
        if before + size > self._most_bytes:
            raise DecisionTooLarge("a decision", before + size, self._most_bytes)
        return before + size

    def _event(self, step: Step) -> Outgoing:
        decided, alive = step.decided, step.after or step.before
        trace = None if alive is None else alive.header.trace
        home = self.partition
        return self._record(
            "run-events", decided.run_id, decided, decided.event_id, trace, decided.at_ms, partition=home
        )

    def _commands(self, step: Step, inline: Mapping[str, str], room: InlineRoom) -> Iterator[Outgoing]:
        alive, now_ms = step.after or step.before, step.decided.at_ms
        trace = None if alive is None else alive.header.trace
        for message in commands(step.decided, step.after, inline, room):
            if isinstance(message, ControlState):
                key = f"{message.scope}/{message.name}"
                yield self._record("control", key, message, f"{message.name}/stopped", trace, now_ms)
            else:
                yield self._task(message, trace, now_ms)

    def _task(self, task: TaskRequested, trace: TraceContext | None, now_ms: int) -> Outgoing:
        sent = None if trace is None else derived_span(trace, task.task_id, "send")
        return self._record(f"tasks.{task.role}", task.run_id, task, task.task_id, sent, now_ms)

    def _farewell(self, run: Run) -> Iterator[Outgoing]:
        """What leaves the compacted topics with an archived run."""
        run_id = run.header.run_id
        if run.header.status is not RunStatus.COMPLETED:
            # The order to stop has done its work: without this the compacted topic would grow for ever.
            yield Outgoing(self.names("control"), f"{ControlScope.RUN}/{run_id}".encode(), None)
        effects, home = self.names("effects"), self.partition
        for name in run.header.effects:
            key = effect_record_key(f"{run_id}/{name}", run.header.accepted_at_ms)
            yield Outgoing(effects, key.encode(), None, (), home)

    def _part(self, key: str, part: Part | None, now_ms: int) -> Outgoing:
        if part is None:
            return Outgoing(self.names("run-state"), key.encode(), None, (), self.partition)
        headers = encode_headers(Envelope(key, SOURCE, part.TYPE, now_ms))
        return Outgoing(self.names("run-state"), key.encode(), part.to_json(), headers, self.partition)

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
        return Outgoing(self.names(topic), key.encode(), message.to_json(), headers, partition)
