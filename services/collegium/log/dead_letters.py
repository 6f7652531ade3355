"""Dead letters: records that could not be used, kept with their original bytes, key and headers.

Where they came from and why they are here is said in Kafka Connect's own header names (Kafka Connect,
DeadLetterQueueReporter), so that existing tools understand them.
"""

import hashlib
from typing import Final

from collegium.log.port import MAX_RECORD_BYTES, Headers, Outgoing, Record
from collegium.log.sizes import record_bytes

PREFIX: Final = "__connect.errors."
MAX_REASON_CHARS: Final = 4_000
DROPPED_BYTES_HEADER: Final = "collegium_dropped_bytes"
"""How long a value was that no record can hold: it came compressed. It still lies where the other headers say."""

DROPPED_SHA256_HEADER: Final = "collegium_dropped_sha256"


def dead_letter(record: Record, *, topic: str, stage: str, error_class: str, reason: str) -> Outgoing:
    """The record to write to `topic` so that `record` is not lost.

    Args:
        record: What could not be used; key, value and headers are kept as they are. Only a record that came
            compressed, and is too large for any topic without that, loses its value, and what else does not fit.
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
        (f"{PREFIX}exception.message", reason[:MAX_REASON_CHARS].encode("utf-8", "replace")),
    )
    kept = tuple((name, value) for name, value in record.headers if not name.startswith(PREFIX))
    # Clients refuse to write a record without key and value, which others may well send.
    value = b"" if record.key is None and record.value is None else record.value
    letter = Outgoing(topic, record.key, value, (*kept, *described))
    if record_bytes(letter) <= MAX_RECORD_BYTES:
        return letter
    dropped: Headers = (
        (DROPPED_BYTES_HEADER, str(len(value or b"")).encode()),
        (DROPPED_SHA256_HEADER, hashlib.sha256(value or b"").hexdigest().encode()),
    )
    small = Outgoing(topic, record.key, b"", (*kept, *described, *dropped))
    return small if record_bytes(small) <= MAX_RECORD_BYTES else Outgoing(topic, None, b"", (*described, *dropped))
