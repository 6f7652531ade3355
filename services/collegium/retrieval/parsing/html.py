"""HTML pages: what a reader reads, without navigation, scripts and styles.

A script of a template type is markup that the page shows later (Apache Kafka's own pages keep most of their
text in `<script type="text/x-handlebars-template">`), so it is read like the page around it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from collegium.retrieval.documents import ParsedText
from collegium.retrieval.parsing.builder import TextBuilder
from collegium.retrieval.parsing.decoding import decode
from collegium.retrieval.parsing.metadata import iso_date

_DROPPED = frozenset(
    "script style nav footer noscript iframe object svg canvas button select textarea template title "
    "math audio video dialog menu".split()
)
_DROPPED_CLASSES = frozenset(
    "toc navbar navigation sidebar breadcrumb breadcrumbs pagination docs-nav site-header site-footer "
    "toc-handle-container skip-link headerlink".split()
)
_DROPPED_ROLES = frozenset({"navigation", "search", "menu", "menubar"})
_BLOCKS = frozenset(
    "p div section article main blockquote figure figcaption address details summary fieldset form ul ol dl dd "
    "hr center body aside header caption legend table".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_TEMPLATE_TYPES = ("handlebars", "template", "text/html", "mustache")
_MOST_NESTED_TEMPLATES = 3
_KEY_VALUE_CHARS = 600
_DATE_META = ("article:modified_time", "article:published_time", "dcterms.date", "dc.date", "last-modified", "date")


def parse_html(data: bytes, max_chars: int) -> ParsedText:
    """Read an HTML page.

    Raises:
        DocumentError: when the bytes are no text, or hold more than `max_chars` of it.
    """
    markup, notes = decode(data, html=True)
    builder = TextBuilder(max_chars)
    parser = LexborHTMLParser(markup)
    write_html(parser, builder)
    title = parser.css_first("title") or parser.css_first("h1")
    meta = _meta(parser)
    return builder.build(
        title=title.text() if title else None,
        version=meta.get("version"),
        date=next((found for name in _DATE_META if (found := iso_date(meta.get(name)))), None),
        notes=notes,
    )


def write_html(parser: LexborHTMLParser, builder: TextBuilder) -> None:
    """Append the readable text of a page or fragment to a builder."""
    root = parser.root
    if root is not None:
        _Writer(builder).write(root, nested=0)


def _meta(parser: LexborHTMLParser) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in parser.css("meta"):
        name = node.attributes.get("name") or node.attributes.get("property")
        content = node.attributes.get("content")
        if name and content:
            found.setdefault(name.lower(), content)
    return found


def _children(node: LexborNode) -> Iterator[LexborNode]:
    child = node.child
    while child is not None:
        yield child
        child = child.next


def _is_dropped(node: LexborNode, tag: str) -> bool:
    attributes = node.attributes
    if tag in _DROPPED or (tag == "header" and node.css_first("h1") is None):
        return True
    if not attributes:
        return False
    classes = (attributes.get("class") or "").lower().split()
    return (
        "hidden" in attributes
        or (attributes.get("role") or "") in _DROPPED_ROLES
        or not _DROPPED_CLASSES.isdisjoint(classes)
    )


@dataclass(slots=True)
class _Table:
    rows: list[tuple[list[str], list[str]]] = field(default_factory=list[tuple[list[str], list[str]]])
    """Of each row, the tags and the texts of its cells."""


class _Writer:
    """Walks a tree without recursion (depth is the page's choice) and writes its blocks."""

    def __init__(self, builder: TextBuilder) -> None:
        self._builder = builder
        self._inline: list[str] = []
        self._heading_level = 0
        self._item = False
        self._glued = False
        self._preformatted = 0
        self._table: _Table | None = None

    def write(self, root: LexborNode, *, nested: int) -> None:
        stack: list[tuple[LexborNode, bool]] = [(root, True)]
        while stack:
            node, entering = stack.pop()
            tag = node.tag or ""
            if not entering:
                self._leave(tag)
            elif tag == "-text":
                self._text(node.text_content or "")
            elif tag == "script" and self._is_template(node) and nested < _MOST_NESTED_TEMPLATES:
                self._flush()
                template = LexborHTMLParser(node.text()).root
                if template is not None:
                    self.write(template, nested=nested + 1)
            elif not tag.startswith("-") and not _is_dropped(node, tag):
                self._enter(tag, node)
                stack.append((node, False))
                stack.extend((child, True) for child in reversed(list(_children(node))))
        self._flush()

    @staticmethod
    def _is_template(node: LexborNode) -> bool:
        kind = (node.attributes.get("type") or "").lower()
        return any(part in kind for part in _TEMPLATE_TYPES)

    def _text(self, text: str) -> None:
        if text.strip():
            self._glued = False
        self._inline.append(text)

    def _enter(self, tag: str, node: LexborNode) -> None:
        if self._table is not None:
            self._enter_in_table(tag)
        elif tag in _HEADINGS:
            self._flush()
            self._heading_level = _HEADINGS[tag]
        elif tag in {"li", "dt"}:
            self._flush()
            self._item = True
        elif tag == "pre":
            self._flush()
            self._preformatted += 1
        elif tag == "table" and node.css_first("table table, h1, h2, h3, h4, h5, h6") is None:
            self._flush()
            self._table = _Table()
        elif tag in _BLOCKS or tag in {"tr", "td", "th"}:  # a table that only lays out the page is prose
            self._flush_unless_glued()
        elif tag == "br":
            self._inline.append("\n")

    def _enter_in_table(self, tag: str) -> None:
        table = self._table
        if table is None or tag == "table":
            return
        if tag == "tr":
            self._inline.clear()
            table.rows.append(([], []))
        elif tag in {"td", "th"}:
            self._inline.clear()
        elif tag in _BLOCKS or tag in {"li", "br", "pre", "dt"}:
            self._inline.append(" ")

    def _leave(self, tag: str) -> None:
        if self._table is not None:
            self._leave_in_table(tag, self._table)
        elif tag in _HEADINGS:
            self._flush()
            self._heading_level = 0
            self._item = False
        elif tag == "pre":
            self._builder.code("".join(self._inline))
            self._inline.clear()
            self._preformatted -= 1
        elif tag == "dt":
            self._inline.append(": ")
            self._glued = True
        elif tag in _BLOCKS or tag in {"li", "tr", "td", "th"}:
            self._flush_unless_glued()
            self._item = self._item and tag != "li"

    def _leave_in_table(self, tag: str, table: _Table) -> None:
        if tag in {"td", "th"}:
            if not table.rows:
                table.rows.append(([], []))
            tags, texts = table.rows[-1]
            tags.append(tag)
            texts.append(" ".join("".join(self._inline).split()))
            self._inline.clear()
        elif tag == "caption":
            self._builder.paragraph("".join(self._inline))
            self._inline.clear()
        elif tag == "table":
            self._table = None
            self._inline.clear()
            self._write_table(table)

    def _write_table(self, table: _Table) -> None:
        """A short table of names and values is one line, `Type: string; Default: all`; others are rows."""
        rows = [texts for _, texts in table.rows]
        if rows and all(tags == ["th", "td"] for tags, _ in table.rows):
            pairs = [f"{name.rstrip(':')}: {value}" for name, value in rows if value]
            line = "; ".join(pairs)
            if len(line) <= _KEY_VALUE_CHARS:
                self._builder.paragraph(line)
                return
            rows = [[pair] for pair in pairs]
        for row in rows:
            self._builder.row(row)

    def _flush_unless_glued(self) -> None:
        if not self._glued:
            self._flush()

    def _flush(self) -> None:
        text = "".join(self._inline)
        self._inline.clear()
        self._glued = False
        if not text.strip():
            return
        if self._preformatted:
            self._builder.code(text)
        elif self._heading_level:
            self._builder.heading(text, self._heading_level)
        elif self._item:
            self._builder.item(text)
            self._item = False
        else:
            self._builder.paragraph(text)
