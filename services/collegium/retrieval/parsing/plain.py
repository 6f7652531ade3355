"""Plain text: paragraphs between empty lines, bullets, underlined and numbered headings."""

import re

from collegium.retrieval.documents import ParsedText
from collegium.retrieval.parsing.builder import TextBuilder, clean
from collegium.retrieval.parsing.decoding import decode

_UNDERLINE = re.compile(r"^\s{0,3}(=|-|~|\*|#|\^){3,}\s*$")
_MARKED_HEADING = re.compile(r"^(#{1,6})\s+(\S.*?)\s*#*$")
_NUMBERED_HEADING = re.compile(r"^(\d{1,2}(?:\.\d{1,2}){0,4})\.?\s+([A-Z][^.!?]{1,78})$")
_ITEM = re.compile(r"^\s*(?:[-*+•‣▪–]|\(?\d{1,3}[.)])\s+(?=\S)")
_LONGEST_HEADING_CHARS = 100


def parse_plain(data: bytes, max_chars: int) -> ParsedText:
    """Read a text file.

    Raises:
        DocumentError: when the bytes are no text, or more than `max_chars` of it.
    """
    text, notes = decode(data)
    builder = TextBuilder(max_chars)
    lines = clean(text).replace("\x0b", "\n").replace("\x0c", "\n").split("\n")
    first = next((line.strip() for line in lines if line.strip()), "")
    write_lines(lines, builder)
    is_title = 0 < len(first) <= _LONGEST_HEADING_CHARS and not first.endswith((".", ",", ";"))
    return builder.build(title=first.lstrip("# ") if is_title else None, notes=notes)


def write_lines(lines: list[str], builder: TextBuilder) -> None:
    """Append lines of plain text to a builder as headings, items and paragraphs."""
    paragraph = _Paragraph(builder)
    for position, line in enumerate(lines):
        following = lines[position + 1] if position + 1 < len(lines) else ""
        if _is_heading_underline(paragraph, line):
            paragraph.end_as_heading(1 if line.strip()[0] in "=*#" else 2)
        elif not line.strip() or _UNDERLINE.match(line):
            paragraph.end()
        elif marked := _MARKED_HEADING.match(line):
            paragraph.end()
            builder.heading(marked.group(2), len(marked.group(1)))
        elif paragraph.empty and not following.strip() and (numbered := _NUMBERED_HEADING.match(line)):
            builder.heading(line, numbered.group(1).count(".") + 1)
        elif _ITEM.match(line):
            paragraph.end()
            paragraph.add(_ITEM.sub("", line), item=True)
        else:
            paragraph.add(line)
    paragraph.end()


def _is_heading_underline(paragraph: "_Paragraph", line: str) -> bool:
    """A row of marks under exactly one line, about as long as that line."""
    if not _UNDERLINE.match(line) or paragraph.line_count != 1 or paragraph.is_item:
        return False
    above = paragraph.text
    return len(above) <= _LONGEST_HEADING_CHARS and len(line.strip()) * 2 >= len(above)


class _Paragraph:
    """The lines of the paragraph or item that is being read."""

    def __init__(self, builder: TextBuilder) -> None:
        self._builder = builder
        self._lines: list[str] = []
        self.is_item = False

    @property
    def empty(self) -> bool:
        return not self._lines

    @property
    def line_count(self) -> int:
        return len(self._lines)

    @property
    def text(self) -> str:
        return " ".join(line.strip() for line in self._lines)

    def add(self, line: str, *, item: bool = False) -> None:
        self.is_item = self.is_item or item
        self._lines.append(line)

    def end(self) -> None:
        if self._lines:
            (self._builder.item if self.is_item else self._builder.paragraph)(self.text)
        self._lines, self.is_item = [], False

    def end_as_heading(self, level: int) -> None:
        self._builder.heading(self.text, level)
        self._lines, self.is_item = [], False
