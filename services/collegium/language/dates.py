"""Dates as text writes them, as ISO 8601: `30 September 2021`, `Sept. 30, 2021`, `2021-09-30`, `in 2021`."""

import re
from dataclasses import dataclass
from datetime import date

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sept sep",
            "october oct",
            "november nov",
            "december dec",
        ),
        1,
    )
    for name in names.split()
}
_MONTH = r"(?P<month>January|February|March|April|May|June|July|August|September|October|November|December|" + (
    r"Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)\b\.?"
)
_DAY = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>(?:1[6-9]|20)\d\d)"
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<![\w.-])" + _YEAR + r"-(?P<number>[01]\d)(?:-(?P<day>[0-3]\d))?(?![\w-]|\.\d)",
        r"\b" + _MONTH + r"\s+" + _DAY + r"(?:,?\s+" + _YEAR + r")?(?![\w:.]\d|\w)",
        r"\b" + _DAY + r"\s+(?:of\s+)?" + _MONTH + r"(?:,?\s+" + _YEAR + r")?(?![\w.]\d|\w)",
        r"\b" + _MONTH + r",?\s+" + _YEAR + r"(?![\w.]\d|\w)",
        r"\b(?i:in|since|by|during|until|from|before|after|early|late|mid|year|of|copyright|©)[\s-]+(?:the\s+year\s+)?"
        + _YEAR
        # `after 1700 ms` and `of 2000 messages` count something.
        + r"(?![\w.,-]\d|\w|[\s-]*(?:%|(?:ms|min|sec|s|h|d|[kKMGT]?i?B)\b)"
        + r"|\s+(?!(?:is|was|as|has|this|its|releases)\b)[a-z]+s\b)",
    )
)


@dataclass(frozen=True, slots=True)
class Date:
    """A date as ISO 8601, as exact as the text is (`2021`, `2021-09`, `2021-09-30`, `--09-30`), and its characters."""

    iso: str
    start: int
    end: int


def dates(text: str) -> tuple[Date, ...]:
    """The dates in a text, in order, without overlap; an impossible one (`2021-02-30`) is none."""
    if not any(character.isdigit() for character in text):
        return ()
    found: list[Date] = []
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            named = _named(match)
            if named and all(named.end <= other.start or other.end <= named.start for other in found):
                found.append(named)
    return tuple(sorted(found, key=lambda named: named.start))


def _named(match: re.Match[str]) -> Date | None:
    groups = match.groupdict()
    year, day = groups.get("year"), groups.get("day")
    month = (
        int(groups["number"]) if groups.get("number") else _MONTHS.get((groups.get("month") or "").lower().strip("."))
    )
    if month is None:
        return Date(year, match.start("year"), match.end("year")) if year else None
    try:
        date(int(year or 2000), month, int(day or 1))
    except ValueError:
        return None
    iso = f"{year or '-'}-{month:02d}" + (f"-{int(day):02d}" if day else "")
    return Date(iso, match.start(), match.end())


def date_within(stated: str, evidence: str) -> bool:
    """Whether evidence of the second date supports the first: the same, or a part of it (`2021` of `2021-09`)."""
    return stated == evidence or evidence.startswith(f"{stated}-")
