"""Waiting, within a bound, for the log and its topics: services may start before the broker does."""

import asyncio
import logging
from collections.abc import Iterable
from time import monotonic
from typing import Final

from collegium.log.errors import LogUnavailable, TopicMismatch
from collegium.log.port import Log
from collegium.log.topics import TopicNames, check

logger = logging.getLogger(__name__)

_LONGEST_PAUSE_S: Final = 5.0


async def await_topics(log: Log, names: TopicNames, roles: Iterable[str], *, wait_ms: int) -> int:
    """Wait until the broker answers and the topics are as they must be.

    Returns:
        The co-partitioned topics' partition count.

    Raises:
        LogUnavailable: no broker answered within `wait_ms`.
        TopicMismatch: topics are still missing or wrong after `wait_ms`; the message says how to mend them.
    """
    deadline, pause = monotonic() + wait_ms / 1000, 0.2
    wanted = tuple(roles)
    while True:
        try:
            return await check(log, names, wanted)
        except (LogUnavailable, TopicMismatch) as error:
            if monotonic() + pause > deadline:
                raise
            logger.warning("waiting: %s", error)
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_S)
