"""Bugs in reading inputs."""

from collections.abc import Mapping

from collegium.log.port import Record
from collegium.orchestrator.shell import owner, service
from collegium.orchestrator.shell.intake import DeadLetter
from collegium.orchestrator.shell.owner import PartitionOwner
from collegium.orchestrator.shell.transaction import Batch, Batcher
from simulation.bugs.applying import Bug, Change


class _DoesNotSeek(PartitionOwner):
    """Inputs go on where the consumer stands."""

    async def _existing(self, wanted: Mapping[str, int]) -> dict[str, int]:
        return {topic: await self._consumer.position(tp) for topic, tp in self._inputs.items()}


class _DropsNothing(PartitionOwner):
    """Inputs below the positions are taken again."""

    def _take(self, most: int) -> list[Record]:
        taken = [self._inbox.popleft() for _ in range(min(most, len(self._inbox)))]
        self._inbox_bytes = sum(len(record.value or b"") for record in self._inbox)
        if self._held and not self._inbox:
            self._held = False
            self._consumer.resume(self._inputs.values())
        return taken


class _NeverResumes(PartitionOwner):
    """An inbox that was full once keeps its inputs paused."""

    def _take(self, most: int) -> list[Record]:
        held = self._held
        self._held = False
        taken = super()._take(most)
        self._held = held
        return taken


class _ReadsFromTheEnd(PartitionOwner):
    """A partition without positions is read from its end: what came before the first owner is lost."""

    async def _existing(self, wanted: Mapping[str, int]) -> dict[str, int]:
        found = await super()._existing(wanted)
        ends = await self._shared.log.end_offsets(list(self._inputs.values()))
        return {topic: ends[self._inputs[topic]] if wanted[topic] < 0 else at for topic, at in found.items()}


class _ForwardsNothing(Batcher):
    """An objective is worked on wherever it lands."""

    def _take(self, record: Record, batch: Batch, inline: dict[str, str], now_ms: int) -> None:
        self._partitions, partitions = 1, self._partitions
        self._partition, partition = 0, self._partition
        super()._take(record, batch, inline, now_ms)
        self._partitions, self._partition = partitions, partition


class _BuriesNothing(Batcher):
    def _take(self, record: Record, batch: Batch, inline: dict[str, str], now_ms: int) -> None:
        if not isinstance(self._intake.understand(record), DeadLetter):
            super()._take(record, batch, inline, now_ms)


BUGS = (
    Bug(
        "inputs-not-sought",
        "a new owner reads on where its consumer stands",
        (Change(service, "PartitionOwner", _DoesNotSeek),),
    ),
    Bug(
        "old-inputs-taken",
        "inputs below the positions are taken again",
        (Change(service, "PartitionOwner", _DropsNothing),),
    ),
    Bug(
        "inbox-stays-paused",
        "an inbox that was full is never resumed",
        (Change(service, "PartitionOwner", _NeverResumes),),
    ),
    Bug(
        "starts-at-the-end",
        "a partition without positions is read from its end",
        (Change(service, "PartitionOwner", _ReadsFromTheEnd),),
    ),
    Bug(
        "not-forwarded",
        "an objective is worked on in the partition where it lands",
        (Change(owner, "Batcher", _ForwardsNothing),),
    ),
    Bug("poison-dropped", "what cannot be understood is dropped", (Change(owner, "Batcher", _BuriesNothing),)),
)
