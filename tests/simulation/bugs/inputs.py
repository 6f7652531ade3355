"""Bugs in reading inputs."""

from collegium.log.partitioner import partition_for
from collegium.log.port import Record, TopicPartition
from collegium.orchestrator.shell import owner, service, transaction
from collegium.orchestrator.shell.intake import DeadLetter
from collegium.orchestrator.shell.owner import INPUTS, PartitionOwner
from collegium.orchestrator.shell.transaction import Batch, Batcher
from collegium.simulation.consuming import SimulatedConsumer
from collegium.simulation.log import SimulatedLog
from collegium.simulation.processes import NAMES
from simulation.bugs.applying import Bug, Change


class _DoesNotSeek(SimulatedConsumer):
    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Inputs go on where the consumer stands."""
        if partition.topic not in _INPUTS:
            self._inner.seek(partition, offset)


_INPUTS = {NAMES(name) for name in INPUTS}


class _NeverResumes(PartitionOwner):
    """An inbox that was full once keeps its inputs paused."""

    def _take(self, most: int) -> list[Record]:
        held = self._held
        self._held = False
        taken = super()._take(most)
        self._held = held
        return taken


_HOMES: list[int] = []
"""The partition whose batch is being made, while it is."""


def _here(key: bytes, partitions: int) -> int:
    """A run's home is wherever its input was read."""
    return _HOMES[-1] if _HOMES else partition_for(key, partitions)


class _ForwardsNothing(Batcher):
    """An objective is worked on wherever it lands."""

    def _take(self, record: Record, batch: Batch, inline: dict[str, str], now_ms: int) -> None:
        _HOMES.append(self._partition)
        try:
            super()._take(record, batch, inline, now_ms)
        finally:
            _HOMES.pop()


class _BuriesNothing(Batcher):
    def _take(self, record: Record, batch: Batch, inline: dict[str, str], now_ms: int) -> None:
        if not isinstance(self._intake.understand(record), DeadLetter):
            super()._take(record, batch, inline, now_ms)


BUGS = (
    Bug(
        "inputs-not-sought",
        "a new owner reads on where its consumer stands",
        (Change(SimulatedConsumer, "seek", _DoesNotSeek.seek),),
    ),
    Bug(
        "inbox-stays-paused",
        "an inbox that was full is never resumed",
        (Change(service, "PartitionOwner", _NeverResumes),),
    ),
    Bug(
        "starts-at-the-end",
        "a new owner believes that inputs begin at their end",
        (Change(SimulatedLog, "beginning_offsets", SimulatedLog.end_offsets),),
    ),
    Bug(
        "not-forwarded",
        "an objective is worked on in the partition where it lands",
        (Change(owner, "Batcher", _ForwardsNothing), Change(transaction, "partition_for", _here)),
    ),
    Bug("poison-dropped", "what cannot be understood is dropped", (Change(owner, "Batcher", _BuriesNothing),)),
)
