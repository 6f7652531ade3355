"""Numbers, units, dates and versions of a sentence, changed."""

import re
from collections.abc import Iterator
from random import Random
from typing import Final

from collegium.evaluation.changes.putting import put

_MONTHS: Final = "January February March April May June July August September October November December".split()
_MONTH: Final = rf"(?:{'|'.join(_MONTHS)})"
_YEAR: Final = re.compile(r"(?<![\w.,/$£€-])(?:1[6-9]|20)\d\d(?![\w/%]|[.,]\d|-\d)(?!\s+(?:ms|bytes|[a-z]+s\b))")
_DAY: Final = re.compile(rf"(?<=\b){_MONTH} (?P<after>[0-3]?\d)\b(?![.:]?\d)|\b(?P<before>[0-3]?\d) {_MONTH}\b")
_MONTH_NAMED: Final = re.compile(rf"\b{_MONTH}\b(?= (?:\d|of\b))|(?<=\d ){_MONTH}\b|(?<=\b[Ii]n ){_MONTH}\b")
_DOTTED: Final = re.compile(r"(?<![\w.,=/$£€-])v?\d{1,2}(?:\.\d{1,3}){1,3}(?:\.x)?(?![\w/%]|\.\d|-\d)")
_RELEASE: Final = re.compile(
    r"\b(?:[Vv]ersion|[Rr]elease|Java|JDK|Kafka|Python|Scala|Log4j) (?P<number>\d{1,2})(?![\w.,-]\d|\w)"
)
_DIGITS: Final = re.compile(
    r"(?<![\w.,:/=#-])\d{1,3}(?:,\d{3})+|(?<![\w.,:/=#-])\d+(?:\.\d+)?(?![\w/:.]\d|-\d|\w*[A-Z_=])"
)
_NUMBER_WORDS: Final = "two three four five six seven eight nine ten eleven twelve fifteen twenty thirty fifty".split()
_NUMBER_WORD: Final = re.compile(rf"(?<![\w-])(?:{'|'.join(_NUMBER_WORDS)})(?![\w-])")
_UNITS: Final = {
    "ms": "s",
    "milliseconds": "seconds",
    "millisecond": "minute",
    "seconds": "minutes",
    "second": "hour",
    "minutes": "hours",
    "minute": "day",
    "hours": "days",
    "hour": "week",
    "days": "weeks",
    "day": "month",
    "weeks": "months",
    "months": "years",
    "years": "months",
    "year": "day",
    "bytes": "kilobytes",
    "KB": "MB",
    "MB": "GB",
    "GB": "TB",
    "TB": "GB",
    "%": " MB",
    "percent": "points",
    "miles": "kilometers",
    "kilometres": "metres",
    "kilometers": "meters",
    "km": "m",
    "metres": "kilometres",
    "meters": "miles",
    "feet": "inches",
    "ft": "in",
    "inches": "feet",
    "acres": "hectares",
    "hectares": "acres",
    "pounds": "ounces",
    "tons": "pounds",
    "kg": "g",
    "million": "thousand",
    "billion": "million",
    "thousand": "million",
    "dollars": "euros",
}  # fmt: skip
_UNIT: Final = re.compile(
    r"(?<=\d)(?:[ -]?)(?P<unit>" + "|".join(sorted(_UNITS, key=len, reverse=True)) + r")(?![\w-])"
)


def numbers(text: str, chance: Random) -> Iterator[str]:
    """A number written in digits or as a word, another one."""
    taken = [match.span() for pattern in (_YEAR, _DAY, _DOTTED, _RELEASE) for match in pattern.finditer(text)]
    for match in _DIGITS.finditer(text):
        if any(start < match.end() and match.start() < end for start, end in taken) or match.start() == 0:
            continue
        whole, dot, rest = match.group().partition(".")
        value = int(whole.replace(",", ""))
        other = chance.choice((value + chance.randint(1, 3), 2 * value + 1, 10 * value + 5, value // 2 + value % 2 + 2))
        if other != value:
            yield put(text, *match.span(), (f"{other:,}" if "," in whole else str(other)) + dot + rest)
    for match in _NUMBER_WORD.finditer(text):
        others = [word for word in _NUMBER_WORDS if word != match.group()]
        yield put(text, *match.span(), chance.choice(others))


def units(text: str, chance: Random) -> Iterator[str]:
    """A unit, another of its kind; not of 0, which is the same in all."""
    del chance
    for match in _UNIT.finditer(text):
        if re.search(r"(?<![\d.])0[ -]?$", text[: match.start("unit")]):
            continue  # nothing of one unit is nothing of another
        yield put(text, *match.span("unit"), _UNITS[match["unit"]])


def dates(text: str, chance: Random) -> Iterator[str]:
    """A year, day or month, another one."""
    for match in _YEAR.finditer(text):
        yield put(text, *match.span(), str(int(match.group()) + chance.choice((-30, -10, -2, -1, 1, 2, 10))))
    for match in _DAY.finditer(text):
        group = "after" if match["after"] else "before"
        day = int(match[group])
        yield put(text, *match.span(group), str(day + 1 if day < 28 else day - 5))
    for match in _MONTH_NAMED.finditer(text):
        yield put(text, *match.span(), chance.choice([month for month in _MONTHS if month != match.group()]))


def versions(text: str, chance: Random) -> Iterator[str]:
    """A version, another one."""
    for match in _DOTTED.finditer(text):
        if match.group().count(".") == 1 and not _speaks_of_version(text, match):
            continue
        parts = match.group().removesuffix(".x").split(".")
        at = chance.randrange(len(parts))
        number = parts[at].lstrip("v")
        parts[at] = parts[at].replace(number, str(int(number) + chance.randint(1, 3)))
        yield put(text, match.start(), match.end(), ".".join(parts) + (".x" if match.group().endswith(".x") else ""))
    for match in _RELEASE.finditer(text):
        yield put(text, *match.span("number"), str(int(match["number"]) + chance.randint(1, 3)))


def _speaks_of_version(text: str, match: re.Match[str]) -> bool:
    before = text[max(0, match.start() - 24) : match.start()]
    return match.group().startswith("v") or bool(
        re.search(r"\b(?:[Vv]ersions?|[Rr]eleases?|Kafka|Java|Scala|Python|TLS|[Ss]ince|API) (?:the )?$", before)
    )
