"""Step 2 of the commit protocol: from here on nobody else writes to the partition, and nothing is left half written."""

import asyncio
from collections.abc import Collection
from contextlib import AsyncExitStack
from typing import Final

from collegium.log.errors import TransactionHangs
from collegium.log.port import Log, TopicPartition, TransactionalProducer

_AGAIN_AFTER_S: Final = 0.02


async def fence(
    log: Log, transactional_ids: Collection[str], open_things: AsyncExitStack
) -> tuple[TransactionalProducer, ...]:
    """Open the partition's producers, at once; each open fences the one that the partition had before.

    Args:
        log: Where to open them.
        transactional_ids: One for each producer.
        open_things: Closes them; also those that were opened when another one could not be.

    Raises:
        LogError: one of them could not be opened.
    """

    async def opened(transactional_id: str) -> TransactionalProducer:
        producer = await log.transactional_producer(transactional_id)
        open_things.push_async_callback(producer.close)
        return producer

    producers = await asyncio.gather(*map(opened, transactional_ids), return_exceptions=True)
    if failed := [each for each in producers if isinstance(each, BaseException)]:
        raise failed[0]
    return tuple(each for each in producers if not isinstance(each, BaseException))


async def settled(log: Log, partitions: Collection[TopicPartition], *, within_ms: int) -> None:
    """Wait until no record of the partitions waits for the end of its transaction.

    After the fence that is so at once, unless a newer owner writes already, or the broker has lost an end (Kafka 4.3.0
    to 4.4.0, KAFKA-20734). Such records cannot be read, and the next commit of their producer would commit them along.
    Whether they were once committed only an operator can find out: until then the partition is not served.

    Args:
        log: Where to ask.
        partitions: Those that only the partition's owner writes to.
        within_ms: How long to wait.

    Raises:
        TransactionHangs: records still wait.
        LogUnavailable: the log cannot be reached.
    """
    now = asyncio.get_running_loop().time
    deadline = now() + within_ms / 1_000
    while waiting := await log.unsettled(partitions):
        if now() >= deadline:
            first = min(waiting)
            raise TransactionHangs(first.topic, first.partition)
        await asyncio.sleep(_AGAIN_AFTER_S)
