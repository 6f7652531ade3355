"""Numbers with their units, normalised so that numbers compare as numbers.

`5 minutes`, `300 s` and `300,000 ms` are the same measure; so are `1 KB`, `1024 bytes` and (as the letter of the SI
has it) `1000 bytes`. A number without a unit of measure keeps the noun it counts: `3 brokers`.
"""

import re
from dataclasses import dataclass
from fractions import Fraction

from collegium.language.tokens import STOPWORDS, stem
from collegium.language.units import Unit, unit_of

_SMALL = {
    word: number
    for number, word in enumerate(
        """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
        seventeen eighteen nineteen""".split()
    )
}
_TENS = {
    word: 10 * number for number, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)
}
_SCALES = {"hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_LETTER_SCALES = {"k": 10**3, "K": 10**3, "M": 10**6, "bn": 10**9}
_CARDINAL = "|".join(sorted((*_SMALL, *_TENS, "dozen", "hundred", "thousand", "million", "billion"), key=len)[::-1])
_WORDS = re.compile(rf"\b(?:{_CARDINAL})(?:(?:[\s-]|\s+and\s+)(?:{_CARDINAL}))*\b", re.IGNORECASE)
_DIGITS = re.compile(
    r"(?P<money>[$€£])?(?P<sign>(?<![\w)\]\d.])[-−])?(?<![\w.])(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"(?P<exponent>[eE][-+]?\d{1,2}\b)?(?P<ordinal>(?:st|nd|rd|th)\b)?(?!\.\d)"
)
_SCALE_AFTER = re.compile(r"\s(hundred|thousand|million|billion|trillion)\b|(k|K|M|bn)(?![\w/])", re.IGNORECASE)
_UNIT_AFTER = re.compile(r"[\s\u00a0-]?(%|°[CF]|per\s?cent\b|[A-Za-zµ]+)")
_RATE_AFTER = re.compile(r"\s?(?:/|per\s+|a\s+|each\s+)\s?(ns|ms|s|sec|second|min|minute|h|hour|day|week|month|year)\b")
_RATES = {"sec": "s", "second": "s", "minute": "min", "hour": "h"}
_NOUN = re.compile(r"[\s-]([A-Za-z]{2,})")
_JOINS = re.compile(r"\s*(?:-|–|—|to|and|or|,)\s*")
_MOST_DIGITS = 40


@dataclass(frozen=True, slots=True)
class Measure:
    """A number in a text.

    Attributes:
        value: in the canonical unit, exact.
        unit: canonical, such as `ms`, `bytes`, `percent`, `bytes/s` or `ordinal`; empty without one.
        noun: the stem of the word that a number without unit counts, else empty.
        start: first character in the text.
        end: one past the last, unit included.
        other: the value in the second reading of its unit, such as 1,000 for `1 KB`.
    """

    value: Fraction
    unit: str
    noun: str
    start: int
    end: int
    other: Fraction | None = None


def measures(text: str) -> tuple[Measure, ...]:
    """The numbers in a text, in order: digits, number words, signs, exponents, scales, units and rates.

    A number without a unit that is joined to one with (`2 to 3 seconds`) has that unit as well.
    """
    found = [m for match in _DIGITS.finditer(text) if (m := _from_digits(text, match)) is not None]
    taken = [(m.start, m.end) for m in found]
    for match in _WORDS.finditer(text):
        if all(match.end() <= start or end <= match.start() for start, end in taken):
            found.append(_finish(text, match.start(), match.end(), _word_value(match.group())))
    found.sort(key=lambda measure: measure.start)
    return tuple(_share_units(text, found))


def same_measure(one: Measure, other: Measure) -> bool:
    """Whether both state the same amount of the same unit, in any reading of it."""
    if one.unit != other.unit:
        return False
    return bool({one.value, one.other or one.value} & {other.value, other.other or other.value})


def _from_digits(text: str, match: re.Match[str]) -> Measure | None:
    digits = match["digits"].replace(",", "")
    if len(digits) > _MOST_DIGITS:
        return None
    value = Fraction(digits + (match["exponent"] or ""))
    value = -value if match["sign"] else value
    if match["ordinal"]:
        return Measure(value, "ordinal", "", match.start(), match.end())
    start = match.start("money") if match["money"] else match.start("sign") if match["sign"] else match.start("digits")
    return _finish(text, start, match.end(), value, money=match["money"])


def _word_value(words: str) -> Fraction:
    total, current = 0, 0
    for word in re.split(r"[\s-]+", words.lower()):
        if word in _SMALL or word in _TENS:
            current += _SMALL.get(word, 0) + _TENS.get(word, 0)
        elif word == "hundred":
            current = max(current, 1) * 100
        elif word == "dozen":
            current = max(current, 1) * 12
        elif word in _SCALES:
            total, current = total + max(current, 1) * _SCALES[word], 0
    return Fraction(total + current)


def _finish(text: str, start: int, end: int, value: Fraction, *, money: str | None = None) -> Measure:
    """Read what follows the number: a scale, a unit and a rate, or the noun that it counts."""
    scale = _SCALE_AFTER.match(text, end)
    letter = scale.group(2) if scale else None
    if scale and (letter is None or letter in _LETTER_SCALES):
        value *= _LETTER_SCALES[letter] if letter else _SCALES[scale.group(1).lower()]
        end = scale.end()
    match = None if money else _UNIT_AFTER.match(text, end)
    unit = unit_of(money) if money else None
    if match:
        word = match.group(1)
        unit = unit_of("percent" if word.startswith("per") and "cent" in word else word)
    if unit is None:
        noun = _NOUN.match(text, end)
        word = noun.group(1).lower() if noun else ""
        return Measure(value, "", "" if word in STOPWORDS else stem(word), start, end)
    end = match.end() if match else end
    name, rate = unit.name, _RATE_AFTER.match(text, end)
    if rate:
        name, end = f"{name}/{_RATES.get(rate.group(1), rate.group(1))}", rate.end()
    return _scaled(value, unit, name, start, end)


def _scaled(value: Fraction, unit: Unit, name: str, start: int, end: int) -> Measure:
    other = value * unit.other_factor if unit.other_factor is not None else None
    return Measure(value * unit.factor, name, "", start, end, other)


def _share_units(text: str, found: list[Measure]) -> list[Measure]:
    shared = list(found)
    for at in range(len(shared) - 2, -1, -1):
        one, following = shared[at], shared[at + 1]
        if one.unit or not following.unit or following.unit in {"ordinal", "percent/s"} or one.noun:
            continue
        between = _JOINS.fullmatch(text, one.end, following.start)
        spelt = _UNIT_AFTER.search(text, following.start, following.end)
        unit = unit_of(spelt.group(1)) if between and spelt else None
        if unit is not None:
            shared[at] = _scaled(one.value, unit, following.unit, one.start, one.end)
    return shared
