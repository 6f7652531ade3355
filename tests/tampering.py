"""Small changes that turn a true sentence into a false one, by kind of change."""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

from collegium.language.dates import dates
from collegium.language.entities import entities
from collegium.language.quantities import measures
from collegium.language.versions import versions

_UNITS = {
    "ms": "seconds",
    "milliseconds": "minutes",
    "seconds": "hours",
    "second": "minute",
    "minutes": "hours",
    "minute": "hour",
    "hours": "days",
    "days": "weeks",
    "day": "week",
    "bytes": "MB",
    "KB": "MB",
    "MB": "GB",
    "GB": "TB",
    "%": " ms",
    "percent": "seconds",
}
_QUANTIFIERS = {
    "all": "some",
    "every": "no",
    "each": "some",
    "some": "all",
    "any": "no",
    "most": "few",
    "many": "few",
    "at least": "at most",
    "at most": "at least",
    "only": "also",
    "both": "either",
    "always": "sometimes",
    "more than": "less than",
    "less than": "more than",
    "up to": "at least",
}
_MODALS = {
    "must": "may",
    "may": "must",
    "can": "must",
    "should": "may",
    "will": "may",
    "might": "will",
    "cannot": "can",
    "need to": "may",
}
_ORDER = {"before": "after", "after": "before", "if": "unless", "unless": "if", "enabled": "disabled", "true": "false"}
_OTHER_NAMES = ("RabbitMQ", "Pulsar", "Solaris")
_AUXILIARY = re.compile(r"\b(?:is|are|was|were|will|can|must|should|may|does|do|has|have)\b(?!\s+not\b|n['’]t)")
_NOT = re.compile(r"\s+not\b|n['’]t\b")


def _swap(text: str, start: int, end: int, other: str) -> str:
    return text[:start] + other + text[end:]


def numbers(text: str) -> Iterator[str]:
    """Each number, made another one."""
    taken = [(v.start, v.end) for v in versions(text)] + [(d.start, d.end) for d in dates(text)]
    for measure in measures(text):
        if any(start < measure.end and measure.start < end for start, end in taken):
            continue
        written = re.search(r"\d[\d,]*", text[measure.start : measure.end])
        if written:
            value = int(written.group().replace(",", ""))
            for other in (value + 1, value * 10 + 5):
                yield _swap(text, measure.start + written.start(), measure.start + written.end(), str(other))
        elif text[measure.start : measure.end].lower() in {"two", "three", "four", "five", "six", "ten"}:
            yield _swap(text, measure.start, measure.end, "seventeen")


def units(text: str) -> Iterator[str]:
    """Each unit, made another one."""
    for measure in measures(text):
        written = re.search(r"[A-Za-z%]+$", text[measure.start : measure.end])
        if measure.unit and written and written.group() in _UNITS:
            at = measure.start + written.start()
            yield _swap(text, at, measure.end, _UNITS[written.group()])


def calendar(text: str) -> Iterator[str]:
    """Each date, moved by a year."""
    for date in dates(text):
        year = re.search(r"\d{4}", text[date.start : date.end])
        if year:
            at = date.start + year.start()
            yield _swap(text, at, at + 4, str(int(year.group()) + 1))


def releases(text: str) -> Iterator[str]:
    """Each version, made the next one."""
    for version in versions(text):
        head, _, last = version.number.rpartition(".")
        if head:
            at = text.index(version.number, version.start)
            yield _swap(text, at, at + len(version.number), f"{head}.{int(last) + 1}")


def negation(text: str) -> Iterator[str]:
    """A negation taken out, or put in after the first auxiliary."""
    for match in _NOT.finditer(text):
        yield _swap(text, match.start(), match.end(), "")
    auxiliary = _AUXILIARY.search(text)
    if auxiliary:
        yield _swap(text, auxiliary.end(), auxiliary.end(), " not")


def names(text: str) -> Iterator[str]:
    """Each name, made another one that the text does not hold, and two names exchanged."""
    found = entities(text)
    for entity in found:
        yield _swap(text, entity.start, entity.end, next(n for n in _OTHER_NAMES if n not in text))
    for one, other in pairwise(found):
        if one.key != other.key and not {one.key, other.key} & {"i.e", "e.g"}:
            first, second = text[one.start : one.end], text[other.start : other.end]
            yield text[: one.start] + second + text[one.end : other.start] + first + text[other.end :]


def _words(table: dict[str, str]) -> Callable[[str], Iterator[str]]:
    def tamper(text: str) -> Iterator[str]:
        for word, other in table.items():
            for match in re.finditer(rf"(?<![\w.\-=]){word}(?![\w=]|[.\-]\w)", text, re.IGNORECASE):
                yield _swap(text, match.start(), match.end(), other)

    return tamper


def only_added(text: str) -> Iterator[str]:
    """The word `only` put in after the first auxiliary."""
    auxiliary = _AUXILIARY.search(text)
    if auxiliary and not re.search(r"\bonly\b", text):
        yield _swap(text, auxiliary.end(), auxiliary.end(), " only")


TAMPERINGS: dict[str, Callable[[str], Iterator[str]]] = {
    "number": numbers,
    "unit": units,
    "date": calendar,
    "version": releases,
    "negation": negation,
    "name": names,
    "quantifier": _words(_QUANTIFIERS),
    "modality": _words(_MODALS),
    "order and condition": _words(_ORDER),
    "only": only_added,
}
