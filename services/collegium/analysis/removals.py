"""Something that one statement describes and another says to be gone: removed, dropped, no longer supported."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from collegium.analysis.comparing import CONDITION, READ_AS_TRUE, Conflict, written
from collegium.analysis.statements import Statement
from collegium.language.terms import Term, TermKind, matches, terms
from collegium.language.tokens import stem

_GONE: Final = re.compile(
    r"\b(?:been|was|were)\s+(?:\w+ly\s+|now\s+|also\s+)?(?:removed|dropped|eliminated|discontinued)\b"
    r"|\b(?:is|are)\s+no\s+longer\s+(?:supported|available|included|packaged|provided|accepted)\b"
)
"""What is gone stands before it."""
_REMOVES: Final = re.compile(
    r"^\W*(?:remove[ds]?|drop(?:ped|s)?(?:\s+support\s+for)?)(?![\w-])"
    r"|\bno\s+longer\s+(?:supports?|accepts?|includes?|provides?|depends?\s+on)\b",
    re.IGNORECASE,
)
"""What is gone stands after it."""
_CLAUSE_BEGINS: Final = re.compile(r"[,;:.!?]\s")
_LONGEST_CLAUSE: Final = 600
_FROM: Final = re.compile(r"\s+from\s+(?P<place>[^,;.()]*(?:\.\d[^,;.()]*)*)")
_PRODUCT: Final = re.compile(
    r"(?i:\b(?:releases?|versions?|projects?|products?|distributions?|packages?|code(?:base)?|repositor(?:y|ies)|apis?"
    r"|documentation|docs|librar(?:y|ies))\b)|\b[A-Z]\w*[a-z]\w*|\d"
)
"""What something is gone from for good; from a cluster or a set it goes while things run."""
_ELSEWHERE: Final = re.compile(r"\s(?:from|in favou?r|as|since|because|so that)\s|[,;]\s")
_CLAUSE: Final = re.compile(r"[,;:.!?(–—]\s|\s(?:that|which|and (?:it|they)|it|they)\s")
_ASIDE: Final = re.compile(r",\s(?:which|that)\s[^,]*,|\([^)]*\)")
_OPTION: Final = re.compile(r"(?<!\w)--[\w-]+")
_KINDS: Final = frozenset(
    stem(word)
    for word in """option options flag flags configuration configurations config configs class classes method methods
    property properties parameter parameters setting settings tool tools api apis following support""".split()
)
"""Words for what kind of thing is gone: the other statement need not say it."""
_MOSTLY: Final = 0.75
"""Of the words for what is gone, that the other statement must hold."""
_LEAST_SHARE: Final = 0.4
"""Of the weight of a question's words: what is gone, and what the other speaks of, to be what is asked about."""
_MOST: Final = 2


@dataclass(frozen=True, slots=True)
class Gone:
    """What a text says to be gone: its terms, and the options of commands among it, as they are spelt."""

    terms: tuple[Term, ...] = ()
    options: frozenset[str] = frozenset()


def gone(text: str) -> Gone:
    """What a text says to be gone; without terms where it says so of nothing."""
    after = next((each for each in _REMOVES.finditer(text) if _is_so(text, each)), None)
    if after is not None:
        return _thing(_ELSEWHERE.split(text[after.end() :], maxsplit=1)[0])
    before = next((each for each in _GONE.finditer(text) if _is_so(text, each)), None)
    if before is None:
        return Gone()
    clause = _CLAUSE.split(_ASIDE.sub(" ", text[: before.start()]))[-1]
    listed = text[before.end() :].lstrip()
    return _thing(f"{clause} {listed if listed.startswith(':') else ''}")


def _is_so(text: str, found: re.Match[str]) -> bool:
    """Whether it is gone for good: its clause is no condition, and it is not gone from what runs alone."""
    before = text[max(0, found.start() - _LONGEST_CLAUSE) : found.start()]
    if CONDITION.search(_CLAUSE_BEGINS.split(_ASIDE.sub(" ", before))[-1]):
        return False
    place = _FROM.match(text, found.end())
    return place is None or _PRODUCT.search(place["place"]) is not None


def _thing(text: str) -> Gone:
    found = (term for term in terms(text) if term.kind is not TermKind.OPERATOR and term.key not in _KINDS)
    return Gone(tuple(found), frozenset(_OPTION.findall(text)))


@dataclass(frozen=True, slots=True)
class Told:
    """A statement with what it is quoted with, and what that says to be gone."""

    statement: Statement
    quoted: Statement
    gone: Gone


def read(chosen: Sequence[tuple[Statement, Statement]]) -> list[Told]:
    """What each statement, with what it is quoted with, says to be gone; rows of a reference say nothing of it."""
    return [Told(one, quoted, gone(quoted.text)) for one, quoted in chosen if one.setting is None]


def disagreements(
    told: Sequence[Told], names: frozenset[str], weights: Mapping[str, float]
) -> list[tuple[Statement, Statement, Conflict]]:
    """Pairs of statements under different headings of which one says that what the other speaks of is gone.

    Args:
        told: statements as `read`, the one that bears most on the question first.
        names: stems of the names in the question.
        weights: of all its stems, heavier where they tell more. What is gone must be what is asked about: named in
            the question, or much of it.
    """
    found: list[tuple[Statement, Statement, Conflict]] = []
    for ended in (each for each in told if each.gone.terms):
        asked = {term.key for term in ended.gone.terms} & weights.keys()
        enough = sum(weights[key] for key in asked) >= _LEAST_SHARE * sum(weights.values())
        if not (enough or asked & names) or len(found) >= _MOST:
            continue
        spoken = (each for each in told if not each.gone.terms and _speaks_of(each.quoted, ended))
        for there in islice(spoken, _MOST - len(found)):
            found.append((there.statement, ended.statement, Conflict("negation", _words(ended, there), READ_AS_TRUE)))
    return found


def _speaks_of(other: Statement, ended: Told) -> bool:
    """Whether a statement elsewhere speaks of what is gone: most of its words, and every number."""
    first = ended.quoted.passage
    if (first.document_id, first.heading) == (other.passage.document_id, other.passage.heading):
        return False
    if ended.gone.options and not any(option in other.text for option in ended.gone.options):
        return False
    wanted = ended.gone.terms
    held = [term for term in wanted if any(matches(term, each) for each in other.terms) or term.key in other.keys]
    return len(held) >= _MOSTLY * len(wanted) and not any(term.exact and term not in held for term in wanted)


def _words(ended: Told, there: Told) -> str:
    """What is gone and spoken of, in the words of the one that says so."""
    common = {term.key for term in ended.gone.terms} & there.quoted.keys
    return written(ended.quoted.text, (term for term in ended.quoted.terms if term.key in common))
