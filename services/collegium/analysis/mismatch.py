"""What a statement speaks of otherwise than the question: another mark, another limit, another version.

A corpus that knows the ferry `Orla mark 3` has a sentence with nearly every word of a question about `mark 51`. It does
not answer it. Words alone do not tell; what is asked for exactly does.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from collegium.analysis.statements import Statement
from collegium.language.terms import Term, TermKind, terms
from collegium.language.tokens import stem
from collegium.language.versions import same_version

_LIMITS: Final = {
    stem(word): limit
    for limit, words in {"maximum": "maximum max", "minimum": "minimum min", "default": "default"}.items()
    for word in words.split()
}
"""Which of several values of one thing is meant; a setting's name has the short form."""
_ONWARDS: Final = re.compile(
    r"\b(?:since|from|as of|starting|until|before|after|prior|up to|through|later|newer|older|earlier|above|below)\b",
    re.IGNORECASE,
)
"""A sentence that names a version as the beginning or end of a span may speak of others."""

_YEAR: Final = re.compile(r"(?<![\w.,-])(?:19|20)\d{2}(?![\w,]|\.\d)")
_ASKED_YEAR: Final = re.compile(
    r"\b(?:in|since|until|during|before|after|year(?:\s+of)?|january|february|march|april|may|june|july|august"
    r"|september|october|november|december)\s+((?:19[5-9]|20[0-3])\d)\b(?!\s+(?:\w+s|per|[kmg]i?b)\b)",
    re.IGNORECASE,
)
"""A year, and no number of things: `a size of 2048` names none."""

Marks = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Exact:
    """What a question asks for exactly.

    Attributes:
        marks: numbers that tell one thing from others of its kind, each with the word before it (`mark`, `51`).
        limits: which value is meant: `maximum`, `minimum`, `default`.
        versions: the versions that it names.
        years: the years that it names.
    """

    marks: Marks
    limits: frozenset[str]
    versions: tuple[str, ...]
    years: frozenset[str] = frozenset()


def exact(text: str, versions: Sequence[str]) -> Exact:
    """What a question asks for exactly."""
    found = terms(text)
    limits = _limits(term.key for term in found if term.kind is TermKind.WORD)
    return Exact(marks_of(found), limits, tuple(versions), frozenset(_ASKED_YEAR.findall(text)))


def mismatches(asked: Exact, statement: Statement) -> int:
    """How many of the things asked for exactly a statement states of another, and not of what is asked."""
    others = (_other_mark, _other_limit, _other_version, _other_year)
    return sum(other(asked, statement) for other in others)


def marks_of(found: Sequence[Term]) -> Marks:
    """Words with the bare number right behind each: `Java 8`."""
    return frozenset(
        (word.key, number.key)
        for word, number in pairwise(found)
        if word.kind is TermKind.WORD
        and number.kind is TermKind.NUMBER
        and number.measure is not None
        and not number.measure.unit
        and number.start - word.end <= 1
    )


def _other_year(asked: Exact, statement: Statement) -> bool:
    """Whether neither the passage nor its title or date knows any of the years."""
    passage = statement.passage
    told = f"{passage.date or ''}\n{passage.title}\n{passage.heading}\n{passage.text}"
    return bool(asked.years) and not asked.years & frozenset(_YEAR.findall(told))


def _limits(keys: Iterable[str]) -> frozenset[str]:
    return frozenset(_LIMITS[key] for key in keys if key in _LIMITS)


def _other_mark(asked: Exact, statement: Statement) -> bool:
    if not asked.marks:
        return False
    passage = statement.passage
    told = marks_of(terms(statement.text)) | marks_of(terms(f"{passage.title}\n{passage.heading}"))
    kinds = {word for word, _ in told}
    return any(word in kinds and (word, number) not in told for word, number in asked.marks)


def _other_limit(asked: Exact, statement: Statement) -> bool:
    setting = statement.setting
    told = _limits((*statement.keys, *(() if setting is None else map(stem, setting.label.split()))))
    return bool(asked.limits and told) and not asked.limits & told


def _other_version(asked: Exact, statement: Statement) -> bool:
    named = [term.key for term in statement.terms if term.kind is TermKind.VERSION]
    if not asked.versions or not named or _ONWARDS.search(statement.text):
        return False
    told = [*named, *([statement.passage.version] if statement.passage.version else [])]
    return not any(same_version(one, other) for one in told for other in asked.versions)
