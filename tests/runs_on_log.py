"""Puts histories of runs on a log, as an orchestrator would, for tests of whatever reads run-events."""

from collections.abc import Iterable

from collegium.log.port import Log, Outgoing
from collegium.log.topics import TopicNames, required
from collegium_schemas.envelope import Envelope, encode_headers
from collegium_schemas.events import RunDecided


async def create_topics(log: Log, names: TopicNames, *, partitions: int = 4) -> None:
    """All topics of a system with one role."""
    await log.create(required(names, ["retrieval"], partitions))


def outgoing(names: TopicNames, decision: RunDecided) -> Outgoing:
    """The record that an orchestrator writes for a decision."""
    headers = encode_headers(
        Envelope(
            id=decision.event_id,
            source="/collegium/orchestrator",
            type=RunDecided.TYPE,
            time_ms=decision.at_ms,
            subject=decision.run_id,
        )
    )
    return Outgoing(names("run-events"), decision.run_id.encode(), decision.to_json(), headers)


async def publish(log: Log, names: TopicNames, decisions: Iterable[RunDecided]) -> None:
    """Write decisions and wait until they are acknowledged."""
    producer = await log.producer()
    try:
        for acknowledged in [await producer.send(outgoing(names, decision)) for decision in decisions]:
            await acknowledged
    finally:
        await producer.close()
