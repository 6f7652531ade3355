"""Changes that make a sentence say something else than its source: numbers, years, negation, names.

A number, a year or a negation changed in an otherwise equal sentence contradicts it; another name only makes it
unfounded, since both may hold.
"""

import random
import re
from collections.abc import Callable

from collegium.language.entities import entities
from collegium.language.quantities import measures
from entailment.pairs import NOT_ENTAILED, Label, Reading, exactly

CONTRADICTED = exactly(Label.CONTRADICTION)
Changed = tuple[str, Reading]

_AUXILIARY = re.compile(
    r"\b(?:is|are|was|were|will|can|must|should|does|did|has|have|had)\b(?! not\b|n't)", re.IGNORECASE
)
_NOT = re.compile(r"\b(?:is|are|was|were|will|can|must|should|does|did|has|have|had)(?: not\b|n't\b)", re.IGNORECASE)
_DIGITS = re.compile(r"\d[\d,]*")
_YEAR = re.compile(r"(?<![\d.,])(?:1[5-9]|20)\d\d(?![\d,]|\.\d)")
_WORDS = {
    "two": "five",
    "three": "seven",
    "four": "nine",
    "five": "two",
    "six": "four",
    "first": "third",
    "second": "fourth",
}
_WORD = re.compile(rf"\b(?:{'|'.join(_WORDS)})\b")
_UNITS = {
    "seconds": "hours",
    "minutes": "days",
    "hours": "weeks",
    "days": "months",
    "months": "years",
    "years": "days",
    "miles": "feet",
    "meters": "miles",
    "km": "m",
    "million": "thousand",
    "billion": "million",
}
_UNIT = re.compile(rf"(?<=\d )(?:{'|'.join(_UNITS)})(?!\w)")


def _replaced(text: str, start: int, end: int, other: str) -> str:
    return text[:start] + other + text[end:]


def number(text: str, chance: random.Random) -> Changed | None:
    """One number, written in digits or as a word, made another one."""
    years = [match.span() for match in _YEAR.finditer(text)]
    found = [
        match
        for measure in measures(text)
        for match in _DIGITS.finditer(text, measure.start, measure.end)
        if not any(start <= match.start() < end for start, end in years)
    ]
    if found:
        match = chance.choice(found)
        value = int(match.group().replace(",", ""))
        other = chance.choice([value + chance.randint(1, 3), value * 2 + 1, max(0, value // 2 - 1), value * 10 + 5])
        return (_replaced(text, *match.span(), str(other)), CONTRADICTED) if other != value else None
    words = list(_WORD.finditer(text))
    if not words:
        return None
    word = chance.choice(words)
    return _replaced(text, *word.span(), _WORDS[word.group()]), CONTRADICTED


def year(text: str, chance: random.Random) -> Changed | None:
    """One year moved."""
    found = list(_YEAR.finditer(text))
    if not found:
        return None
    match = chance.choice(found)
    moved = int(match.group()) + chance.choice([-30, -10, -3, -2, -1, 1, 2, 3, 10, 30])
    return _replaced(text, *match.span(), str(moved)), CONTRADICTED


def unit(text: str, chance: random.Random) -> Changed | None:
    """One unit after a number made another one."""
    found = list(_UNIT.finditer(text))
    if not found:
        return None
    match = chance.choice(found)
    return _replaced(text, *match.span(), _UNITS[match.group()]), CONTRADICTED


def negation(text: str, chance: random.Random) -> Changed | None:
    """A negation taken out, or put in after the first auxiliary."""
    if match := _NOT.search(text):
        auxiliary = re.sub(r"(?: not|n't)$", "", match.group())
        return _replaced(text, *match.span(), auxiliary), CONTRADICTED
    match = _AUXILIARY.search(text)
    word = chance.choice([" not", " not", " never"])
    return (_replaced(text, match.end(), match.end(), word), CONTRADICTED) if match else None


def name(text: str, chance: random.Random, others: list[str]) -> Changed | None:
    """One name made another one of `others`."""
    found = [entity for entity in entities(text) if text[entity.start].isupper()]
    foreign = [other for other in others if other not in text]
    if not found or not foreign:
        return None
    one = chance.choice(found)
    return _replaced(text, one.start, one.end, chance.choice(foreign)), NOT_ENTAILED


Change = Callable[[str, random.Random], Changed | None]


def tampered(text: str, chance: random.Random, names: list[str]) -> Changed | None:
    """The sentence with one change of a random kind that it allows, and what the original says of it."""

    def other_name(text: str, chance: random.Random) -> Changed | None:
        return name(text, chance, names)

    kinds: list[Change] = [number, year, unit, negation, other_name]
    chance.shuffle(kinds)
    for kind in kinds:
        changed = kind(text, chance)
        if changed is not None and changed[0] != text:
            return changed
    return None
