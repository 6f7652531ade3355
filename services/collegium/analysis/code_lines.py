"""Lines of code and configuration that two versions of a section write differently: `timestampDelta: varint`."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import combinations, islice
from typing import Final

from collegium.analysis.addressing import addresses_reader, order_in
from collegium.analysis.comparing import Conflict, version_of, versions_differ
from collegium.analysis.own_version import unversioned
from collegium.analysis.question import keys_of
from collegium.analysis.revisions import family, innermost
from collegium.analysis.statements import LONGEST_LINE_CHARS, Statement, line_statement
from collegium.language.sentences import Span
from collegium.language.terms import terms
from collegium.language.tokens import fold, stem
from collegium_schemas.evidence import Passage

LINES_DIFFER: Final = 0.6
"""How likely it is that two such lines contradict each other: not measured, only clearly less than what sentences say.

A line is compared by how it is spelt, and may be an example that each version was free to choose."""

_LINE: Final = re.compile(r"^(?: {4}|\t)[ \t]*(?P<line>[A-Za-z][^:=\n]{0,40}[:=].*)$", re.MULTILINE)
"""Indented, with a name and its value or meaning."""
_NAME: Final = re.compile(r"[\w.\-]+")
_COMMENT: Final = re.compile(r"(?:(?<=\s)|^)(?://|#|/\*|<!--).*$")
_OWN: Final = re.compile(
    r"\w+://[^\s\"']+"
    r"|(?<![\w.-])(?:~|\.{1,2})?/[\w./-]+"
    r"|(?<![\w.-])[\w-]+(?:\.[\w-]+)*:\d{2,5}(?![\w.])"
    r"|\blocalhost\b|\b(?:[\w-]+\.)+(?:com|net|org|io|local|internal|example)(?![\w.])"
    r"|(?<![\d.])\d+(?:\.\d+){2,}(?![\w.]*\.\d)"
)
"""What each text chooses for itself: addresses, paths, hosts with a port, names of hosts, release numbers."""
_ASIDE: Final = re.compile(r"\([^()]*\)")
_WORD: Final = re.compile(r"(?<!\S)[A-Za-z]+[.,;:!?]?(?!\S)")
_FEWEST_PROSE_WORDS: Final = 3
"""Plain words of a value that is prose."""
_FEWEST_ORDER_WORDS: Final = 3
"""Of a line that may be an order: `type: list` is none, though `list` is a verb, too."""
MOST_LINES: Final = 200
"""Of one passage."""
MOST_PASSAGES: Final = 12
"""Of one section, the best, that are compared with each other."""
_MOST: Final = 2


@dataclass(frozen=True, slots=True)
class _Block:
    """The lines of one passage, their `shapes`, and `where`: a statement without text that stands in it."""

    passage: Passage
    spans: tuple[Span, ...]
    shapes: tuple[str, ...]
    where: Statement


def disagreements(passages: Sequence[Passage], asked: frozenset[str]) -> list[tuple[Statement, Statement, Conflict]]:
    """Lines that stand in place of each other in one section of two versions, each kind once.

    A section whose heading speaks of what is asked, and lines that begin with a word of it. Lines that differ only in
    white space, comments, or what each text chooses for itself (a host, a path, a release number) say the same.

    Args:
        passages: what was found for the question, the best first.
        asked: stems of what it is about.
    """
    pairs = (pair for section in _sections(passages, asked) for pair in combinations(section, 2))
    found: dict[str, tuple[Statement, Statement, Conflict]] = {}
    for label, one, other in (each for first, second in pairs for each in _differing(first, second, asked)):
        found.setdefault(fold(label), (one, other, Conflict("value", label, LINES_DIFFER)))
        if len(found) >= _MOST:
            break
    return list(found.values())


def _sections(passages: Sequence[Passage], asked: frozenset[str]) -> Iterable[Sequence[_Block]]:
    """The lines of passages whose heading speaks of what is asked, if one of them begins with a word of it."""
    sections: dict[tuple[str, str], list[_Block]] = {}
    for passage in passages:
        if not asked & keys_of(terms(passage.heading.rsplit(" > ", 1)[-1])):
            continue
        where = line_statement(passage, Span(0, 0))
        section = sections.setdefault((family(where), innermost(where)), [])
        if len(section) < MOST_PASSAGES:
            spans = tuple(_lines(passage.text, asked))
            section.extend([_Block(passage, spans, _shapes(where, spans), where)] if spans else [])
    return sections.values()


def _lines(text: str, asked: frozenset[str]) -> Iterator[Span]:
    """The lines of code of a text of which one begins with an asked word."""
    matches = list(islice(_LINE.finditer(text), MOST_LINES))
    if not any(_stem_of(_label(match["line"])) in asked for match in matches):
        return
    for match in matches:
        line = match["line"].rstrip()
        value = _value(line)
        if len(line) > LONGEST_LINE_CHARS or _is_prose(value) or any(_is_order(each) for each in (line, value)):
            continue
        yield Span(match.start("line"), match.start("line") + len(line))


def _is_order(text: str) -> bool:
    """Whether it orders something, of whoever reads it or of anybody: a planted order stands where a value would."""
    return addresses_reader(text) or (len(text.split()) >= _FEWEST_ORDER_WORDS and order_in(text) is not None)


def _is_prose(value: str) -> bool:
    return len(_WORD.findall(_ASIDE.sub(" ", _COMMENT.sub("", value)))) >= _FEWEST_PROSE_WORDS


def _value(line: str) -> str:
    return re.split("[:=]", line, maxsplit=1)[1].strip()


def _differing(one: _Block, other: _Block, asked: frozenset[str]) -> Iterator[tuple[str, Statement, Statement]]:
    """Pairs of lines of two versions that begin with the same asked word, and that word."""
    if not versions_differ(one.where, other.where):
        return
    for kind, start, end, begin, stop in SequenceMatcher(None, one.shapes, other.shapes, autojunk=False).get_opcodes():
        if kind != "replace":
            continue
        for here, there in zip(one.spans[start:end], other.spans[begin:stop], strict=False):
            label, same = (_label(span.of(each.passage.text)) for span, each in ((here, one), (there, other)))
            if _stem_of(label) in asked and fold(label) == fold(same):
                yield label, line_statement(one.passage, here), line_statement(other.passage, there)


def _shapes(where: Statement, spans: Sequence[Span]) -> tuple[str, ...]:
    """The lines without what says nothing: white space, comments, punctuation at the end, what each text chooses."""
    version = version_of(where)
    bare = (unversioned(_COMMENT.sub("", span.of(where.passage.text)), version) for span in spans)
    return tuple(re.sub(r"\s+", "", _OWN.sub("", line)).rstrip(";,.") for line in bare)


@lru_cache(maxsize=4_096)
def _stem_of(label: str) -> str:
    return stem(fold(label))


def _label(line: str) -> str:
    match = _NAME.match(line)
    return match.group() if match else ""
