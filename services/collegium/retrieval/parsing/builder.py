"""The normalised text that every parser writes: white space collapsed, blocks with their spans."""

import re
import unicodedata

from collegium.retrieval.documents import Block, BlockKind, ParsedText
from collegium.retrieval.errors import DocumentError

# Soft hyphens, zero-width characters and byte order marks are invisible and would split words in a search.
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_LINE_ENDS = re.compile(r"\r\n?|[\u2028\u2029\x85]")
_DENSE = {(BlockKind.ITEM, BlockKind.ITEM), (BlockKind.ROW, BlockKind.ROW), (BlockKind.CODE, BlockKind.CODE)}
_DEEPEST_HEADING = 6


def clean(text: str) -> str:
    """NFC without control or invisible characters; every line end is a line feed."""
    text = _LINE_ENDS.sub("\n", text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text.translate(_INVISIBLE))
    return _CONTROL.sub(" ", text)


class TextBuilder:
    """Collects blocks in reading order and gives each its place in the normalised text.

    Blocks are separated by an empty line, consecutive items, rows and code by a line end. Items begin with
    `- `, rows have ` | ` between cells, code keeps its lines, each indented by four spaces.
    """

    def __init__(self, max_chars: int) -> None:
        self._max_chars = max_chars
        self._parts: list[str] = []
        self._length = 0
        self._blocks: list[Block] = []

    def heading(self, text: str, level: int) -> None:
        """A heading, level 1 the outermost."""
        self._add(BlockKind.HEADING, " ".join(clean(text).split()), max(1, min(level, _DEEPEST_HEADING)))

    def paragraph(self, text: str) -> None:
        """Prose; its line breaks are white space."""
        self._add(BlockKind.PARAGRAPH, " ".join(clean(text).split()))

    def item(self, text: str) -> None:
        """A list item."""
        words = " ".join(clean(text).split())
        self._add(BlockKind.ITEM, f"- {words}" if words else "")

    def row(self, cells: list[str]) -> None:
        """A table row; a row of empty cells is dropped."""
        cleaned = [" ".join(clean(cell).split()) for cell in cells]
        self._add(BlockKind.ROW, " | ".join(cleaned) if any(cleaned) else "")

    def code(self, text: str) -> None:
        """Preformatted text; its lines stay."""
        lines = [line.rstrip().expandtabs(4) for line in clean(text).strip("\n").split("\n")]
        self._add(BlockKind.CODE, "\n".join(f"    {line}" for line in lines if line.strip()))

    def _add(self, kind: BlockKind, text: str, level: int = 0) -> None:
        if not text.strip():
            return
        if self._blocks:
            separator = "\n" if (self._blocks[-1].kind, kind) in _DENSE else "\n\n"
            self._parts.append(separator)
            self._length += len(separator)
        if self._length + len(text) > self._max_chars:
            raise DocumentError(
                f"its text is longer than {self._max_chars:,} characters",
                "split it into several files",
            )
        self._blocks.append(Block(kind, self._length, self._length + len(text), level))
        self._parts.append(text)
        self._length += len(text)

    def build(
        self,
        *,
        title: str | None = None,
        version: str | None = None,
        date: str | None = None,
        notes: tuple[str, ...] = (),
    ) -> ParsedText:
        """The text so far, with what the file says about itself."""
        return ParsedText(
            text="".join(self._parts),
            blocks=tuple(self._blocks),
            title=" ".join(clean(title).split())[:300] or None if title else None,
            version=version,
            date=date,
            notes=notes,
        )
