"""Sentence boundaries with character offsets, for prose, lists, tables and code alike.

A heading, table row or line of code is a unit of its own, a list item starts one; prose lines that were only
wrapped belong together. Within prose a full stop ends a sentence unless it belongs to an abbreviation, an
initial, a version or a number, or what follows starts in lower case and is no identifier.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from collegium.language.tokens import STOPWORDS


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range `[start, end)` of characters (not bytes) in a text."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """The text inside the span."""
        return text[self.start : self.end]


_ABBREVIATIONS = frozenset(
    """a.k.a a.m acad al approx apr art assn aug ave avg blvd bros c.f ca cap capt cf ch chap co col corp
    dec dept dr e.g ed eds eq esp est et etc ex feb fig figs fr fri ft gen gov hon i.e inc incl jan
    jr jul jun lt ltd max messrs min misc mon mr mrs ms mt n.b nov nr oct op p p.m ph.d pl pp prof
    pt ref refs rep resp rev sat sec sect sen sep sept sgt sr st sun thu tue u.k u.s u.s.a univ v
    viz vol vols vs wed w.r.t""".split()
)
# After these a sentence may well end: a capital decides ("and so on, etc. Brokers"), after names a function
# word ("in the U.S. The" ends, "the U.S. Army" does not).
_MAY_END = frozenset("a.m approx etc incl max min p.m".split())
_NAME_MAY_END = frozenset("al co corp inc jr ltd ph.d sr st u.k u.s u.s.a".split())
# `No. 5`: an abbreviation only before a number.
_BEFORE_NUMBER = frozenset("no nos art sec ch eq fig p pp vol".split())

_TERMINATOR = re.compile(r"[.!?…]+[\"'”’)\]»*_`]*(?=\s|$)|[。！？｡]+[」』”’）]*")
_LINE = re.compile(r"[^\n]*\n?")
_BLANK = re.compile(r"\s*$")
_ITEM = re.compile(r"[ \t]*(?:[-*+•‣▪·–]\s|\d{1,3}[.)]\s|[A-Za-z][.)]\s(?=\S)|>\s)")
_HEADING = re.compile(r"\#{1,6}\s|```|~~~")
_CODE = re.compile(r"\t| {4,}\S")
_TABLE_ROW = re.compile(r"\s\|\s|^\|")
_LONGEST_ROW_CHARS = 300
_LAST_WORD = re.compile(r"[\w][\w.'’&-]*$")
_FIRST_WORD = re.compile(r"[\w'’]+")
_INITIAL = re.compile(r"(?:^|[\s(])(?:[A-Z]\.)*[A-Z]$")
_IDENTIFIER = re.compile(r"[`\"'(]?[a-z][\w-]*(?:[._][\w-]+)+|`")
_LONGEST_SENTENCE_CHARS = 4000


def sentences(text: str) -> list[Span]:
    """The sentences of a text, in order, without overlap; white space between them belongs to none.

    A span never starts or ends with white space and is never longer than 4,000 characters (a longer run
    without any boundary is cut at white space, else anywhere).
    """
    found: list[Span] = []
    for block, whole in _blocks(text):
        pieces = (block,) if whole else _split(text, block)
        found.extend(_bounded(text, span) for piece in pieces for span in _cut(text, piece))
    return found


def _blocks(text: str) -> Iterator[tuple[Span, bool]]:
    """Ranges that no sentence may cross, and whether each is one unit (heading, table row, line of code)."""
    start: int | None = None
    end = 0
    after_code = False
    for match in _LINE.finditer(text):
        line = match.group()
        whole = _is_whole(line, interrupts=start is None or after_code)
        if start is not None and (whole or _BLANK.match(line) or _ITEM.match(line)):
            yield Span(start, end), False
            start = None
        after_code = whole and _CODE.match(line) is not None
        if _BLANK.match(line):
            continue
        if whole:
            yield Span(*match.span()), True
            continue
        start = match.start() if start is None else start
        end = match.end()
    if start is not None:
        yield Span(start, end), False


def _is_whole(line: str, *, interrupts: bool) -> bool:
    """Whether a line is a unit of its own; as in CommonMark, indented code does not interrupt a paragraph."""
    if _ITEM.match(line):
        return False
    if _HEADING.match(line) or (_TABLE_ROW.search(line) and len(line) <= _LONGEST_ROW_CHARS):
        return True
    return interrupts and _CODE.match(line) is not None


def _split(text: str, block: Span) -> Iterator[Span]:
    """Cut one block at its sentence ends."""
    begin = block.start
    for match in _TERMINATOR.finditer(text, block.start, block.end):
        if _ends_sentence(text, begin, match, block.end):
            yield Span(begin, match.end())
            begin = match.end()
    if text[begin : block.end].strip():
        yield Span(begin, block.end)


def _ends_sentence(text: str, begin: int, match: re.Match[str], end: int) -> bool:
    mark = match.group()[0]
    if mark in "。！？｡":
        return True
    following = text[match.end() : min(end, match.end() + 80)].lstrip()
    if not following:
        return True
    if mark != "." or match.group().startswith(".."):
        return not following[0].islower()
    return _full_stop_ends(text[max(begin, match.start() - 40) : match.start()], following)


def _full_stop_ends(before: str, following: str) -> bool:
    """Whether the full stop between the two texts ends a sentence."""
    found = _LAST_WORD.search(before)
    word = found.group().lower() if found else ""
    if word in _BEFORE_NUMBER and following[0].isdigit():
        return False
    if not before.strip() or _is_list_number(before):
        return False
    if following[0].islower():
        return bool(_IDENTIFIER.match(following)) and word not in _ABBREVIATIONS
    if word in _MAY_END:
        return following[0].isupper()
    if word in _NAME_MAY_END:
        first = _FIRST_WORD.match(following)
        return first is not None and first.group().lower() in STOPWORDS
    return word not in _ABBREVIATIONS and not _INITIAL.search(before)


def _is_list_number(before: str) -> bool:
    """`3` of `3. Start the broker`, alone before its full stop."""
    return before.strip().isdigit() and len(before.strip()) <= 3


def _bounded(text: str, span: Span) -> Span:
    """The span without white space at its ends."""
    piece = span.of(text)
    return Span(span.start + len(piece) - len(piece.lstrip()), span.end - (len(piece) - len(piece.rstrip())))


def _cut(text: str, span: Span) -> Iterator[Span]:
    """Pieces of at most the longest sentence, cut at white space where there is any."""
    begin = span.start
    while span.end - begin > _LONGEST_SENTENCE_CHARS:
        limit = begin + _LONGEST_SENTENCE_CHARS
        space = max(text.rfind(" ", begin + 1, limit), text.rfind("\n", begin + 1, limit))
        stop = space if space > begin else limit
        if text[begin:stop].strip():
            yield Span(begin, stop)
        begin = stop
    if text[begin : span.end].strip():
        yield Span(begin, span.end)
