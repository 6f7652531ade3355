"""The ledger's own topic: the changelog of its table of views."""

import asyncio
from typing import Final

from collegium.log.errors import TopicMismatch
from collegium.log.port import Log, NewTopic
from collegium.log.topics import TopicNames
from collegium_schemas import limits

_PAUSE_S: Final = 0.2

VIEWS: Final = "ledger-views"
"""Short name of the changelog; it must have as many partitions as run-events."""


def ledger_topics(names: TopicNames, co_partitions: int) -> tuple[NewTopic, ...]:
    """What the ledger needs besides the catalogue's topics, as it should be created."""
    configuration = {
        "cleanup.policy": "compact",
        "max.message.bytes": str(limits.MAX_MESSAGE_BYTES + 65_536),
    }
    return (NewTopic(names(VIEWS), co_partitions, configuration),)


async def check_ledger_topics(log: Log, names: TopicNames, co_partitions: int) -> None:
    """Compare the ledger's own topics with what it needs.

    Raises:
        TopicMismatch: one is missing or has another number of partitions than run-events; it says how to mend it.
    """
    needed = ledger_topics(names, co_partitions)
    existing = await log.describe([topic.name for topic in needed])
    problems = [
        f"topic {topic.name} is missing: run `collegium topics create`"
        for topic in needed
        if topic.name not in existing
    ]
    problems += [
        f"topic {name} has {found.partitions} partitions and run-events has {co_partitions}: delete {name} and run "
        "`collegium topics create`; the ledger rebuilds it from run-events"
        for name, found in existing.items()
        if found.partitions != co_partitions
    ]
    if problems:
        raise TopicMismatch(tuple(problems))


async def await_ledger_topics(log: Log, names: TopicNames, co_partitions: int, *, wait_ms: int) -> None:
    """The same check, repeated until it passes or the time is over."""
    loop = asyncio.get_running_loop()
    give_up_at_s = loop.time() + wait_ms / 1000
    while True:
        try:
            return await check_ledger_topics(log, names, co_partitions)
        except TopicMismatch:
            if loop.time() + _PAUSE_S > give_up_at_s:
                raise
        await asyncio.sleep(_PAUSE_S)
