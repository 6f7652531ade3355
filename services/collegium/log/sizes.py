"""How large a record is, and how large it may be."""

from typing import Final

from collegium.log.port import MAX_RECORD_BYTES, Outgoing, Record

_FRAMING_BYTES: Final = 82
_HEADER_FRAMING_BYTES: Final = 10

MAX_TOPIC_RECORD_BYTES: Final = MAX_RECORD_BYTES - 32_768
"""What topics take from any client. Dead-letters takes more, so that whatever was taken fits there with its reason."""

MAX_FORWARDED_BYTES: Final = MAX_TOPIC_RECORD_BYTES - 1_024
"""The largest record that can be written to its own topic once more, with its run_id as key and its old key kept."""


def record_bytes(record: Outgoing | Record) -> int:
    """An upper bound of a record's size in a batch of its own, uncompressed."""
    size = _FRAMING_BYTES + len(record.key or b"") + len(record.value or b"")
    for name, value in record.headers:
        size += _HEADER_FRAMING_BYTES + len(value) + (len(name) if name.isascii() else len(name.encode()))
    return size
