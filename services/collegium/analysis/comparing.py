"""Do two statements say the same, contradict each other, or speak of different things?

A contradiction is only reported where the two sentences are nearly the same otherwise, speak of one setting, or
take opposite sides on one named thing; everything else counts as different things. Precision comes first: a false
contradiction would be put before a reader as fact.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from collegium.analysis.statements import Statement
from collegium.language.alignment import align
from collegium.language.operators import Operator
from collegium.language.opposites import opposed
from collegium.language.plain import beginning
from collegium.language.quantities import same_measure
from collegium.language.settings import amount, same_value
from collegium.language.terms import Term, TermKind, matches, negated
from collegium.language.tokens import stem
from collegium.language.versions import same_version, version_key

_SAME_SHARE: Final = 0.65
_LIKE_SHARE: Final = 0.8
"""The share of aligned words from which two sentences speak of the same thing."""
_SAME_TEXT_SHARE: Final = 0.75
"""The share of common words from which two texts describe one setting."""
_VERSION_IN_NAME: Final = re.compile(r"(?<![\w.])(?:0(?:\.\d{1,3}){1,3}|\d{1,2}(?:\.\d{1,3}){1,2})(?!\d|\.\d)")
"""Not a date (`2021.05.03`) or an address (`192.168.1.1`): four parts only from 0, and the first below 100."""
_MOST_ABOUT_WORDS: Final = 12
_FEWEST_WORDS: Final = 4
_FEWEST_SAME_WORDS: Final = 2
"""Words of a very short sentence (`Java 8 is supported`), all of which the other must have, and no more."""
_NEEDS: Final = frozenset(stem(word) for word in "require requires need depend depends rely relies use uses".split())
_GONE: Final = frozenset(stem(word) for word in "removed eliminated dropped obsolete".split())
_DEPENDENCY: Final = frozenset(stem(word) for word in "dependency requirement need".split())
HEDGES: Final = frozenset(
    (Operator.IF, Operator.UNLESS, Operator.WHEN, Operator.CAN, Operator.SHOULD, Operator.WILL, Operator.EITHER)
)
"""What makes a sentence a condition or a possibility: it does not say that something is so."""

CONDITION: Final = re.compile(
    r"\b(?:if|when(?:ever)?|while|unless|whether|once|until|after|as soon as|provided that)\b", re.IGNORECASE
)
"""It governs what follows: `When compression is enabled, ...` says nothing of whether it is."""
_OPTION: Final = re.compile(r"(?<!\w)--\w[\w-]*")
_IDENTIFIER: Final = re.compile(r"[a-z][\w-]*(?:\.[\w-]+)+")

Kind = Literal["number", "negation", "value", "date", "meaning"]
"""`meaning`: found by the entailment model alone."""


BY_RULES: Final = 0.99
"""How often a conflict that the rules report is one: on the tuning half of the `tampering` suite 962 of 962."""
READ_AS_TRUE: Final = 0.92
"""The same of the kinds that need no likeness of wording, which that suite does not measure.

What is gone, stages, on and off, counts, commands, defaults in prose: of the disagreements of whole runs that were not
expected, 11 of 12, of all kinds, were true when read (decision 16)."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """How two statements contradict each other, on what, and how likely it is that they do."""

    kind: Kind
    about: str
    confidence: float = BY_RULES


def say_the_same(one: Statement, other: Statement) -> bool:
    """Whether both state the same: most words in common, and every number, version, date and operator."""
    if one.setting and other.setting:
        return (one.setting.name, one.setting.label) == (other.setting.name, other.setting.label) and same_value(
            one.setting, other.setting
        )
    if one.setting or other.setting:
        return False
    if _overlap(one.keys, other.keys) < _SAME_SHARE:
        return False
    return _same_exactly(one.terms, other.terms)


def conflict(
    one: Statement, other: Statement, subjects: frozenset[str], asked: frozenset[str] = frozenset()
) -> Conflict | None:
    """How two statements of different documents contradict each other; None when they do not.

    Args:
        one: a statement.
        other: a statement of another document.
        subjects: stems of the names that the questions are about, for opposite sides on one of them.
        asked: stems of all their words: of a setting more than its default is compared where they ask for it.
    """
    if one.setting and other.setting:
        return _of_settings(one, other, asked)
    if one.setting or other.setting or of_two_things(one, other):
        return None
    return _of_sentences(one, other) or _of_sides(one, other, subjects)


def of_two_things(one: Statement, other: Statement) -> bool:
    """Whether each says plainly of what it speaks, and that differs: rows of a table, text under settings, options."""
    first, second = _row(one), _row(other)
    if first and second and first != second:
        return True
    options, others = _options(one.text), _options(other.text)
    if options and others and options.isdisjoint(others):
        return True
    above, below = (each.passage.heading.rsplit(" > ", 1)[-1].strip() for each in (one, other))
    return above != below and _IDENTIFIER.fullmatch(above) is not None and _IDENTIFIER.fullmatch(below) is not None


@lru_cache(maxsize=4_096)
def _options(text: str) -> frozenset[str]:
    return frozenset(_OPTION.findall(text))


def _row(statement: Statement) -> str:
    """The first cell of a table's row; empty for what is none."""
    cell, mark, _ = statement.text.partition(" | ")
    return cell.strip().casefold() if mark else ""


