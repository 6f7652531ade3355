"""The kept runs, as parts in a table: what the ledger folds into and answers from."""

import logging
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterator, MutableMapping
from typing import Final

from pydantic import ValidationError

from collegium.ledger.folding import RunRecord, Source, fold
from collegium.ledger.latencies import LatencyBook, new_samples
from collegium.ledger.stored import HEAD, assemble, parts_of
from collegium.ledger.views import LatencyReport, RunSummary, RunView
from collegium_schemas.envelope import explain
from collegium_schemas.events import RunDecided

logger = logging.getLogger(__name__)

MAX_DECODED: Final = 256
"""Records kept decoded, least recently used first out."""

MAX_STRAYS: Final = 64
"""Runs of which only later decisions were seen, such as ones that were evicted."""

Table = MutableMapping[str, bytes]
"""`run_id/part` to canonical JSON. Deleting a missing key is not asked of it."""


class Shelf:
    """Run records in a table, bounded: past `runs_per_partition` the oldest ended run of the partition goes.

    A table is written part by part, the head last, and folding is idempotent: after a crash in between, the same
    decision is folded again.

    Args:
        table: Where parts are kept; it may be empty or restored.
        runs_per_partition: The bound, at least 1.
    """

    def __init__(self, table: Table, *, runs_per_partition: int) -> None:
        self._table = table
        self._most = runs_per_partition
        self._summaries: dict[str, RunSummary] = {}
        self._parts: defaultdict[str, set[str]] = defaultdict(set)
        self._by_partition: defaultdict[int, set[str]] = defaultdict(set)
        self._decoded: OrderedDict[str, RunRecord] = OrderedDict()
        self._strays: OrderedDict[str, RunRecord] = OrderedDict()
        self._latencies = LatencyBook()

    def __len__(self) -> int:
        return len(self._summaries)

    def rebuild(self, partitions: Collection[int] | None = None) -> None:
        """Take over what the table holds now, as after a restart or a rebalance.

        Args:
            partitions: Only runs of these; the table may still hold runs of partitions that it lost.

        What another version has written and this one cannot read counts for nothing: then `next_offset` is None
        everywhere, and everything is folded again.
        """
        self._forget()
        for key in self._table:
            run_id, _, part = key.partition("/")
            self._parts[run_id].add(part)
        for run_id in [run_id for run_id, parts in self._parts.items() if HEAD not in parts]:
            del self._parts[run_id]  # a crash came before its head; its first decision will be read again
        try:
            for run_id in self._parts:
                record = self._load(run_id)
                history = None if record.summary is None else record.summary.history
                lost = partitions is not None and history is not None and history.partition not in partitions
                if record.summary is not None and not lost:
                    self._index(record.summary)
                    self._latencies.add(new_samples(RunRecord(), record))
        except ValidationError as error:
            logger.warning("the kept views cannot be read and are folded again from run-events: %s", explain(error))
            self._forget()

    def _forget(self) -> None:
        self._summaries.clear()
        self._parts.clear()
        self._by_partition.clear()
        self._decoded.clear()
        self._strays.clear()
        self._latencies = LatencyBook()

    def next_offset(self, partition: int) -> int | None:
        """The offset of run-events after everything that the table includes; None when it includes nothing."""
        histories = (self._summaries[run_id].history for run_id in self._by_partition[partition])
        return max((history.last_offset + 1 for history in histories if history is not None), default=None)

    def fold(self, decided: RunDecided, source: Source) -> bool:
        """Fold one decision and write what changed; False when it was folded before."""
        run_id = decided.run_id
        before = self._load(run_id) if run_id in self._summaries else self._strays.get(run_id, RunRecord())
        after = fold(before, decided, source)
        if after is before:
            return False
        if after.summary is None:
            self._stray(run_id, after)
            return True
        self._strays.pop(run_id, None)
        self._write(run_id, before, after)
        self._latencies.add(new_samples(before, after))
        self._remember(run_id, after)
        self._index(after.summary)
        self._evict(source.partition)
        return True

    def view(self, run_id: str) -> RunView | None:
        """The view of a kept run."""
        return self._load(run_id).view() if run_id in self._summaries else None

    def summaries(self) -> Collection[RunSummary]:
        """All kept runs, in no order."""
        return self._summaries.values()

    def latencies(self, *, complete: bool) -> LatencyReport:
        """Per-stage latencies of what was folded here."""
        return self._latencies.report(complete=complete)

    def _write(self, run_id: str, before: RunRecord, after: RunRecord) -> None:
        for part, value in parts_of(before, after):
            if value is not None:
                self._table[f"{run_id}/{part}"] = value
                self._parts[run_id].add(part)
            elif part in self._parts[run_id]:
                del self._table[f"{run_id}/{part}"]
                self._parts[run_id].discard(part)

    def _load(self, run_id: str) -> RunRecord:
        record = self._decoded.get(run_id)
        if record is None:
            record = assemble(dict(self._stored(run_id)))
        self._remember(run_id, record)
        return record

    def _stored(self, run_id: str) -> Iterator[tuple[str, bytes]]:
        return ((part, self._table[f"{run_id}/{part}"]) for part in self._parts[run_id])

    def _remember(self, run_id: str, record: RunRecord) -> None:
        self._decoded[run_id] = record
        self._decoded.move_to_end(run_id)
        while len(self._decoded) > MAX_DECODED:
            self._decoded.popitem(last=False)

    def _stray(self, run_id: str, record: RunRecord) -> None:
        self._strays[run_id] = record
        self._strays.move_to_end(run_id)
        while len(self._strays) > MAX_STRAYS:
            self._strays.popitem(last=False)

    def _index(self, summary: RunSummary) -> None:
        self._summaries[summary.run_id] = summary
        if summary.history is not None:
            self._by_partition[summary.history.partition].add(summary.run_id)

    def _evict(self, partition: int) -> None:
        """Make room in one partition: a table may only be changed where its stream is."""
        runs = self._by_partition[partition]
        while len(runs) > self._most:
            oldest = min(runs, key=lambda run_id: _age(self._summaries[run_id]))
            # The head goes first: without it the rest counts for nothing.
            for part in sorted(self._parts[oldest], key=lambda part: part != HEAD):
                del self._table[f"{oldest}/{part}"]
            runs.discard(oldest)
            del self._parts[oldest], self._summaries[oldest]
            self._decoded.pop(oldest, None)


def _age(summary: RunSummary) -> tuple[bool, int]:
    """Ended runs first, oldest first; only then live ones."""
    return (summary.ended_at_ms is None, summary.ended_at_ms or summary.updated_at_ms)
