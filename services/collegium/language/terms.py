"""A text as the sequence of what it says: content words, numbers, versions, dates and operators, in order.

Two texts whose sequences match say the same in nearly the same words, whatever their articles, inflection, number
formats and units. What is compared elsewhere is compared on this sequence: claims, contradictions, support.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from collegium.language.dates import date_within, dates
from collegium.language.entities import entities
from collegium.language.operators import Operator, operators
from collegium.language.quantities import Measure, measures, same_measure
from collegium.language.tokens import fold, stem
from collegium.language.versions import versions


class TermKind(StrEnum):
    """What a term is."""

    WORD = "word"
    NUMBER = "number"
    VERSION = "version"
    DATE = "date"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Term:
    """One meaningful piece of a text, the characters [start, end).

    `key` is the word's stem, the version, the ISO date or the operator; numbers compare by their `measure`.
    `name` is True for words that are part of a name or identifier.
    """

    kind: TermKind
    key: str
    start: int
    end: int
    measure: Measure | None = None
    name: bool = False

    @property
    def exact(self) -> bool:
        """True for what must be carried over unchanged: numbers, versions, dates and operators."""
        return self.kind is not TermKind.WORD


# Words whose change does not change what a technical sentence says. Prepositions of place and order (`before`,
# `above`, `off`, `without`) are deliberately not among them.
IGNORED: frozenset[str] = frozenset(
    """a an the of is are was were be been being am has have had having do does did doing done it its itself this that
    these those which who whom whose there here and as so then to in on at by for with from into onto per via
    than such also too very just own s t ll re ve d e.g i.e etc""".split()
)

_WORD = re.compile(r"[A-Z][A-Za-z]*-\d+(?![\w-])|[^\W_]\w*(?:[._][^\W_]\w*)*(?:['’](?:s|re|ve|ll|d)\b)?|_\w+")
_TICKET = re.compile(r"(?<![\w-])[A-Z][A-Za-z]*-\d+(?![\w-])")
_SUFFIX = re.compile(r"['’](?:s|re|ve|ll|d)$")
_CACHED_TEXTS = 1 << 13


@lru_cache(maxsize=_CACHED_TEXTS)
def terms(text: str) -> tuple[Term, ...]:
    """The terms of a text in order."""
    special = _special(text)
    names = [(entity.start, entity.end) for entity in entities(text)]
    found = list(special)
    at = 0
    for match in _WORD.finditer(text):
        while at < len(special) and special[at].end <= match.start():
            at += 1
        if at < len(special) and special[at].start < match.end():
            continue
        word = _SUFFIX.sub("", fold(match.group()))
        acronym = match.group().isupper() and len(word) > 1  # an `IT` department is no `it`
        if word in IGNORED and not acronym:
            continue
        named = any(start <= match.start() < end for start, end in names)
        found.append(Term(TermKind.WORD, stem(word), match.start(), match.end(), name=named))
    found.sort(key=lambda term: term.start)
    return tuple(_bounds_first(found, text))


def matches(stated: Term, evidence: Term) -> bool:
    """Whether the evidence's term carries the stated one: the same word, amount or version, or a finer date."""
    if stated.kind is not evidence.kind:
        return False
    if stated.measure is not None and evidence.measure is not None:
        return same_measure(stated.measure, evidence.measure)
    if stated.kind is TermKind.DATE:
        return date_within(stated.key, evidence.key)
    if stated.kind is TermKind.VERSION:
        return _bare(stated.key) == _bare(evidence.key)
    return stated.key == evidence.key


def content(found: tuple[Term, ...]) -> tuple[Term, ...]:
    """Only the words."""
    return tuple(term for term in found if term.kind is TermKind.WORD)


def negated(found: tuple[Term, ...]) -> bool:
    """Whether an odd number of negations leaves the statement denied."""
    return sum(term.key == Operator.NOT for term in found) % 2 == 1


def _bare(version: str) -> str:
    parts = version.split(".")
    while len(parts) > 2 and parts[-1] == "0":
        parts.pop()
    return ".".join(parts)


def _special(text: str) -> list[Term]:
    """Dates, versions, numbers and operators; where they overlap the first of these kinds wins."""
    found = [Term(TermKind.DATE, named.iso, named.start, named.end) for named in dates(text)]
    taken = [*((term.start, term.end) for term in found), *(match.span() for match in _TICKET.finditer(text))]
    has_digit = any(character.isdigit() for character in text)
    candidates = [
        *((Term(TermKind.VERSION, v.number, v.start, v.end) for v in versions(text)) if has_digit else ()),
        *(Term(TermKind.NUMBER, f"{m.value} {m.unit}", m.start, m.end, measure=m) for m in measures(text)),
        *(
            Term(TermKind.OPERATOR, mark.operator.value, mark.start, mark.end, name=mark.trailing)
            for mark in operators(text)
        ),
    ]
    for term in candidates:
        if all(term.end <= start or end <= term.start for start, end in taken):
            found.append(term)
            taken.append((term.start, term.end))
    found.sort(key=lambda term: term.start)
    return found


def _bounds_first(found: list[Term], text: str) -> list[Term]:
    """`3 or more brokers` as `at least 3 brokers`: a trailing bound goes before the number that it follows."""
    ordered: list[Term] = []
    for term in found:
        at = len(ordered)
        if term.kind is TermKind.OPERATOR and term.name:
            nearby = (i for i in range(at - 1, max(-1, at - 4), -1) if ordered[i].kind is TermKind.NUMBER)
            at = next(nearby, at)
        ordered.insert(at, term)
    return ordered