def version_of(statement: Statement) -> str | None:
    """The version that a statement's document describes: its own, or else the one in the name of its file."""
    return _described(statement.passage.document_id, statement.passage.version)


@lru_cache(maxsize=4_096)
def _described(document_id: str, version: str | None) -> str | None:
    if version_key(version):
        return version
    found = _VERSION_IN_NAME.search(document_id.rsplit("/", 1)[-1])
    return found.group() if found else version


def versions_differ(one: Statement, other: Statement) -> bool:
    """Whether the two documents describe different versions."""
    first, second = version_of(one), version_of(other)
    return first is not None and second is not None and not same_version(first, second)


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(1, len(one | other))


def _of_settings(one: Statement, other: Statement, asked: frozenset[str]) -> Conflict | None:
    first, second = one.setting, other.setting
    if first is None or second is None or (first.name, first.label) != (second.name, second.label):
        return None
    if first.label != "default" and not (versions_differ(one, other) and asked & _stems(first.label)):
        return None
    if not _same_kind_of_setting(one, other) or same_value(first, second):
        return None
    numbers = amount(first) is not None and amount(second) is not None
    return Conflict("number" if numbers else "value", f"the {first.label} of {first.name}")


def _stems(label: str) -> frozenset[str]:
    return frozenset(stem(word) for word in label.split())


def _same_kind_of_setting(one: Statement, other: Statement) -> bool:
    """A broker's and a producer's setting of one name are two settings: the headings above must agree.

    Or all that is said of it: the texts of two versions that describe a setting in the same words.
    """
    first = one.passage.heading.rsplit(" > ", 1)[0] if " > " in one.passage.heading else one.passage.title
    second = other.passage.heading.rsplit(" > ", 1)[0] if " > " in other.passage.heading else other.passage.title
    if first.casefold().split()[-2:] == second.casefold().split()[-2:] or _file(one) == _file(other):
        return True
    return versions_differ(one, other) and _overlap(one.around, other.around) >= _SAME_TEXT_SHARE


def _file(statement: Statement) -> str:
    return statement.passage.document_id.rsplit("/", 1)[-1]


def _of_sentences(one: Statement, other: Statement) -> Conflict | None:
    """Nearly the same words, but another number, date, polarity or an opposite word."""
    if _overlap(one.keys, other.keys) < 0.5:
        return None
    first = [t for t in one.terms if t.kind is TermKind.WORD]
    second = [t for t in other.terms if t.kind is TermKind.WORD]
    pairs = align(first, second, matches)
    longer = max(len(first), len(second))
    enough = min(len(first), len(second)) >= _FEWEST_WORDS and len(pairs) >= _LIKE_SHARE * longer - 1
    if not enough and not (len(pairs) == longer >= _FEWEST_SAME_WORDS):
        return None
    left = [t for i, t in enumerate(first) if i not in {i for i, _ in pairs}]
    right = [t for j, t in enumerate(second) if j not in {j for _, j in pairs}]
    if _names(one, left) and _names(other, right):
        return None  # about two things, each with a name of its own
    about = _words(one, [first[i] for i, _ in pairs])
    if _numbers_differ(one.terms, other.terms):
        return Conflict("number", about)
    if _dates_differ(one.terms, other.terms):
        return Conflict("date", about)
    opposites = sum(opposed(a.key, b.key) for a in left for b in right)
    if negated(one.terms) != negated(other.terms):
        lead = one.text.endswith(":") or other.text.endswith(":")
        replaced = bool(left and right) or lead
        alone = len(pairs) >= 0.9 * longer - 1 and not replaced and _same_exactly(one.terms, other.terms, but_not=True)
        return Conflict("negation", about) if alone else None
    return Conflict("value", about) if opposites == 1 and len(left) == len(right) == 1 else None


