"""True sentences made false: one number, unit, date, version, negation, name or quantifier changed.

What is changed is found by patterns of its own, not by those of `collegium.language`: a tampering of what the rules
cannot see must count against them. Each change alters what the sentence says; where that is not sure (two names of
one list exchanged, `whether or not`), it is not made.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Final, Literal, TypeAlias, get_args

Kind = Literal["number", "unit", "date", "version", "negation", "name", "quantifier", "modality", "order", "only"]
KINDS: Final = get_args(Kind)
_Changes: TypeAlias = Callable[[str, Random], Iterator[str]]

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
_AUXILIARY: Final = re.compile(
    r"\b(?:is|are|was|were|will|can|must|should|may|does|did|has|have|had)\b(?!\s+(?:not|never|no|only|to)\b|n['’]t|\s*[,?])"
)
_NOT: Final = re.compile(
    r"(?<!or )\b(?:is|are|was|were|will|can|must|should|may|does|did|do|has|have|had)"
    r"(?P<not>\s+not\b(?!\s+only\b)|n['’]t\b|(?<=can)not\b)"
)
_NAME: Final = re.compile(
    r"""(?x)(?<![\w.\-/])(?:
      [A-Za-z][\w]*(?:\.[A-Za-z]\w+)+                # enable.idempotence
    | [A-Z][a-z0-9]+(?:[A-Z]+[a-z0-9]*)+             # ZooKeeper
    | [A-Z]{2,}s?                                    # TLS, ACLs
    | [A-Z][a-z]+(?:\s[A-Z][a-z]+)*                  # Irene Hervey
    )(?![\w=/]|\.\w|-\w|['’])"""
)
_LISTED: Final = re.compile(
    r"^\W*(?:(?:and|or|and/or|with|versus|vs|than|of|in|from|to)\W+)?(?:(?:the|a|an|its|both|new|old)\W+)*$",
    re.IGNORECASE,
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
_MOST_DRAWN: Final = 60
"""Names that are tried in the place of one."""
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


@dataclass(frozen=True, slots=True)
class Tampered:
    """A sentence with one change, of what kind."""

    kind: Kind
    text: str


def tamperings(sentence: str, source: str, names: Sequence[str], seed: str) -> Iterator[Tampered]:
    """At most one change of each kind; which one is fixed by the seed.

    Args:
        sentence: A true sentence.
        source: What it is cited to: a change that happens to stand there too is not made.
        names: Names of other sentences, to put in the place of this one's.
        seed: Of the choice among the changes that a sentence allows.
    """
    every: dict[Kind, _Changes] = {**_CHANGES, "name": _names_from(names)}
    for kind, changes in every.items():
        chance = Random(f"{seed}:{kind}")  # noqa: S311 - a choice among texts, not a secret
        made = [text for text in changes(sentence, chance) if text != sentence and _plain(text) not in _plain(source)]
        if made:
            yield Tampered(kind, chance.choice(made))


def names_in(sentence: str) -> tuple[str, ...]:
    """The names in a sentence, without a capitalised word that only begins it."""
    return tuple(sentence[start:end] for start, end in _named(sentence))


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


def _put(text: str, start: int, end: int, other: str) -> str:
    return text[:start] + other + text[end:]


def _like(written: str, other: str) -> str:
    return other[0].upper() + other[1:] if written[0].isupper() else other


def _numbers(text: str, chance: Random) -> Iterator[str]:
    taken = [match.span() for pattern in (_YEAR, _DAY, _DOTTED, _RELEASE) for match in pattern.finditer(text)]
    for match in _DIGITS.finditer(text):
        if any(start < match.end() and match.start() < end for start, end in taken) or match.start() == 0:
            continue
        whole, dot, rest = match.group().partition(".")
        value = int(whole.replace(",", ""))
        other = chance.choice((value + chance.randint(1, 3), 2 * value + 1, 10 * value + 5, value // 2 + value % 2 + 2))
        if other != value:
            yield _put(text, *match.span(), (f"{other:,}" if "," in whole else str(other)) + dot + rest)
    for match in _NUMBER_WORD.finditer(text):
        others = [word for word in _NUMBER_WORDS if word != match.group()]
        yield _put(text, *match.span(), chance.choice(others))


def _units(text: str, chance: Random) -> Iterator[str]:
    del chance
    for match in _UNIT.finditer(text):
        if re.search(r"(?<![\d.])0[ -]?$", text[: match.start("unit")]):
            continue  # nothing of one unit is nothing of another
        yield _put(text, *match.span("unit"), _UNITS[match["unit"]])


def _dates(text: str, chance: Random) -> Iterator[str]:
    for match in _YEAR.finditer(text):
        yield _put(text, *match.span(), str(int(match.group()) + chance.choice((-30, -10, -2, -1, 1, 2, 10))))
    for match in _DAY.finditer(text):
        group = "after" if match["after"] else "before"
        day = int(match[group])
        yield _put(text, *match.span(group), str(day + 1 if day < 28 else day - 5))
    for match in _MONTH_NAMED.finditer(text):
        yield _put(text, *match.span(), chance.choice([month for month in _MONTHS if month != match.group()]))


def _versions(text: str, chance: Random) -> Iterator[str]:
    for match in _DOTTED.finditer(text):
        if match.group().count(".") == 1 and not _speaks_of_version(text, match):
            continue
        parts = match.group().removesuffix(".x").split(".")
        at = chance.randrange(len(parts))
        number = parts[at].lstrip("v")
        parts[at] = parts[at].replace(number, str(int(number) + chance.randint(1, 3)))
        yield _put(text, match.start(), match.end(), ".".join(parts) + (".x" if match.group().endswith(".x") else ""))
    for match in _RELEASE.finditer(text):
        yield _put(text, *match.span("number"), str(int(match["number"]) + chance.randint(1, 3)))


def _speaks_of_version(text: str, match: re.Match[str]) -> bool:
    before = text[max(0, match.start() - 24) : match.start()]
    return match.group().startswith("v") or bool(
        re.search(r"\b(?:[Vv]ersions?|[Rr]eleases?|Kafka|Java|Scala|Python|TLS|[Ss]ince|API) (?:the )?$", before)
    )


def _negations(text: str, chance: Random) -> Iterator[str]:
    for match in _NOT.finditer(text):
        yield _put(text, *match.span("not"), "")
    auxiliary = _AUXILIARY.search(text)
    if auxiliary:
        yield _put(text, auxiliary.end(), auxiliary.end(), chance.choice((" not", " not", " never")))


def _named(text: str) -> Iterator[tuple[int, int]]:
    for match in _NAME.finditer(text):
        begins = not text[: match.start()].strip(" \"'“(*_-") or re.search(r"[.:;!?]\W*$", text[: match.start()])
        if begins and match.group()[1:].islower() and "." not in match.group():
            continue
        yield match.span()


def _names_from(names: Sequence[str]) -> _Changes:
    def changes(text: str, chance: Random) -> Iterator[str]:
        found = list(_named(text))
        words = _singular(text)
        for start, end in found:
            drawn = (chance.choice(names) for _ in range(_MOST_DRAWN if names else 0))
            alike = (name for name in drawn if _shape(name) == _shape(text[start:end]))
            # `APIs` is no other name than `API`.
            foreign = next((name for name in alike if not words & _singular(name)), None)
            if foreign is not None:
                yield _put(text, start, end, foreign)
        for (start, end), (next_start, next_end) in pairwise(found):
            one, other, between = text[start:end], text[next_start:next_end], text[end:next_start]
            if one.lower() not in other.lower() and other.lower() not in one.lower() and not _LISTED.match(between):
                yield text[:start] + other + between + one + text[next_end:]

    return changes


def _singular(text: str) -> set[str]:
    """The words of a text, without a final s."""
    return {word.rstrip("s") for word in re.findall(r"[\w.]+", text.lower())}


def _shape(name: str) -> str:
    """`enable.idempotence` is not exchanged for `Irene Hervey`."""
    if "." in name:
        return "identifier"
    if name.rstrip("s").isupper():
        return "acronym"
    return "words" if " " in name else "word"


def _words(table: dict[str, str]) -> _Changes:
    pattern = re.compile(rf"(?<![\w.\-=/])(?:{'|'.join(sorted(table, key=len)[::-1])})(?![\w=/]|[.\-]\w|['’])", re.I)

    def changes(text: str, chance: Random) -> Iterator[str]:
        del chance
        spared = [match.span() for match in _NO_QUANTIFIER.finditer(text)]
        for match in pattern.finditer(text):
            if not any(start < match.end() and match.start() < end for start, end in spared):
                yield _put(text, *match.span(), _like(match.group(), table[match.group().lower()]))

    return changes


def _only(text: str, chance: Random) -> Iterator[str]:
    del chance
    auxiliary = _AUXILIARY.search(text)
    if auxiliary and not re.search(r"\b(?:only|just|solely|exclusively)\b", text, re.IGNORECASE):
        yield _put(text, auxiliary.end(), auxiliary.end(), " only")


_CHANGES: Final[dict[Kind, _Changes]] = {
    "number": _numbers,
    "unit": _units,
    "date": _dates,
    "version": _versions,
    "negation": _negations,
    "quantifier": _words(_QUANTIFIERS),
    "modality": _words(_MODALS),
    "order": _words(_ORDER),
    "only": _only,
}
