"""Negations, quantifiers, modal verbs and words of order in a sentence, changed."""

import re
from collections.abc import Iterator
from random import Random
from typing import Final

from collegium.evaluation.changes.putting import Changes, like, put

_AUXILIARY: Final = re.compile(
    r"\b(?:is|are|was|were|will|can|must|should|may|does|did|has|have|had)\b(?!\s+(?:not|never|no|only|to)\b|n['’]t|\s*[,?])"
)
_NOT: Final = re.compile(
    r"(?<!or )\b(?:is|are|was|were|will|can|must|should|may|does|did|do|has|have|had)"
    r"(?P<not>\s+not\b(?!\s+only\b)|n['’]t\b|(?<=can)not\b)"
)
_QUANTIFIERS: Final = {
    "all": "some",
    "every": "no",
    "each": "no",
    "some": "all",
    "any": "no",
    "many": "few",
    "few": "many",
    "several": "all",
    "none of": "all of",
    "most of": "none of",
    "both": "neither",
    "at least": "at most",
    "at most": "at least",
    "more than": "less than",
    "less than": "more than",
    "up to": "at least",
    "always": "never",
    "never": "always",
    "only": "not only",
    "entire": "partial",
    "nearly all": "hardly any",
}
_NO_QUANTIFIER: Final = re.compile(
    r"(?:\b(?:first|after|at|of|above|once and for) all\b|\bany ?more\b|\beach other\b|\bnot all\b|\ball right\b"
    r"|\bsome(?= (?:time|day|\d))|\bfew(?= (?:days|weeks|months|years) (?:ago|later))|\bup to date\b"
    r"|\bno (?:more|less) than\b|\bnot only\b|\bmore than one way\b)",
    re.IGNORECASE,
)
_MODALS: Final = {
    "must": "may",
    "may": "must",
    "can": "must",
    "should": "need not",
    "will": "may",
    "might": "will",
    "cannot": "can",
    "need to": "may",
}
_ORDER: Final = {
    "before": "after",
    "after": "before",
    "if": "unless",
    "unless": "if",
    "enabled": "disabled",
    "disabled": "enabled",
    "true": "false",
    "false": "true",
    "increase": "decrease",
    "higher": "lower",
    "lower": "higher",
}


def negations(text: str, chance: Random) -> Iterator[str]:
    """A negation left out, or put in."""
    for match in _NOT.finditer(text):
        yield put(text, *match.span("not"), "")
    auxiliary = _AUXILIARY.search(text)
    if auxiliary:
        yield put(text, auxiliary.end(), auxiliary.end(), chance.choice((" not", " not", " never")))


def only(text: str, chance: Random) -> Iterator[str]:
    """`only` put in."""
    del chance
    auxiliary = _AUXILIARY.search(text)
    if auxiliary and not re.search(r"\b(?:only|just|solely|exclusively)\b", text, re.IGNORECASE):
        yield put(text, auxiliary.end(), auxiliary.end(), " only")


def _words(table: dict[str, str]) -> Changes:
    pattern = re.compile(rf"(?<![\w.\-=/])(?:{'|'.join(sorted(table, key=len)[::-1])})(?![\w=/]|[.\-]\w|['’])", re.I)

    def changes(text: str, chance: Random) -> Iterator[str]:
        del chance
        spared = [match.span() for match in _NO_QUANTIFIER.finditer(text)]
        for match in pattern.finditer(text):
            if not any(start < match.end() and match.start() < end for start, end in spared):
                yield put(text, *match.span(), like(match.group(), table[match.group().lower()]))

    return changes


quantifiers: Final = _words(_QUANTIFIERS)
"""A quantifier, its opposite."""
modals: Final = _words(_MODALS)
"""A modal verb, another one."""
orders: Final = _words(_ORDER)
"""A word of order, condition or direction, its opposite."""
