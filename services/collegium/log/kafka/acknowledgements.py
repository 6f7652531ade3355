"""aiokafka's delivery futures as the port's: bounded in time, with the port's errors."""

import asyncio
from collections.abc import Callable
from functools import partial

from aiokafka import errors as kafka_errors
from aiokafka.structs import RecordMetadata

from collegium.log.errors import LogError
from collegium.log.kafka.records import to_position
from collegium.log.port import Position

Told = Callable[[BaseException], LogError]
"""How a producer tells an error of aiokafka's."""


class Acknowledgements:
    """Follows delivery futures. aiokafka's idempotent producer retries for ever: the bound is here."""

    def __init__(self, timeout_s: float, told: Told) -> None:
        self._timeout_s = timeout_s
        self._told = told

    def follow(self, sent: asyncio.Future[RecordMetadata]) -> asyncio.Future[Position]:
        """A future of the position, that fails with the port's errors and within the time-out."""
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[Position] = loop.create_future()
        alarm = loop.call_later(self._timeout_s, self._fail, outcome, kafka_errors.KafkaTimeoutError())
        sent.add_done_callback(partial(self._settle, outcome, alarm))
        return outcome

    def _settle(
        self, outcome: asyncio.Future[Position], alarm: asyncio.TimerHandle, sent: asyncio.Future[RecordMetadata]
    ) -> None:
        alarm.cancel()
        error = kafka_errors.Cancelled() if sent.cancelled() else sent.exception()
        if error is not None:
            self._fail(outcome, error)
        elif sent.result().offset < 0:
            # A duplicate that the broker knows no offset for any more: written, but nobody can say where.
            self._fail(outcome, kafka_errors.DuplicateSequenceNumber())
        elif not outcome.done():
            outcome.set_result(to_position(sent.result()))

    def _fail(self, outcome: asyncio.Future[Position], error: BaseException) -> None:
        told = self._told(error)
        if not outcome.done():
            outcome.set_exception(told)
