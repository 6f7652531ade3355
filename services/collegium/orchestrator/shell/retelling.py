"""Emitting again what the owner before may not have exported: the spans of its last decisions.

A decision's spans leave the process after its commit, and a little later still for the collector. A kill -9 in between
would leave the specialists' spans without their parents, for good. All of a decision's spans follow from history, so
the next owner reads the end of run-events and emits them again, with the same ids; readers drop what they have twice.
"""

import asyncio
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Final

from collegium.log.errors import LogError
from collegium.log.port import Log, TopicPartition
from collegium.log.topics import TopicNames
from collegium.orchestrator.core.folding import evolve
from collegium.orchestrator.core.model import Run
from collegium.orchestrator.errors import StateUnreadable
from collegium.orchestrator.shell.parts import assemble
from collegium.orchestrator.shell.spans import decision_spans, restored_spans
from collegium.orchestrator.shell.transaction import Made
from collegium.telemetry.tracing import FinishedSpan, Tracing
from collegium_schemas.base import TraceContext
from collegium_schemas.envelope import EnvelopeError, decode
from collegium_schemas.events import AttemptSucceeded, RunAccepted, RunDecided, RunRejected

logger = logging.getLogger(__name__)

Histories = Mapping[str, tuple[RunDecided, ...]]
"""Run id -> its decisions in order, as far back as they were read."""

_FIRST_RECORDS: Final = 500
_POLL_RECORDS: Final = 200
"""Few: they are decoded while the partition is served already."""

_POLL_MS: Final = 500
_SPANS_AT_ONCE: Final = 10
_BREATH_S: Final = 0.01
"""After so many spans it waits: the partition's first commits come before spans."""


@dataclass(frozen=True, slots=True)
class Retelling:
    """What one new owner emits again, beside its first work: nothing of it is needed to decide and commit."""

    log: Log
    names: TopicNames
    tracing: Tracing
    partition: int
    window_ms: int
    most_records: int
    pause_s: float
    """How long to wait while the log cannot be reached."""

    async def tell(self, latest: Sequence[Mapping[str, bytes]], end: int) -> None:
        """Emit the spans of history up to `end`, and of the attempts under way in the latest runs.

        Args:
            latest: Parts of runs, as they were restored.
            end: Where run-events ended when the partition was restored.
        """
        while True:
            try:
                last = await last_spans(
                    self.log, self.names, self.partition, window_ms=self.window_ms, most=self.most_records, end=end
                )
                break
            except LogError as error:
                logger.info("partition %d: its last spans are told later: %s", self.partition, error)
                await asyncio.sleep(self.pause_s)
        for number, span in enumerate(chain(last, self._under_way(latest)), 1):
            self.tracing.emit(span)
            if number % _SPANS_AT_ONCE == 0:
                await asyncio.sleep(_BREATH_S)

    def _under_way(self, latest: Iterable[Mapping[str, bytes]]) -> Iterator[FinishedSpan]:
        for parts in latest:
            try:
                run = assemble(parts)
            except StateUnreadable as error:  # it ends the process when the run is needed; here it costs spans alone
                logger.warning("partition %d: no spans of a restored run: %s", self.partition, error)
                continue
            if run is not None:
                yield from restored_spans(run, self.names)


async def last_spans(
    log: Log, names: TopicNames, partition: int, *, window_ms: int, most: int, end: int | None = None
) -> Iterator[FinishedSpan]:
    """The spans of the decisions at the end of a partition's history.

    Args:
        log: Where to read.
        names: Full topic names.
        partition: The partition.
        window_ms: How long before the newest decision, by their own times; and as long before each change of owner
            that this meets.
        most: How many records are looked at. A run that began before them is left out.
        end: Where history ends, as the caller found it; where it ends now, when absent.

    Raises:
        LogUnavailable: the log cannot be reached.
    """
    source = TopicPartition(names("run-events"), partition)
    first = (await log.beginning_offsets([source]))[source]
    if end is None:
        end = (await log.end_offsets([source]))[source]
    look = min(_FIRST_RECORDS, most)
    while True:
        start = max(first, end - look)
        found = await _read(log, source, start, end)
        since_ms = _since_ms(found, window_ms)
        histories = _recent(found, since_ms)
        reached = bool(found) and found[0].at_ms < since_ms
        whole = reached and all(history[0].version == 1 for history in histories.values())
        if start == first or look >= most or whole:
            return _spans(histories, since_ms, names)
        look = min(look * 4, most)


async def _read(log: Log, source: TopicPartition, start: int, end: int) -> list[RunDecided]:
    if start >= end:
        return []
    found: list[RunDecided] = []
    reader = await log.assign({source: start})
    try:
        while await reader.position(source) < end:
            for records in (await reader.poll(max_records=_POLL_RECORDS, timeout_ms=_POLL_MS)).values():
                for record in records:
                    if record.offset >= end:
                        break  # decided since by the new owner, which tells of it: the window must not move with it
                    try:
                        found.append(decode(record.headers, record.value, RunDecided))
                    except EnvelopeError:
                        continue  # not ours; the ledger reports it
    finally:
        await reader.close()
    return found


def _since_ms(found: Sequence[RunDecided], window_ms: int) -> int:
    """When the window begins: so long before the newest decision, and before each change of owner that is within it.

    An owner that lived for less than the window may have been killed before it had told what the one before it left.
    """
    since_ms = max((decided.at_ms for decided in found), default=0) - window_ms
    for earlier, later in reversed(list(pairwise(found))):
        if later.at_ms < since_ms:
            break
        if earlier.owner != later.owner:
            since_ms = min(since_ms, earlier.at_ms - window_ms)
    return since_ms


def _recent(found: Sequence[RunDecided], since_ms: int) -> Histories:
    """The runs that something happened to since then, with all that was read of them."""
    recent = {decided.run_id for decided in found if decided.at_ms >= since_ms}
    histories: dict[str, list[RunDecided]] = {run_id: [] for run_id in recent}
    for decided in found:
        if decided.run_id in recent:
            histories[decided.run_id].append(decided)
    return {run_id: tuple(history) for run_id, history in histories.items()}


def _spans(histories: Histories, since_ms: int, names: TopicNames) -> Iterator[FinishedSpan]:
    for history in histories.values():
        if [decided.version for decided in history] != list(range(1, len(history) + 1)):
            continue  # it began before, or a newer version wrote a decision that this one cannot read
        run: Run | None = None
        for decided in history:
            before, run = run, evolve(run, decided)
            if decided.at_ms >= since_ms:
                topic = None if decided.origin.topic is None else names(decided.origin.topic)
                made = Made(decided, run, before, _received(decided), topic)
                yield from decision_spans(made, names, decided.at_ms)


def _received(decided: RunDecided) -> TraceContext | None:
    """The context of the record that led to a decision, where history has it."""
    for event in decided.events:
        match event:
            case RunAccepted() | RunRejected():
                return event.trace_parent
            case AttemptSucceeded():
                return event.trace
            case _:
                pass
    return None
