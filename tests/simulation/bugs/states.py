"""Bugs in state: what is stored, restored and believed."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

from collegium.log.port import Log, Record, TopicPartition, TransactionalProducer
from collegium.orchestrator.core.decision import Decided
from collegium.orchestrator.core.model import Input, Rules, Run
from collegium.orchestrator.shell import owner, restoring, service, writing
from collegium.orchestrator.shell.owner import PartitionOwner
from collegium.orchestrator.shell.parts import HEADER, Part, changed_parts
from collegium.orchestrator.shell.restoring import Restored, restore
from collegium.orchestrator.shell.store import RunStore
from collegium.orchestrator.shell.timers import Timers
from collegium.orchestrator.shell.transaction import Batch, Batcher
from collegium_schemas.state import SubtaskPart
from simulation.bugs.applying import Bug, Change


async def _restore_without_timers(
    log: Log, source: TopicPartition, rules: Rules, store: RunStore, *, latest: int
) -> Restored:
    restored = await restore(log, source, rules, store, latest=latest)
    return replace(restored, timers=Timers())


async def _restore_without_positions(
    log: Log, source: TopicPartition, rules: Rules, store: RunStore, *, latest: int
) -> Restored:
    restored = await restore(log, source, rules, store, latest=latest)
    return replace(restored, positions={})


class _TakesNoTombstones(restoring._Reading):  # pyright: ignore[reportPrivateUsage]
    def take(self, pairs: Sequence[tuple[bytes | None, bytes | None]]) -> None:
        super().take([(key, body) for key, body in pairs if body is not None])


def _forget_retries(before: Run | None, after: Run | None) -> Iterator[tuple[str, Part | None]]:
    for name, part in changed_parts(before, after):
        if isinstance(part, SubtaskPart) and part.retry_at_ms is not None:
            yield name, part.model_copy(update={"retry_at_ms": None})
        else:
            yield name, part


def _tombstones_early(before: Run | None, after: Run | None) -> Iterator[tuple[str, Part | None]]:
    for name, part in changed_parts(before, after):
        ended = after is not None and after.header.status.terminal
        yield name, None if ended and name == HEADER else part


def _header_stays(before: Run | None, after: Run | None) -> Iterator[tuple[str, Part | None]]:
    for name, part in changed_parts(before, after):
        if part is not None or name != HEADER:
            yield name, part


class _Published(Batcher):
    """Makes memory follow as soon as a batch is decided."""

    publish: Callable[[Batch, dict[str, int]], None]

    def make(self, *arguments: Any, **named: Any) -> Batch:  # noqa: ANN401 - as the method that it stands for
        batch = super().make(*arguments, **named)
        if batch.records:
            self.publish(batch, batch.positions)
        return batch


class _PublishesBeforeCommitting(PartitionOwner):
    async def _serve(self, producers: tuple[TransactionalProducer, ...]) -> None:
        publish = self._publish

        class Eager(_Published):
            def publish(self, batch: Batch, positions: dict[str, int]) -> None:  # type: ignore[override]
                publish(batch, positions)

        owner.Batcher = Eager
        serving = super()._serve(producers)
        await serving


class _KeepsMemory(PartitionOwner):
    """After an unknown outcome memory is what it was, whatever the log says."""

    _served_before = False

    async def _open(self, open_things: AsyncExitStack) -> tuple[TransactionalProducer, ...]:
        kept = (self._store, self._timers, self._positions)
        producers = await super()._open(open_things)
        if self._served_before:
            self._store, self._timers, self._positions = kept
        self._served_before = True
        return producers


class _DecidesOnCommitted(Batcher):
    """Every input of a batch is decided on the committed run, whatever the inputs before it in the batch did."""

    def _decide(
        self, happened: Input, record: Record | None, batch: Batch, inline: dict[str, str], now_ms: int
    ) -> Decided:
        earlier, batch.runs = batch.runs, {}
        decided = super()._decide(happened, record, batch, inline, now_ms)
        batch.runs = {**earlier, **batch.runs}
        return decided


class _DropsTimersLeftOver(Batcher):
    """Timers that a full transaction leaves over are gone."""

    def make(self, *arguments: Any, **named: Any) -> Batch:  # noqa: ANN401 - as the method that it stands for
        batch = super().make(*arguments, **named)
        batch.fired_left = ()
        return batch


BUGS = (
    Bug("timers-not-restored", "a new owner arms no timers", (Change(owner, "restore", _restore_without_timers),)),
    Bug(
        "positions-not-restored",
        "a new owner reads its inputs anew",
        (Change(owner, "restore", _restore_without_positions),),
    ),
    Bug("tombstones-ignored", "a restore takes no tombstones", (Change(restoring, "_Reading", _TakesNoTombstones),)),
    Bug(
        "retry-time-not-stored",
        "when a retry is due is not stored",
        (Change(writing, "changed_parts", _forget_retries),),
    ),
    Bug(
        "tombstone-before-archive",
        "a run's header is removed when it ends",
        (Change(writing, "changed_parts", _tombstones_early),),
    ),
    Bug("archive-keeps-header", "an archived run's header stays", (Change(writing, "changed_parts", _header_stays),)),
    Bug(
        "memory-before-commit",
        "memory and spans follow a decision before its commit",
        (Change(service, "PartitionOwner", _PublishesBeforeCommitting), Change(owner, "Batcher", Batcher)),
    ),
    Bug("memory-kept", "after an unknown outcome memory is kept", (Change(service, "PartitionOwner", _KeepsMemory),)),
    Bug(
        "decides-on-committed",
        "inputs of one batch do not see each other",
        (Change(owner, "Batcher", _DecidesOnCommitted),),
    ),
    Bug(
        "leftover-timers-dropped",
        "timers that a full transaction leaves over are gone",
        (Change(owner, "Batcher", _DropsTimersLeftOver),),
    ),
)
