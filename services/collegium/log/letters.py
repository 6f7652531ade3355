"""What lies in dead-letters: letters, and the marks that say what has become of them.

A letter is named by where it lies, `partition:offset`. Its topic is not compacted, so a letter stays as it came; a mark
is a record of its own behind it, in the same partition, and expires after it.
"""

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Self

from collegium.log.dead_letters import DROPPED_BYTES_HEADER, DROPPED_SHA256_HEADER, PREFIX
from collegium.log.port import Headers, Outgoing, Record
from collegium_schemas.envelope import trace_of

MAX_REDRIVES: Final = 3
"""How often what was sent may be sent again, over all the letters that came of it."""

MARK_HEADER: Final = "collegium_dead_letter_mark"
LETTER_HEADER: Final = "collegium_dead_letter"
"""On a mark and on a record that was sent again: which letter it speaks of, or was made of."""

REDRIVES_HEADER: Final = "collegium_redrive_count"
BY_HEADER: Final = "collegium_marked_by"

_ID: Final = re.compile(r"(\d{1,9}):(\d{1,18})", re.ASCII)
_RUN_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_LIGHT: Final = 256
_LIGHT_HEADERS: Final = frozenset({"ce_subject", "ce_type", "traceparent"})
_OURS: Final = frozenset({DROPPED_BYTES_HEADER, DROPPED_SHA256_HEADER, LETTER_HEADER, REDRIVES_HEADER})


@dataclass(frozen=True, slots=True, order=True)
class LetterId:
    """Where a letter lies in dead-letters."""

    partition: int
    offset: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The letter that `partition:offset` names.

        Raises:
            ValueError: it is of another form.
        """
        found = _ID.fullmatch(text)
        if found is None:
            raise ValueError(f"{text[:40]!r} names no dead letter: write it as partition:offset, such as 0:17")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.partition}:{self.offset}"


class Word(StrEnum):
    """What a mark says of a letter."""

    REDRIVEN = "redriven"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class Mark:
    """What has become of a letter."""

    letter: LetterId
    word: Word
    at_ms: int
    by: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A record that could not be used, and why. Texts come from others and may hold anything."""

    id: LetterId
    at_ms: int
    """When it was put here."""
    topic: str | None
    """Where it came from; None in a record that does not say so, as anyone may write one."""
    partition: int | None
    offset: int | None
    stage: str
    error_class: str
    reason: str
    redrives: int
    """How often it had been sent again before it came here."""
    dropped_bytes: int | None
    """How long its value was, when no record could hold it."""
    key: bytes | None
    size_bytes: int
    """Of its value."""
    value: bytes | None = field(repr=False)
    headers: Headers = field(repr=False)
    """As they came, without what was added here."""

    @property
    def run_id(self) -> str | None:
        """The run that it is about, as its subject or key says."""
        for text in (_text(self.headers, "ce_subject").partition("/")[0], (self.key or b"").decode("utf-8", "replace")):
            if _RUN_ID.fullmatch(text):
                return text
        return None

    @property
    def trace_id(self) -> str | None:
        """The trace that it belongs to."""
        trace = trace_of(self.headers)
        return None if trace is None else trace.traceparent.split("-")[1]

    def light(self) -> "Letter":
        """The same without what may be large, for lists."""
        kept = tuple((name, value[:_LIGHT]) for name, value in self.headers if name in _LIGHT_HEADERS)
        key = None if self.key is None else self.key[:_LIGHT]
        return replace(self, value=None, headers=kept, key=key, reason=self.reason[: 2 * _LIGHT])

    def again(self) -> Outgoing:
        """The record to send so that it is read again: same bytes and trace, and the letter it was made of.

        Raises:
            ValueError: it does not say where it came from, or its bytes are not here.
        """
        if self.topic is None:
            raise ValueError("it does not say which topic it came from")
        if self.dropped_bytes is not None:
            raise ValueError(f"its {self.dropped_bytes} bytes did not fit here: read them where it came from")
        added = ((LETTER_HEADER, str(self.id).encode()), (REDRIVES_HEADER, str(self.redrives + 1).encode()))
        return Outgoing(self.topic, self.key, self.value, (*self.headers, *added))

    def mark(self, topic: str, word: Word, by: str) -> Outgoing:
        """The record that says what has become of it.

        Args:
            topic: The dead-letters topic's full name.
            word: What.
            by: Who says so.
        """
        headers = (
            (MARK_HEADER, word.value.encode()),
            (LETTER_HEADER, str(self.id).encode()),
            (BY_HEADER, by.encode("utf-8", "replace")),
        )
        return Outgoing(topic, self.key, b"", headers, self.id.partition)


def read(record: Record) -> Letter | Mark:
    """What a record of dead-letters is.

    A letter keeps its sender's headers, so nothing in them can make it look like a mark: whatever was put here as a
    letter says where it came from.
    """
    described = any(name.startswith(PREFIX) for name, _ in record.headers)
    if not described and (mark := _mark(record)) is not None:
        return mark
    topic = _text(record.headers, f"{PREFIX}topic")
    return Letter(
        id=LetterId(record.partition, record.offset),
        at_ms=record.timestamp_ms,
        topic=topic or None,
        partition=_number(record.headers, f"{PREFIX}partition"),
        offset=_number(record.headers, f"{PREFIX}offset"),
        stage=_text(record.headers, f"{PREFIX}stage"),
        error_class=_text(record.headers, f"{PREFIX}exception.class.name"),
        reason=_text(record.headers, f"{PREFIX}exception.message"),
        redrives=_number(record.headers, REDRIVES_HEADER) or 0,
        dropped_bytes=_number(record.headers, DROPPED_BYTES_HEADER),
        key=record.key,
        size_bytes=len(record.value or b""),
        value=record.value,
        headers=tuple((name, value) for name, value in record.headers if not _added(name)),
    )


def _added(name: str) -> bool:
    return name.startswith(PREFIX) or name in _OURS


def _mark(record: Record) -> Mark | None:
    word = _text(record.headers, MARK_HEADER)
    if word not in set(Word):
        return None
    try:
        letter = LetterId.parse(_text(record.headers, LETTER_HEADER))
    except ValueError:
        return None
    return Mark(letter, Word(word), record.timestamp_ms, _text(record.headers, BY_HEADER))


def _text(headers: Headers, name: str) -> str:
    """The last header of that name; what is no UTF-8 in it is shown as escapes."""
    for key, value in reversed(headers):
        if key == name:
            return value.decode("utf-8", "backslashreplace")
    return ""


def _number(headers: Headers, name: str) -> int | None:
    text = _text(headers, name)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None
