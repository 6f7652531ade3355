"""Windows of a document that a search can return: whole structural units, never across a heading."""

from collections.abc import Iterator
from dataclasses import dataclass

from collegium.language.sentences import sentences
from collegium.retrieval.documents import Block, BlockKind, ParsedText, PassageSpan

_FULL_WORDS = 120
"""A window with this many words is complete."""
_MOST_WORDS = 180
_FEW_WORDS = 50
"""A rest with fewer words joins the window before it, if that stays within `_MOST_JOINED_WORDS`."""
_MOST_JOINED_WORDS = 220
_MOST_PIECE_CHARS = 1_800
_CHARS_PER_WORD = 14
"""For text without spaces, and for long identifiers: this many characters count as a word at least."""
_FEWEST_HEADING_WORDS = 4
_MOST_HEADING_CHARS = 500


@dataclass(frozen=True, slots=True)
class _Unit:
    """A piece of text that is not divided further."""

    start: int
    end: int
    words: int


def passages(parsed: ParsedText) -> Iterator[PassageSpan]:
    """The passages of a document in order; together they cover all text except headings.

    A passage has about 60 to 180 words; it is shorter where a section is. `text[start:end]` is its text.
    """
    for heading, blocks in _sections(parsed):
        units = [unit for block in blocks for unit in _units(parsed.text, block)]
        for start, end in _windows(units):
            yield PassageSpan(heading, start, end, parsed.text[start:end])


def _sections(parsed: ParsedText) -> Iterator[tuple[str, list[Block]]]:
    """The blocks below each heading, with the path of headings above them."""
    path: list[tuple[int, str]] = []
    body: list[Block] = []
    last: Block | None = None
    for block in parsed.blocks:
        if block.kind is not BlockKind.HEADING:
            body.append(block)
            continue
        if body:
            yield _joined(path), body
        elif last is not None and last.level >= block.level:
            yield from _bare_heading(parsed, path, last)
        body, last = [], block
        while path and path[-1][0] >= block.level:
            path.pop()
        path.append((block.level, parsed.text[block.start : block.end]))
    if body:
        yield _joined(path), body
    elif last is not None:
        yield from _bare_heading(parsed, path, last)


def _bare_heading(parsed: ParsedText, path: list[tuple[int, str]], heading: Block) -> Iterator[tuple[str, list[Block]]]:
    """A heading with nothing below it says something itself, if it is longer than a name."""
    if len(parsed.text[heading.start : heading.end].split()) >= _FEWEST_HEADING_WORDS:
        yield _joined(path[:-1]), [heading]


def _joined(path: list[tuple[int, str]]) -> str:
    joined = " > ".join(text for _, text in path)
    return joined if len(joined) <= _MOST_HEADING_CHARS else f"… {joined[-_MOST_HEADING_CHARS:]}"


def _count(text: str) -> int:
    return max(len(text.split()), len(text) // _CHARS_PER_WORD)


def _units(text: str, block: Block) -> Iterator[_Unit]:
    """A block as it is, or its sentences when it is longer than a window."""
    content = text[block.start : block.end]
    words = _count(content)
    if words <= _MOST_WORDS and len(content) <= _MOST_PIECE_CHARS:
        yield _Unit(block.start, block.end, words)
        return
    for span in sentences(content):
        yield from _pieces(text, block.start + span.start, block.start + span.end)


def _pieces(text: str, start: int, end: int) -> Iterator[_Unit]:
    """A sentence, cut at white space (else anywhere) where it is longer than a window."""
    while start < end:
        stop = end
        if end - start > _MOST_PIECE_CHARS or _count(text[start:end]) > _MOST_WORDS:
            stop = _cut_at(text, start, end)
        yield _Unit(start, stop, _count(text[start:stop]))
        start = stop
        while start < end and text[start].isspace():
            start += 1


def _cut_at(text: str, start: int, end: int) -> int:
    """Where the first piece of an over-long sentence ends."""
    limit = min(end, start + _MOST_PIECE_CHARS)
    position, words = start, 0
    while words < _FULL_WORDS:
        space = text.find(" ", position + 1, limit)
        if space < 0:
            break
        position, words = space, words + 1
    if position > start and (words == _FULL_WORDS or limit < end):
        return position
    return limit


def _windows(units: list[_Unit]) -> list[tuple[int, int]]:
    """Adjacent units joined until a window is full; a short rest joins the window before it."""
    windows: list[tuple[int, int, int]] = []
    for unit in units:
        if windows:
            start, _, words = windows[-1]
            if words < _FULL_WORDS and words + unit.words <= _MOST_WORDS:
                windows[-1] = (start, unit.end, words + unit.words)
                continue
        windows.append((unit.start, unit.end, unit.words))
    if len(windows) > 1:
        (start, _, words), (_, end, rest) = windows[-2:]
        if rest < _FEW_WORDS and words + rest <= _MOST_JOINED_WORDS:
            windows[-2:] = [(start, end, words + rest)]
    return [(start, end) for start, end, _ in windows]
