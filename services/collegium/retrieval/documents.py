"""What a corpus holds: documents, their normalised text with its structure, and passages of it."""

from dataclasses import dataclass, field
from enum import StrEnum


class BlockKind(StrEnum):
    """What a block of normalised text is."""

    HEADING = "h"
    PARAGRAPH = "p"
    ITEM = "i"
    ROW = "r"
    CODE = "c"


@dataclass(frozen=True, slots=True)
class Block:
    """A structural unit: the characters [start, end) of the normalised text; `level` is 1 to 6 for headings."""

    kind: BlockKind
    start: int
    end: int
    level: int = 0


@dataclass(frozen=True, slots=True)
class ParsedText:
    """A file's normalised text: NFC, no control characters, one line per paragraph, item or row.

    `title`, `version` and `date` are what the file itself states; `notes` say what was odd about reading it.
    """

    text: str
    blocks: tuple[Block, ...]
    title: str | None = None
    version: str | None = None
    date: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """One file of a corpus.

    Attributes:
        document_id: readable and unique in the corpus: the added directory's name and the path in it.
        source: the absolute path that it was read from; the same source is the same document.
        title: for people.
        version: of the product that it describes, such as `3.9`, if known.
        date: ISO 8601, if known.
        media_type: such as `text/html`.
        sha256: of the original bytes.
        size_bytes: of the original.
        text_key: names the stored normalised text.
    """

    document_id: str
    source: str
    title: str
    version: str | None
    date: str | None
    media_type: str
    sha256: str
    size_bytes: int
    text_key: str


@dataclass(frozen=True, slots=True)
class PassageSpan:
    """A window of a document: `text` is the normalised text between `start` and `end`; `heading` its path."""

    heading: str
    start: int
    end: int
    text: str


class FileStatus(StrEnum):
    """What became of one file that was offered to a corpus."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file; a skipped one says why and what to do."""

    path: str
    status: FileStatus
    document_id: str | None = None
    reason: str = ""
    advice: str = ""
    notes: tuple[str, ...] = field(default=())
