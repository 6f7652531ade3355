"""Dead letters: records that could not be used, kept with their original bytes, key and headers.

Where they came from and why they are here is said in Kafka Connect's own header names (Kafka Connect,
DeadLetterQueueReporter), so that existing tools understand them.
"""

from typing import Final

from collegium.log.port import Headers, Outgoing, Record

PREFIX: Final = "__connect.errors."
MAX_REASON_CHARS: Final = 4_000


def dead_letter(record: Record, *, topic: str, stage: str, error_class: str, reason: str) -> Outgoing:
    """The record to write to `topic` so that `record` is not lost.

    Args:
        record: What could not be used; key, value and headers are kept as they are.
        topic: The dead-letters topic's full name.
        stage: Where it failed, such as `orchestrator.intake`.
        error_class: The kind of fault, for counting.
        reason: One line for people; cut at its bound.
    """
    described: Headers = (
        (f"{PREFIX}topic", record.topic.encode()),
        (f"{PREFIX}partition", str(record.partition).encode()),
        (f"{PREFIX}offset", str(record.offset).encode()),
        (f"{PREFIX}stage", stage.encode()),
        (f"{PREFIX}exception.class.name", error_class.encode()),
        (f"{PREFIX}exception.message", reason[:MAX_REASON_CHARS].encode()),
    )
    kept = tuple((name, value) for name, value in record.headers if not name.startswith(PREFIX))
    return Outgoing(topic, record.key, record.value, (*kept, *described))
