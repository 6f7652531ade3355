"""PDF text by pypdf: pages joined, running headers dropped, headings from outline and numbering."""

import io
import re
from collections import Counter
from collections.abc import Iterator

from pypdf import PdfReader
from pypdf.errors import PdfReadError
from pypdf.generic import Destination

from collegium.retrieval.documents import ParsedText
from collegium.retrieval.errors import DocumentError
from collegium.retrieval.parsing.builder import TextBuilder, clean
from collegium.retrieval.parsing.metadata import iso_date

_MOST_PAGES = 5_000
_DEEPEST_OUTLINE = 6
_MOST_OUTLINE_ENTRIES = 5_000
_NUMBERED = re.compile(r"^(\d{1,2}(?:\.\d{1,2}){0,3})\.?\s+[A-Z][^.!?]{2,78}$")
_ITEM = re.compile(r"^\s*(?:[•‣▪●○◦–*-]|\(?\d{1,2}[.)])\s+(?=\S)")
_PAGE_NUMBER = re.compile(r"^\s*(?:page\s*)?\d{1,4}(?:\s*(?:/|of)\s*\d{1,4})?\s*$", re.IGNORECASE)
_DIGITS = re.compile(r"\d+")
_SHORT_LINE_SHARE = 0.6
_REPEATED_SHARE = 0.5
_FEWEST_PAGES_TO_COMPARE = 4
_EDGE_LINES = 2


def parse_pdf(data: bytes, max_chars: int) -> ParsedText:
    """Read a PDF file's text layer.

    Raises:
        DocumentError: when it is encrypted, damaged, holds no text (a scan), or too much of it.
    """
    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise DocumentError("it is encrypted", "remove its password and add it again")
    if len(reader.pages) > _MOST_PAGES:
        raise DocumentError(f"it has more than {_MOST_PAGES:,} pages", "split it into several files")
    pages = list(_pages(reader, max_chars))
    if not any(line.strip() for page in pages for line in page):
        raise DocumentError("it holds no text, probably scanned pages", "run it through OCR and add the result")
    builder = TextBuilder(max_chars)
    headings = _outline(reader)
    _Writer(builder, headings).write(_without_running_lines(pages))
    metadata = reader.metadata
    return builder.build(
        title=metadata.title if metadata else None,
        date=iso_date(_creation_date(metadata.get("/CreationDate"))) if metadata else None,
    )


def _pages(reader: PdfReader, max_chars: int) -> Iterator[list[str]]:
    total = 0
    for page in reader.pages:
        text = clean(page.extract_text())
        total += len(text)
        if total > 2 * max_chars:  # before joining lines; the builder checks the exact length
            raise DocumentError(f"its text is longer than {max_chars:,} characters", "split it into several files")
        yield text.split("\n")


def _creation_date(value: object) -> str | None:
    """`D:20240131...` as `2024-01-31`; PDF 32000-1, 7.9.4."""
    found = re.match(r"D?:?(\d{4})(\d{2})(\d{2})", str(value)) if value else None
    return "-".join(found.groups()) if found else None


def _outline(reader: PdfReader) -> dict[str, int]:
    """Titles of the bookmarks with their depth; without bookmarks, or with broken ones, nothing."""
    found: dict[str, int] = {}
    try:
        stack: list[tuple[object, int]] = [(reader.outline, 0)]
        while stack and len(found) < _MOST_OUTLINE_ENTRIES:
            entry, depth = stack.pop()
            if isinstance(entry, list):
                children: list[object] = list(entry)  # pyright: ignore[reportUnknownArgumentType] - nested lists
                stack.extend((child, depth + 1) for child in reversed(children))
            elif isinstance(entry, Destination) and entry.title:
                found.setdefault(_comparable(str(entry.title)), min(depth, _DEEPEST_OUTLINE))
    except (PdfReadError, KeyError, TypeError, ValueError, AttributeError, RecursionError):
        return found  # bookmarks are a help, not a need
    return found


def _comparable(line: str) -> str:
    return " ".join(line.lower().split())


def _without_running_lines(pages: list[list[str]]) -> list[list[str]]:
    """Pages without page numbers and without first and last lines that most pages share."""
    edges = Counter(
        _DIGITS.sub("#", line.strip())
        for page in pages
        for line in {*page[:_EDGE_LINES], *page[-_EDGE_LINES:]}
        if line.strip()
    )
    limit = _REPEATED_SHARE * len(pages) if len(pages) >= _FEWEST_PAGES_TO_COMPARE else float("inf")
    kept: list[list[str]] = []
    for page in pages:
        last = len(page) - 1 - _EDGE_LINES
        kept.append(
            [
                line
                for position, line in enumerate(page)
                if not (
                    (position < _EDGE_LINES or position > last)
                    and (_PAGE_NUMBER.match(line) or edges[_DIGITS.sub("#", line.strip())] > limit)
                )
            ]
        )
    return kept


class _Writer:
    """Joins the lines that a page breaks: a paragraph ends at an empty or a short final line."""

    def __init__(self, builder: TextBuilder, headings: dict[str, int]) -> None:
        self._builder = builder
        self._headings = headings
        self._words = ""
        self._item = False

    def write(self, pages: list[list[str]]) -> None:
        for page in pages:
            width = max((len(line) for line in page), default=0)
            for line in page:
                self._line(line.strip(), width)
        self._end()

    def _line(self, line: str, width: int) -> None:
        numbered = _NUMBERED.match(line)
        level = self._headings.get(_comparable(line)) or (numbered.group(1).count(".") + 1 if numbered else 0)
        if not line:
            self._end()
        elif level:
            self._end()
            self._builder.heading(line, level)
        elif _ITEM.match(line):
            self._end()
            self._item, self._words = True, _ITEM.sub("", line)
        else:
            self._join(line)
            if line[-1] in ".!?:" and len(line) < _SHORT_LINE_SHARE * width:
                self._end()

    def _join(self, line: str) -> None:
        if self._words.endswith("-") and len(self._words) > 1 and self._words[-2].isalpha() and line[0].islower():
            self._words = self._words[:-1] + line
        else:
            self._words = f"{self._words} {line}" if self._words else line

    def _end(self) -> None:
        if self._words:
            (self._builder.item if self._item else self._builder.paragraph)(self._words)
        self._words, self._item = "", False
