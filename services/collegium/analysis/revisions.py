"""What one document says differently in another of its versions.

Two versions of a page are mostly the same sentences. Where a sentence of one has a counterpart in the other, under the
same heading and in mostly the same words, and they differ in a number, a name, a quantifier or a negation, a reader of
either should know of both. A new wording alone is no difference.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from collegium.analysis.comparing import Conflict, of_two_things, version_of, versions_differ, written
from collegium.analysis.maturity import stage
from collegium.analysis.statements import Statement
from collegium.language.alignment import align
from collegium.language.operators import Operator
from collegium.language.opposites import opposed
from collegium.language.quantities import same_measure
from collegium.language.terms import Term, TermKind, matches, negated
from collegium.language.tokens import stem
from collegium.language.versions import same_version

_SAME_HEADING_SHARE: Final = 0.4
_OTHER_HEADING_SHARE: Final = 0.6
"""Share of common words from which two sentences are counterparts, under one heading and under two."""
_FEWEST_COMMON: Final = 2
_LITERAL: Final = re.compile(r"\S*(?:\d|\w[._/=]\w)\S*")
_EDGES: Final = "\"'`()[]{},;:.!?"
_LONGEST_CHANGE: Final = 6
"""Words of a sentence that stand in place of others; with more, the two speak of two things."""
_MOST_COMMON_WORDS: Final = 8
_ORDINALS: Final = frozenset(stem(word) for word in "first second third fourth fifth last".split())
_SCOPE: Final = frozenset(
    (Operator.ALL, Operator.ONLY, Operator.ALWAYS, Operator.CAN, Operator.MUST, Operator.SHOULD, Operator.EITHER)
)


@dataclass(frozen=True, slots=True)
class Revision:
    """Two counterparts; `conflict` says how they differ, and is absent where they only word it differently.

    `repeated` says that they differ as others do that are told already: then it is absent, too.
    """

    one: Statement
    other: Statement
    conflict: Conflict | None
    repeated: bool = False


def family(statement: Statement) -> str:
    """What all versions of one document have in common: its path without the version."""
    return _unversioned(statement.passage.document_id, version_of(statement))


@lru_cache(maxsize=4_096)
def _unversioned(document_id: str, version: str | None) -> str:
    if version is None:
        return document_id
    parts = document_id.split("/")
    left = [part for part in parts[:-1] if part != version and not _names(part, version)]
    return "/".join((*left, _without(parts[-1], version)))


def _without(name: str, version: str) -> str:
    """A file's name without the version, where that is a number of its own: not `3` in `part3.md` or in `13.9.md`."""
    before = r"(?<![\d.])" if "." in version else r"(?:(?<![^\W_])|(?<![^\W_][vV])(?<=[vV]))"
    return re.sub(rf"{before}{re.escape(version)}(?![^\W_]|\.\d)", "", name)


def revisions(chosen: Sequence[Statement], every: Iterable[Statement]) -> list[Revision]:
    """Each chosen statement with its nearest counterpart in each other version of its document, each pair once.

    Of several that differ on the same between the same versions (`Compile with Go 1.20`, `1.21`), the first is told.

    Args:
        chosen: statements that a report may quote.
        every: all statements of the evidence.
    """
    pages: dict[str, dict[str | None, list[Statement]]] = {}
    for statement in every:
        if statement.setting is None:
            pages.setdefault(family(statement), {}).setdefault(version_of(statement), []).append(statement)
    found: dict[frozenset[tuple[str, int]], Revision] = {}
    told: set[tuple[str, str, str]] = set()
    for one in chosen:
        if one.setting is None:
            for other in _counterparts(one, pages.get(family(one), {})):
                pair = frozenset((one.place, other.place))
                if pair in found:
                    continue
                differs = difference(one, other)
                first, second = sorted((version_of(one) or "", version_of(other) or ""))
                known = differs is not None and (differs.about.casefold(), first, second) in told
                if differs is not None:
                    told.add((differs.about.casefold(), first, second))
                found[pair] = Revision(one, other, None if known else differs, repeated=known)
    return list(found.values())


def _counterparts(one: Statement, page: Mapping[str | None, Sequence[Statement]]) -> Iterator[Statement]:
    """The nearest statement of each other version, where it is near enough and knows none nearer in this one."""
    here = [each for each in page.get(version_of(one), ()) if each.place != one.place]
    for _, there in sorted(page.items(), key=lambda each: each[0] or ""):
        share, other = _nearest(one, there) if versions_differ(one, there[0]) else (0.0, None)
        if other is not None and _nearest(other, here)[0] <= share:
            yield other


def _nearest(one: Statement, among: Iterable[Statement]) -> tuple[float, Statement | None]:
    """The statement that has the largest share of words in common, and the share; none where none is near enough."""
    best, nearest = 0.0, None
    for other in among:
        if len(one.keys & other.keys) < _FEWEST_COMMON:
            continue
        share = _overlap(one, other)
        least = _SAME_HEADING_SHARE if innermost(one) == innermost(other) else _OTHER_HEADING_SHARE
        if share >= least and share > best and not of_two_things(one, other):
            best, nearest = share, other
    return best, nearest


