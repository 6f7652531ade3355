"""Taking partitions over: what the member before has left, and a mark that they are held from now on."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Final

from collegium.agent.offsets import PartitionOffsets
from collegium.agent.standing import Standing
from collegium.log.errors import LogError
from collegium.log.port import Committed, Consumer, Log, TopicPartition

_log = logging.getLogger(__name__)
_BOUND_S: Final = 5
_NONE: Final[Mapping[TopicPartition, int]] = {}


async def taken_over(
    log: Log, consumer: Consumer, partitions: frozenset[TopicPartition], *, by: str
) -> Mapping[TopicPartition, PartitionOffsets]:
    """Read what is known of newly assigned partitions and mark them as held, in one commit for all of them.

    Args:
        log: The log.
        consumer: A member of the group.
        partitions: What it was given.
        by: Which process this is.

    Returns:
        Offsets to begin from; of no partition when the log does not answer: work goes on without suspicion then.
    """
    try:
        async with asyncio.timeout(_BOUND_S):
            begun = await _inherited(log, consumer, partitions, by)
            offsets = {partition: base for partition, (base, _) in begun.items()}
            lines = {partition: standing.line(base, seen=base) for partition, (base, standing) in begun.items()}
            await consumer.commit(offsets, lines)
    except (LogError, TimeoutError) as error:
        _log.warning("partitions are taken without a look at who had them before: %r", error)
        return {}
    return {partition: PartitionOffsets(base, standing) for partition, (base, standing) in begun.items()}


async def _inherited(
    log: Log, consumer: Consumer, partitions: frozenset[TopicPartition], by: str
) -> dict[TopicPartition, tuple[int, Standing]]:
    recorded = await consumer.committed(partitions)
    fresh = partitions - recorded.keys()
    starts = await log.beginning_offsets(fresh) if fresh else _NONE
    lines = {partition: Standing.read(committed.metadata) for partition, committed in recorded.items()}
    held = [partition for partition, standing in lines.items() if standing.open]
    ends = await log.end_offsets(held) if held else _NONE
    found = {partition: (start, Standing(open=True, by=by)) for partition, start in starts.items()}
    for partition, standing in lines.items():
        found[partition] = _suspecting(partition, recorded[partition], standing, by, ends.get(partition, 0))
    return found


def _suspecting(
    partition: TopicPartition, committed: Committed, before: Standing, by: str, end: int
) -> tuple[int, Standing]:
    standing = before.inherited(by, committed.offset, end)
    if before.open and before.by != by and standing.once:
        _log.warning(
            "%s-%d was not given back: whoever had it ended, or lost its place, while it may have worked on offsets "
            "%d to %d",
            partition.topic,
            partition.partition,
            committed.offset,
            standing.once - 1,
        )
    return committed.offset, standing
