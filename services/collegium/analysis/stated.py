"""What sentences state beside the rows of a reference: a default in prose, how many there are of something."""

import re
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final

from collegium.analysis.comparing import Conflict, versions_differ
from collegium.analysis.statements import Statement
from collegium.language.sentences import Span
from collegium.language.settings import Setting, amount, same_value
from collegium.language.terms import TermKind

_VALUE: Final = (
    r"[\"'`(]*(?P<value>-?\d[\w.]*(?:\s(?:ms|seconds?|minutes?|hours?|days?|bytes|[KMG]i?B))?|true|false|null)\b"
)
_STATED: Final = re.compile(
    rf"\bdefaults?(?:\s+value)?(?:\s+(?:of|for)\s+\S+)?(?:\s+is|\s+to|\s*:|\s*=)\s*(?:now\s+)?{_VALUE}", re.IGNORECASE
)
_CHANGED: Final = re.compile(
    r"\bdefault(?:\s+value)?\b[^;]{0,160}?\b(?:changed|increased|decreased|raised|lowered|reduced|adjusted|set)\b"
    rf"[^;]{{0,60}}?\bto\s+{_VALUE}",
    re.IGNORECASE,
)
_NAME: Final = re.compile(r"(?<![\w./-])[a-z][a-z0-9]*(?:\.[a-z0-9]+)+(?![\w/-])")
_FEWEST: Final = 2
_MOST: Final = 99
_COUNTED_WORDS: Final = 2

Found = list[tuple[Statement, Statement, Conflict]]


def stated_default(statement: Statement) -> Setting | None:
    """The default of the one setting that a statement names, or stands under; a row of a reference as it is."""
    if statement.setting is not None:
        return statement.setting if statement.setting.label == "default" else None
    names = set(_NAME.findall(statement.text)) or set(_NAME.findall(statement.passage.heading.rsplit(" > ", 1)[-1]))
    found = _CHANGED.search(statement.text) or _STATED.search(statement.text)
    if found is None or len(names) != 1:
        return None
    return Setting(names.pop(), "default", found["value"], Span(*found.span("value")))


def counted(statement: Statement) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Each small whole number with the stems of the two words behind it: `five core APIs`."""
    for at, term in enumerate(statement.terms):
        behind = statement.terms[at + 1 : at + 1 + _COUNTED_WORDS]
        value = None if term.measure is None else term.measure.value
        whole = value is not None and value.denominator == 1 and _FEWEST <= value <= _MOST
        if whole and len(behind) == _COUNTED_WORDS and all(word.kind is TermKind.WORD for word in behind):
            yield int(value or 0), tuple(word.key for word in behind)


def disagreements(chosen: Sequence[Statement], asked: frozenset[str]) -> Found:
    """Pairs of statements of different documents that give one setting two defaults, or count one thing differently.

    Args:
        chosen: statements, the one that bears most on the questions first.
        asked: stems of the questions' words: what is counted must be among them.
    """
    return [*_defaults(chosen), *_counts(chosen, asked)]


def _defaults(chosen: Sequence[Statement]) -> Found:
    found: Found = []
    told: set[str] = set()
    known = [(one, default) for one in chosen if (default := stated_default(one)) is not None]
    rows = [(one, default) for one, default in known if one.setting is not None]
    for (one, first), (other, second) in combinations(known, 2):
        if one.passage.document_id == other.passage.document_id or (one.setting and other.setting):
            continue
        if first.name != second.name or first.name in told or same_value(first, second):
            continue
        others = [row for each, row in rows if each is not one and each is not other and row.name == first.name]
        if any(same_value(row, first) or same_value(row, second) for row in others):
            continue  # one name of several settings: the prose speaks of another than the row
        told.add(first.name)
        numbers = amount(first) is not None and amount(second) is not None
        found.append((one, other, Conflict("number" if numbers else "value", f"the default of {first.name}")))
    return found


def _counts(chosen: Sequence[Statement], asked: frozenset[str]) -> Found:
    found: Found = []
    told: set[tuple[str, ...]] = set()
    known = [
        (one, count) for one in chosen if one.setting is None for count in counted(one) if asked.issuperset(count[1])
    ]
    for (one, (first, words)), (other, (second, others)) in combinations(known, 2):
        if words == others and first != second and words not in told and versions_differ(one, other):
            told.add(words)
            found.append((one, other, Conflict("number", " ".join(words))))
    return found
