"""What an owner does between two tries: how long it waits, and whether the group still counts it as the owner."""

import asyncio
import logging
from collections.abc import Collection, Mapping

from collegium.log.errors import LogError, LogUnavailable
from collegium.log.port import Consumer, Log, TopicPartition

logger = logging.getLogger(__name__)


class Pauses:
    """How long to wait before the next try: twice as long after each failure, until something succeeds.

    Args:
        first_ms: After the first failure.
        longest_ms: At most.
    """

    def __init__(self, first_ms: int, longest_ms: int) -> None:
        self._first_ms = first_ms
        self._longest_ms = longest_ms
        self._failures = 0

    def failed(self) -> float:
        """Seconds to wait now."""
        pause_ms = min(self._first_ms * 2 ** min(self._failures, 20), self._longest_ms)
        self._failures += 1
        return pause_ms / 1_000

    def succeeded(self) -> None:
        """Begin with the first pause again."""
        self._failures = 0


async def until_ours(
    log: Log, consumer: Consumer, inputs: Collection[TopicPartition], reached: Mapping[str, int], *, pause_s: float
) -> None:
    """Wait until the group's coordinator confirms that this member holds a partition, before anyone is fenced again.

    A process that slept through its own replacement would otherwise fence its rightful successor. Committing offsets
    is what the coordinator refuses a stale member. A refused member asks again: most often it is cancelled first,
    because the group gives its partitions out anew; but a refusal that no rebalance follows must not leave the
    partition without owner for good.

    Args:
        log: Tells a refusal from an absent broker.
        consumer: The member.
        inputs: The partition in each input topic.
        reached: Next offsets by topic that are part of committed state; empty before anything was restored.
        pause_s: How long to wait before asking again.
    """
    told = False
    while True:
        try:
            if await _confirmed(consumer, inputs, reached):
                return
            refusal: LogError | None = None
        except LogUnavailable:
            # No answer is no refusal: a broker that is back within the session still counts us as the owner.
            await asyncio.sleep(pause_s)
            continue
        except LogError as error:
            refusal = error
        if not told and not await _unreachable(log, inputs):
            told = True
            partition = min(each.partition for each in inputs)
            logger.warning("partition %d is no longer ours, it waits: %s", partition, refusal or "it is not assigned")
        await asyncio.sleep(pause_s)


async def _confirmed(
    consumer: Consumer, inputs: Collection[TopicPartition], reached: Mapping[str, int]
) -> bool:  # fmt: skip
    if not frozenset(inputs) <= consumer.assignment():
        return False
    one = min(inputs, key=lambda each: each.topic)
    # Before the first restore the group's own position is committed again: an offset that says nothing new.
    offset = reached[one.topic] if one.topic in reached else await consumer.position(one)
    await consumer.commit({one: offset})
    return True


async def _unreachable(log: Log, inputs: Collection[TopicPartition]) -> bool:
    try:
        await log.end_offsets(list(inputs))
    except LogError:
        return True
    return False
