"""Versions of products as text writes them: `3.9`, `v2.8.1`, `Kafka 0.11`, `release 4`."""

import re
from dataclasses import dataclass
from functools import lru_cache

from collegium.language.units import unit_of

_DOTTED = re.compile(
    r"(?<![\w.=/-])(?P<v>[vV])?(?P<number>\d{1,4}(?:\.\d{1,4}){1,3})(?:\.[xX]|-?(?:rc|beta|alpha)\.?\d*|-SNAPSHOT)?"
    r"(?![\w/]|\.\d|-\d)"
)
_WHOLE = re.compile(r"\b(?:[vV]ersions?|[rR]eleases?)\s+[vV]?(?P<number>\d{1,3})(?![\w.,%]\d|\w)")
_BEFORE = re.compile(
    r"(?:\b(?:versions?|releases?|since|from|until|v)|\b[A-Z][A-Za-z]+|\d(?:\.\d+)+(?:\s*,|\s+(?:and|or|to|through))?)"
    r"\s+$"
)
_AFTER = re.compile(
    r"\s+(?:releases?|versions?|documentation|docs|brokers?|clients?|clusters?|nodes?|(?:or|and)\s+(?:later|newer|above|"
    r"earlier|older|onwards?|below|up|higher))\b|\.?[xX]\b|\+"
)
_IN_ALONE = re.compile(r"\b[iI]n\s+$")
_STOPS = re.compile(r"\s*(?:[?.;:!)]|$)")
_NEXT_WORD = re.compile(r"[\s-]?([%A-Za-zµ°]+)")
_NO_PRODUCT = frozenset(
    "The A An In On At For By With About Approximately Around Over Under Between Is Are Set Use Only And Or".split()
)


@dataclass(frozen=True, slots=True)
class Version:
    """A version and the characters [start, end) that name it; `number` has no `v`."""

    number: str
    start: int
    end: int


def versions(text: str) -> tuple[Version, ...]:
    """The versions in a text, in order. A bare `2.5` counts only where its neighbours speak of a version."""
    found = {
        match.start("number"): Version(match["number"], match.start("number"), match.end("number"))
        for match in _WHOLE.finditer(text)
    }
    for match in _DOTTED.finditer(text):
        number = match["number"]
        if _is_address(number) or not (match["v"] or number.count(".") > 1 or _has_context(text, match)):
            continue
        found[match.start("number")] = Version(number, match.start(), match.end())
    return tuple(found[start] for start in sorted(found))


def _is_address(number: str) -> bool:
    parts = number.split(".")
    return len(parts) == 4 and all(int(part) < 256 for part in parts) and parts[0] not in {"0", "1", "2"}


def _has_context(text: str, match: re.Match[str]) -> bool:
    following = _NEXT_WORD.match(text, match.end())
    if following and unit_of(following.group(1)) is not None:
        return False
    if _AFTER.match(text, match.end()):
        return True
    if _IN_ALONE.search(text, max(0, match.start() - 8), match.start()) and _STOPS.match(text, match.end()):
        return True
    before = _BEFORE.search(text, max(0, match.start() - 40), match.start())
    return before is not None and before.group().strip(" ,") not in _NO_PRODUCT


@lru_cache(maxsize=4096)
def same_version(one: str, other: str) -> bool:
    """Whether the shorter names the longer: `3.9` and `3.9.1` are the same, `3.9` and `3.90` are not."""
    first, second = one.lstrip("vV").split("."), other.lstrip("vV").split(".")
    shorter = min(len(first), len(second))
    return first[:shorter] == second[:shorter]


def version_key(version: str | None) -> tuple[int, ...]:
    """A version's numbers, to compare by; empty for none, and for what is no number, such as `main`."""
    return tuple(int(part) for part in (version or "").lstrip("vV").split(".") if part.isdecimal())
