"""Sends what a user says: objectives and interventions, each with its own root span."""

from collegium.log.port import Log, Outgoing, Position
from collegium.telemetry.messaging import acknowledged, send_span
from collegium.telemetry.tracing import Tracing
from collegium_schemas.base import Message, TraceContext
from collegium_schemas.envelope import Envelope, encode_headers

SOURCE = "/collegium/cli"


async def send(
    log: Log, tracing: Tracing, topic: str, message: Message, *, run_id: str, message_id: str, now_ms: int
) -> tuple[Position, TraceContext]:
    """Send one message about a run and wait until it is acknowledged.

    Returns:
        Where it was written, and the span that sent it: the run's trace continues there.

    Raises:
        LogError: it was not acknowledged.
    """
    with send_span(tracing, topic, message_id=message_id) as span:
        span.set_attributes({"collegium.run.id": run_id})
        envelope = Envelope(
            id=message_id, source=SOURCE, type=message.TYPE, time_ms=now_ms, subject=run_id, trace=span.context
        )
        producer = await log.producer()
        record = Outgoing(topic, run_id.encode(), message.to_json(), encode_headers(envelope))
        position = await (await producer.send(record))
        acknowledged(span, position.partition, position.offset)
        context = span.context
    return position, context
