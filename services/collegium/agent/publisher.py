"""Writing to the log so that nothing is lost: every record is acknowledged, or the runtime ends."""

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from typing import Self

from collegium.agent.patience import Outage, Patience
from collegium.log.errors import LogError, RecordTooLarge
from collegium.log.port import Log, Outgoing, Position, Producer

_log = logging.getLogger(__name__)


class Publisher:
    """One producer, shared by every attempt of a process: many records are on their way at once.

    After a failure the producer is replaced, since an idempotent producer that lost a batch cannot go on. A record
    may then be written twice; keys and task ids make that harmless.
    """

    def __init__(self, log: Log, patience: Patience) -> None:
        self._log = log
        self._patience = patience
        self._waiting: set[Outage] = set()
        self._producer: Producer | None = None
        self._replacing = asyncio.Lock()

    async def publish(self, records: Sequence[Outgoing]) -> list[Position]:
        """Write records and wait until all are acknowledged, through an absence of the log if need be.

        Raises:
            RecordTooLarge: one of them is over the topic's limit; others may have been written.
            LogGone: the log has been away for longer than the bound.
        """
        outage = Outage("writing", self._patience, self._waiting)
        try:
            return await self._publish(records, outage)
        finally:
            self._waiting.discard(outage)

    async def _publish(self, records: Sequence[Outgoing], outage: Outage) -> list[Position]:
        positions: dict[int, Position] = {}
        while True:
            producer: Producer | None = None
            try:
                producer = await self._current()
                missing = [index for index in range(len(records)) if index not in positions]
                results = await _send(producer, [records[index] for index in missing])
                for index, result in zip(missing, results, strict=True):
                    if isinstance(result, Position):
                        positions[index] = result
                _raise_first(results)
            except RecordTooLarge:
                raise
            except LogError as error:
                await self._replace(producer)
                await outage.wait(error)
            else:
                outage.over()
                return [positions[index] for index in range(len(records))]

    async def offer(self, records: Sequence[Outgoing]) -> int:
        """Write records whose loss is allowed, once.

        Returns:
            How many were acknowledged.
        """
        try:
            results = await _send(await self._current(), records)
        except LogError as error:
            _log.debug("dropped %d records: %s", len(records), error)
            return 0
        return sum(isinstance(result, Position) for result in results)

    async def _current(self) -> Producer:
        if self._producer is None:
            async with self._replacing:
                if self._producer is None:
                    self._producer = await self._log.producer()
        return self._producer

    async def _replace(self, failed: Producer | None) -> None:
        if failed is not None and failed is self._producer:
            self._producer = None
            await failed.close()

    async def close(self) -> None:
        """Release the producer."""
        if self._producer is not None:
            await self._producer.close()
            self._producer = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def _send(producer: Producer, records: Sequence[Outgoing]) -> list[Position | BaseException]:
    futures: list[Awaitable[Position]] = []
    refused: list[Position | BaseException] = []
    for record in records:
        try:
            futures.append(await producer.send(record))
        except LogError as error:
            refused.append(error)
            break
    results = list(await asyncio.gather(*futures, return_exceptions=True)) + refused
    unsent = len(records) - len(results)
    return results + [refused[0]] * unsent if refused else results


def _raise_first(results: Sequence[Position | BaseException]) -> None:
    for result in results:
        if isinstance(result, BaseException):
            raise result