def _names(statement: Statement, found: Sequence[Term]) -> bool:
    """Whether one of the terms is a name: a capital that does not begin the sentence."""
    text = statement_text(statement)
    return any(t.start > 0 and text[t.start].isupper() and text[:1].isupper() for t in found)


def _same_exactly(one: Sequence[Term], other: Sequence[Term], *, but_not: bool = False) -> bool:
    """Whether the numbers, versions, dates and operators are the same, in order; `but_not` leaves negations aside."""
    first, second = (
        [term for term in found if term.exact and not (but_not and term.key == Operator.NOT)] for found in (one, other)
    )
    return len(first) == len(second) and all(matches(a, b) or matches(b, a) for a, b in zip(first, second, strict=True))


def _numbers_differ(one: Sequence[Term], other: Sequence[Term]) -> bool:
    """The same count of numbers, of the same units and counted things in the same order, but not the same values."""
    first = [t.measure for t in one if t.measure is not None]
    second = [t.measure for t in other if t.measure is not None]
    if not first or [(m.unit, m.noun) for m in first] != [(m.unit, m.noun) for m in second]:
        return False
    return any(not same_measure(a, b) for a, b in zip(first, second, strict=True))


def _dates_differ(one: Sequence[Term], other: Sequence[Term]) -> bool:
    first = [t for t in one if t.kind is TermKind.DATE]
    second = [t for t in other if t.kind is TermKind.DATE]
    return len(first) == len(second) and any(
        not matches(a, b) and not matches(b, a) for a, b in zip(first, second, strict=True)
    )


def _of_sides(one: Statement, other: Statement, subjects: frozenset[str]) -> Conflict | None:
    """One sentence says that something named in the question is needed, the other that it is not, or is gone.

    Both must speak about one more thing that the question names, such as what needs it.
    """
    shared = subjects & one.keys & other.keys
    for subject in sorted(shared) if len(shared) > 1 else ():
        if side(one.terms, subject) * side(other.terms, subject) < 0:
            return Conflict("negation", _words(one, [t for t in one.terms if t.key == subject][:1]))
    return None


def side(found: Sequence[Term], subject: str) -> int:
    """Which side a sentence takes on whether a thing is needed: 1 needed, -1 not needed or gone, 0 neither.

    Only plain statements take a side (`requires X`, `does not use X`, `without X`, `X was removed`): none with a
    condition or a possibility, and none in which the thing only describes another (`an X session`).
    """
    if any(term.key in HEDGES for term in found):
        return 0
    for at, term in enumerate(found):
        following = found[at + 1] if at + 1 < len(found) else None
        if term.key != subject or (following is not None and following.start - term.end == 1 and not _ends(following)):
            continue
        before = [t.key for t in found[max(0, at - 3) : at]]
        if before and before[-1] == Operator.NOT and found[at - 1].end - found[at - 1].start == len("without"):
            return -1
        if before and before[-1] in _NEEDS:
            return -1 if Operator.NOT in before else 1
        after = {t.key for t in found[at + 1 : at + 3]}
        if after & _GONE and Operator.NOT not in after:
            return -1
    return 0


def _ends(term: Term) -> bool:
    """Whether a word right after a name does not make it the first half of a compound."""
    return term.exact or term.key in _GONE or term.key in _DEPENDENCY


def _words(statement: Statement, found: Sequence[Term]) -> str:
    return written(statement_text(statement), found)


def written(text: str, found: Iterable[Term], most: int = _MOST_ABOUT_WORDS) -> str:
    """Terms of a text as it writes them, in order, each once; none of a connective that it begins with."""
    begins = beginning(text)
    distinct = {term.key: term for term in reversed([term for term in found if term.start >= begins])}
    ordered = sorted(distinct.values(), key=lambda term: term.start)[:most]
    return " ".join(text[term.start : term.end] for term in ordered)


def statement_text(statement: Statement) -> str:
    """The text that a statement's terms were read from."""
    return statement.setting.statement() if statement.setting else statement.text