def difference(one: Statement, other: Statement) -> Conflict | None:
    """How two counterparts differ in what they say; None where they differ in wording alone."""
    about = _common_words(one, other)
    if negated(one.terms) != negated(other.terms):
        return Conflict("negation", about)
    alike = _overlap(one, other) >= _OTHER_HEADING_SHARE
    if _amounts_differ(one.terms, other.terms, added=alike):
        return Conflict("number", about)
    if stage(one.text) != stage(other.text):
        return Conflict("value", about)
    literal, second = _literals(one.text), _literals(other.text)
    if alike and literal - second and second - literal:
        return Conflict("value", about)
    if any(_tells(one, other, change) for change in _changes(one, other)) or _scope(one.terms) != _scope(other.terms):
        return Conflict("value", about)
    return None


def replaced(one: Statement, other: Statement) -> bool:
    """Whether words of one stand in place of words of the other: more than what one of them adds or leaves out.

    Hyphens and blanks make no other word of `background`.
    """
    return any(
        change.left and change.right and _joined(change.left) != _joined(change.right)
        for change in _changes(one, other)
    )


def _joined(found: Sequence[Term]) -> str:
    return "".join(term.key for term in found).replace("-", "")


@dataclass(frozen=True, slots=True)
class _Change:
    """Words between two places where both go on alike; `beside` is a word that both have next to them."""

    left: Sequence[Term]
    right: Sequence[Term]
    beside: Sequence[Term]


def _changes(one: Statement, other: Statement) -> Iterator[_Change]:
    first, second = ([t for t in each.terms if t.kind is not TermKind.OPERATOR] for each in (one, other))
    pairs = [(-1, -1), *align(first, second, matches), (len(first), len(second))]
    for (i, j), (k, m) in pairwise(pairs):
        if k - i > 1 or m - j > 1:
            beside = [first[at] for at in (i, k) if 0 <= at < len(first)]
            yield _Change(first[i + 1 : k], second[j + 1 : m], beside)


def _tells(one: Statement, other: Statement, change: _Change) -> bool:
    """Whether the words put in place of others name something, or a list of names has one more.

    What a sentence of another version adds or leaves out beside is an elaboration, no difference.
    """
    if max(len(change.left), len(change.right)) > _LONGEST_CHANGE:
        return False
    if change.left and change.right:
        named = any(_telling(one, term) for term in change.left) or any(_telling(other, term) for term in change.right)
        return named or any(opposed(a.key, b.key) for a in change.left for b in change.right)
    added = (*change.left, *change.right)
    return all(term.name for term in added) and any(term.name for term in change.beside)


def _telling(statement: Statement, term: Term) -> bool:
    """A name, a number, something spelt exactly (a file name, an identifier), or a place in an order."""
    return (
        term.name
        or term.exact
        or term.key in _ORDINALS
        or _LITERAL.fullmatch(statement.text[term.start : term.end]) is not None
    )


def _overlap(one: Statement, other: Statement) -> float:
    return len(one.keys & other.keys) / max(1, len(one.keys | other.keys))


def innermost(statement: Statement) -> str:
    """The heading right above a statement, without the number of its section."""
    return re.sub(r"^[\d.]+\s+", "", statement.passage.heading.rsplit(" > ", 1)[-1]).casefold()


def _names(part: str, version: str) -> bool:
    return part[:1].isdigit() and same_version(part, version)


def _amounts_differ(one: Sequence[Term], other: Sequence[Term], *, added: bool) -> bool:
    """Numbers that only one of them has, on both sides; where `added`, one more beside common ones, too.

    `Java 8 and Java 11 are supported` is no longer so where Java 17 is, too.
    """
    first = [t.measure for t in one if t.measure is not None]
    second = [t.measure for t in other if t.measure is not None]
    alone = [a for a in first if not any(same_measure(a, b) for b in second)]
    there = [b for b in second if not any(same_measure(a, b) for a in first)]
    common = len(alone) < len(first) and len(there) < len(second)
    return bool(alone and there) or (added and common and bool(alone or there))


def _literals(text: str) -> frozenset[str]:
    """What is spelt exactly: numbers, file names, identifiers."""
    return frozenset(token.strip(_EDGES).casefold() for token in _LITERAL.findall(text))


def _scope(found: Sequence[Term]) -> Counter[str]:
    return Counter(term.key for term in found if term.kind is TermKind.OPERATOR and term.key in _SCOPE)


def _common_words(one: Statement, other: Statement) -> str:
    shared = [term for term in one.terms if term.kind is TermKind.WORD and term.key in other.keys]
    return written(one.text, shared, _MOST_COMMON_WORDS)
