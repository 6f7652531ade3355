"""Stopping aiokafka's clients within a bound, also when the broker has gone.

`AIOKafkaProducer.stop` flushes, and an idempotent producer's batches never expire, so it waits for as long as the
broker is away; `AIOKafkaConsumer.stop` waits for requests in flight. Past the bound we take them apart ourselves, in
the order that leaves no task behind, which needs a few private names of aiokafka (pinned; the contract suite covers
them).
"""
# ruff: noqa: SLF001 - see above
# pyright: reportPrivateUsage=false, reportUnknownVariableType=false

import asyncio
import logging
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka import errors as kafka_errors

_logger = logging.getLogger(__name__)

_FLUSH_S: Final = 5.0
_STOP_S: Final = 5.0
_BACKOFF_S: Final = 1.0
_IN_FLIGHT_S: Final = 1.0
_MOST_IN_FLIGHT: Final = 16
"""Requests that one producer waits for at once: one per broker, and one of its transaction."""


async def stop_producer(producer: AIOKafkaProducer, *, request_timeout_s: float, flush: bool = True) -> None:
    """Flush within a bound, then stop; records that are still unacknowledged fail."""
    flushed = False
    if flush:
        flushing = asyncio.create_task(producer.flush())
        await asyncio.wait([flushing], timeout=_FLUSH_S)
        flushed = flushing.done()
        if not flushed:
            _logger.warning("closing a producer with records that Kafka has not acknowledged")
            flushing.cancel()
            await asyncio.wait([flushing])
    if not flushed:
        await _stop_sending(producer, request_timeout_s)
    await producer.stop()
    _retrieve_transaction_error(producer)


async def _stop_sending(producer: AIOKafkaProducer, request_timeout_s: float) -> None:
    sender = producer._sender.sender_task
    if sender is not None and not sender.done():
        # It leaves its loop and waits for its requests in flight, one after the other; each further cancellation ends
        # one of them. On a connection that has gone silent they would take the whole request time-out, and whoever
        # drops a producer whose outcome is unknown waits for this before its partition can be served again.
        sender.cancel()
        await asyncio.wait([sender], timeout=min(request_timeout_s, _IN_FLIGHT_S))
        for _ in range(_MOST_IN_FLIGHT):
            if sender.done():
                break
            sender.cancel()
            await asyncio.wait([sender], timeout=_BACKOFF_S)
    accumulator = producer._message_accumulator
    # A batch that waits for its second attempt is in neither set that its own callback would remove it from.
    accumulator._pending_batches.update(*accumulator._batches.values())
    accumulator.fail_all(kafka_errors.ProducerClosed())


def _retrieve_transaction_error(producer: AIOKafkaProducer) -> None:
    """A fatal error that no call waited for has been told by our own futures; asyncio need not report it too."""
    manager = producer._txn_manager
    ended: asyncio.Future[None] | None = None if manager is None else manager.wait_for_transaction_end()
    if ended is not None and ended.done() and not ended.cancelled():
        ended.exception()


async def stop_consumer(consumer: AIOKafkaConsumer) -> None:
    """Leave the group and stop, within a bound; ends as cancelled only when its caller is."""
    stopping = asyncio.create_task(consumer.stop())
    await asyncio.wait([stopping], timeout=_STOP_S)
    if not stopping.done():
        _logger.warning("closing a consumer without an answer from Kafka")
        stopping.cancel()
        await asyncio.wait([stopping])
    elif not stopping.cancelled():
        if (error := stopping.exception()) is not None:
            _logger.warning("a consumer ended with %r", error)
        return
    # Else aiokafka passed on the cancellation of one of its own fetches, halfway through. It would cancel us, too, and
    # a task that is cancelled from within ends without a word: whoever reads would be deaf for ever.
    await _stop_fetching(consumer)
    # A connection's end that was waited for above is cancelled with that wait: the same is true of it.
    closing = asyncio.create_task(consumer._client.close())
    await asyncio.wait([closing], timeout=_STOP_S)
    if closing.done() and not closing.cancelled() and (error := closing.exception()) is not None:
        _logger.warning("the connections of a consumer ended with %r", error)


async def _stop_fetching(consumer: AIOKafkaConsumer) -> None:
    if consumer._fetcher is None:
        return
    closing = asyncio.create_task(consumer._fetcher.close())
    await asyncio.wait([closing], timeout=_STOP_S)
    # It stops at the first fetch that ends as cancelled.
    left: list[asyncio.Task[Any]] = [closing, *consumer._fetcher._pending_tasks]
    for task in left:
        task.cancel()
    await asyncio.wait(left, timeout=_STOP_S)
