"""Who leads a partition, as a majority of the nodes with its copies has it.

One node's word is not enough. A leader that was cut off from the other nodes does not know that they have elected
another: to clients that still reach it, it names itself, and an end of the log that others have moved on from. Where
three copies exist and two must have a record before it is acknowledged, of any two nodes one knows every leader that
has acknowledged anything.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

from aiokafka import errors as kafka_errors

from collegium.log.port import TopicPartition

Ask = Callable[[int], Awaitable[Any]]
"""One node's metadata of the topics."""


async def elected(ask: Ask, copies: Mapping[TopicPartition, Collection[int]]) -> dict[TopicPartition, int]:
    """The leaders that a majority of each partition's nodes agrees on; half of them, where their number is even.

    Raises:
        LeaderNotAvailableError: they do not agree, or too few of them answer.
    """
    votes = {partition: Counter[int]() for partition in copies}
    nodes = {node for holders in copies.values() for node in holders}
    asking = [asyncio.create_task(_vote(ask, node)) for node in nodes]
    try:
        for answered in asyncio.as_completed(asking):
            node, named = await answered
            for partition, holders in copies.items():
                if node in holders and named.get(partition, -1) >= 0:
                    votes[partition][named[partition]] += 1
            leaders = {partition: _winner(votes[partition], len(copies[partition])) for partition in copies}
            if None not in leaders.values():
                return {partition: leader for partition, leader in leaders.items() if leader is not None}
    finally:
        for task in asking:
            task.cancel()
        await asyncio.wait(asking)
    raise kafka_errors.LeaderNotAvailableError(f"no majority names the leaders of {sorted(copies)}: {votes}")


def _winner(votes: Counter[int], copies: int) -> int | None:
    [(leader, count)] = votes.most_common(1) or [(-1, 0)]
    return leader if count >= (copies + 1) // 2 else None


async def _vote(ask: Ask, node: int) -> tuple[int, Mapping[TopicPartition, int]]:
    try:
        metadata = await ask(node)
    except kafka_errors.KafkaError:
        return node, {}
    return node, {
        TopicPartition(topic, number): leader
        for _, topic, _, partitions in metadata.topics
        for _, number, leader, *_ in partitions
    }
