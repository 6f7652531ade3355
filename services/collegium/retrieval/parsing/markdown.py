"""Markdown and MDX by CommonMark's rules with tables; front matter gives title, version and date."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token
from selectolax.lexbor import LexborHTMLParser

from collegium.retrieval.documents import ParsedText
from collegium.retrieval.parsing.builder import TextBuilder
from collegium.retrieval.parsing.decoding import decode
from collegium.retrieval.parsing.html import write_html
from collegium.retrieval.parsing.metadata import iso_date

_FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_LONGEST_FRONT_MATTER_CHARS = 1 << 16
_MDX_STATEMENT = re.compile(r"^(?:import\s.+\sfrom\s|import\s+[\"']|export\s).*$", re.MULTILINE)
_MDX_COMMENT = re.compile(r"\{/\*.*?\*/\}", re.DOTALL)
_FENCE = re.compile(r"^(?:```|~~~)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _FrontMatter:
    title: str | None = None
    version: str | None = None
    date: str | None = None
    notes: tuple[str, ...] = ()


def parse_markdown(data: bytes, max_chars: int) -> ParsedText:
    """Read a Markdown file; embedded HTML is read as HTML.

    Raises:
        DocumentError: when the bytes are no text, or hold more than `max_chars` of it.
    """
    text, notes = decode(data)
    return _parse(text, notes, max_chars)


def parse_mdx(data: bytes, max_chars: int) -> ParsedText:
    """Read an MDX file: Markdown without its imports, exports and comments.

    Raises:
        DocumentError: as `parse_markdown`.
    """
    text, notes = decode(data)
    front = _FRONT_MATTER.match(text)
    body_at = front.end() if front else 0
    fence = _FENCE.search(text, body_at)
    head_end = fence.start() if fence else len(text)
    head = _MDX_STATEMENT.sub("", text[body_at:head_end])
    return _parse(text[:body_at] + _MDX_COMMENT.sub("", head + text[head_end:]), notes, max_chars)


def _parse(text: str, notes: tuple[str, ...], max_chars: int) -> ParsedText:
    front, body = _front_matter(text)
    builder = TextBuilder(max_chars)
    tokens = MarkdownIt("commonmark").enable("table").parse(body)
    _Writer(builder).write(tokens)
    return builder.build(
        title=front.title or _first_title(tokens),
        version=front.version,
        date=front.date,
        notes=notes + front.notes,
    )


def _front_matter(text: str) -> tuple[_FrontMatter, str]:
    found = _FRONT_MATTER.match(text)
    if not found or len(found.group(1)) > _LONGEST_FRONT_MATTER_CHARS:
        return _FrontMatter(), text
    body = text[found.end() :]
    try:
        values: object = yaml.safe_load(found.group(1))
    except (yaml.YAMLError, ValueError):  # ValueError: a date such as 2024-13-45
        return _FrontMatter(notes=("its front matter is not valid YAML and was ignored",)), body
    if not isinstance(values, dict):
        return _FrontMatter(), body
    fields: dict[object, object] = dict(values)  # pyright: ignore[reportUnknownArgumentType] - YAML is untyped
    title, version = fields.get("title"), fields.get("version")
    return (
        _FrontMatter(
            title=str(title) if title else None,
            version=str(version)[:32] if version else None,
            date=iso_date(fields.get("date")),
        ),
        body,
    )


def _first_title(tokens: Sequence[Token]) -> str | None:
    for token, following in pairwise(tokens):
        if token.type == "heading_open" and token.tag == "h1":
            return _inline_text(following)
    return None


def _inline_text(token: Token) -> str:
    parts: list[str] = []
    for child in token.children or ():
        match child.type:
            case "text" | "code_inline":
                parts.append(child.content)
            case "image":
                parts.append(_inline_text(child))
            case "softbreak" | "hardbreak":
                parts.append(" ")
            case _:
                pass
    return "".join(parts)


class _Writer:
    def __init__(self, builder: TextBuilder) -> None:
        self._builder = builder
        self._heading_level = 0
        self._item = False
        self._row: list[str] | None = None

    def write(self, tokens: Sequence[Token]) -> None:
        for token in tokens:
            self._structure(token)
            if token.type == "inline":
                self._text(_inline_text(token))
            elif token.type in {"fence", "code_block"}:
                self._builder.code(token.content)
            elif token.type == "html_block":
                write_html(LexborHTMLParser(token.content), self._builder)

    def _structure(self, token: Token) -> None:
        match token.type:
            case "heading_open":
                self._heading_level = int(token.tag[1])
            case "heading_close":
                self._heading_level = 0
            case "list_item_open":
                self._item = True
            case "list_item_close":
                self._item = False
            case "tr_open":
                self._row = []
            case "tr_close":
                self._builder.row(self._row or [])
                self._row = None
            case _:
                pass

    def _text(self, text: str) -> None:
        if self._row is not None:
            self._row.append(text)
        elif self._heading_level:
            self._builder.heading(text, self._heading_level)
        elif self._item:
            self._builder.item(text)
            self._item = False
        else:
            self._builder.paragraph(text)
