"""What sentences state beside the rows of a reference: a default in prose, how many there are of something."""

import re
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final

from collegium.analysis.comparing import CONDITION, READ_AS_TRUE, Conflict, versions_differ
from collegium.analysis.statements import Statement
from collegium.language.quantities import measures
from collegium.language.sentences import Span
from collegium.language.settings import Setting, amount, same_value
from collegium.language.terms import TermKind
from collegium.language.tokens import stem

_VALUE: Final = r"[\"'`(]*(?P<value>-?\d|(?:true|false|null)\b)"
_STATED: Final = re.compile(
    rf"\bdefaults?(?:\s+value)?(?:\s+(?:of|for)\s+\S+)?(?:\s+is|\s+to|\s*:|\s*=)\s*(?:now\s+)?{_VALUE}", re.IGNORECASE
)
_CHANGED: Final = re.compile(
    r"\bdefault(?:\s+value)?\b[^;]{0,160}?\b(?:changed|increased|decreased|raised|lowered|reduced|adjusted|set)\b"
    rf"[^;]{{0,60}}?\bto\s+{_VALUE}",
    re.IGNORECASE,
)
_DEFAULT_OF: Final = re.compile(r"defaults?(?:\s+value)?\s+(?:of|for)\s+(?:the\s+)?(?P<name>\S+)", re.IGNORECASE)
_GOES_ON: Final = re.compile(r"[\w%]|[.,]\d|[-–—/]\w|\s?[-–—/]\s?\d|\s(?:\d|or\b|to\s+\d)")
"""Behind a number: it was not understood to its end, or is one of several."""
_PLAIN_NUMBER: Final = re.compile(r"-?[\d.,]+")
_RELEASE: Final = r"(?:this|that|the|version|release|v?\d)"
_PAST: Final = re.compile(
    rf"\b(?:no longer|used to|previously|formerly|originally|(?:before|until|prior to)\s+{_RELEASE})"
    r"|\b(?:older|earlier|previous)\s+(?:versions?|releases?)\b",
    re.IGNORECASE,
)
_DENIED: Final = re.compile(
    r"\b(?:(?:does|do|did|is|was|will|has|have)(?:n['’]t|\s+not)|never)\b[^,;:(]*$", re.IGNORECASE
)
_CLAUSE_END: Final = re.compile(r"[,;:.()]")
_SENTENCE_END: Final = re.compile(r"[.;]\s")
_NAME: Final = re.compile(r"(?<![\w./-])[a-z][a-z0-9]*(?:\.[a-z0-9]+)+(?![\w/-])")
_NO_SETTING: Final = re.compile(
    r"e\.g|i\.e|.*\.(?:properties|sh|bat|xml|json|ya?ml|conf|cfg|ini|log|jar|md|html?|txt|org|com|io|net)|(?:www|org|com)\..*"
)
"""Abbreviations, names of files and hosts, and classes: spelt like a setting."""
_FEWEST: Final = 2
_MOST: Final = 99
_COUNTED_WORDS: Final = 2

Found = list[tuple[Statement, Statement, Conflict]]


def stated_default(statement: Statement) -> Setting | None:
    """The default of the one setting that a statement names, or stands under; a row of a reference as it is.

    Of a statement that names several, and no condition, that of the one right behind `default of`.
    """
    if statement.setting is not None:
        return statement.setting if statement.setting.label == "default" else None
    found = _CHANGED.search(statement.text) or _STATED.search(statement.text)
    if found is None:
        return None
    names = _names(statement.text) or _names(statement.passage.heading.rsplit(" > ", 1)[-1])
    own = _DEFAULT_OF.match(found.group())
    if len(names) > 1 and own is not None and CONDITION.search(statement.text) is None:
        names = _names(own["name"])
    if len(names) != 1:
        return None
    name = names.pop()
    span = _value(statement.text, found, name)
    if span is None or not _is_so(statement.text, span):
        return None
    return Setting(name, "default", span.of(statement.text), span)


def _names(text: str) -> set[str]:
    return {name for name in _NAME.findall(text) if _NO_SETTING.fullmatch(name) is None}


def _value(text: str, found: re.Match[str], name: str) -> Span | None:
    """Where the value stands, its unit included; None where it is not understood to its end."""
    start = found.start("value")
    if not text[start].isdigit() and text[start] != "-":
        return Span(start, found.end("value"))
    first = next(iter(measures(text[start:])), None)
    if first is None or first.start or _GOES_ON.match(text, start + first.end):
        return None
    plain = _PLAIN_NUMBER.fullmatch(text, start, start + first.end) is not None
    counts_itself = first.noun in {"", *(stem(part) for part in name.split("."))}
    return Span(start, start + first.end) if first.unit or (plain and counts_itself) else None


def _is_so(text: str, value: Span) -> bool:
    """Whether it is the default now: neither denied, nor that of an earlier release."""
    before = _SENTENCE_END.split(text[: value.start])[-1]
    after = _CLAUSE_END.split(text[value.end :].lstrip("\"'`)"), maxsplit=1)[0]
    return not (_PAST.search(before) or _PAST.search(after) or _DENIED.search(before))


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
        if first.name != second.name or first.name in told or not _comparable(first, second):
            continue
        if same_value(first, second):
            continue
        others = [row for each, row in rows if each is not one and each is not other and row.name == first.name]
        if any(same_value(row, first) or same_value(row, second) for row in others):
            continue  # one name of several settings: the prose speaks of another than the row
        told.add(first.name)
        numbers = amount(first) is not None and amount(second) is not None
        found.append(
            (one, other, Conflict("number" if numbers else "value", f"the default of {first.name}", READ_AS_TRUE))
        )
    return found


def _comparable(one: Setting, other: Setting) -> bool:
    """Whether both are amounts of one unit, or one of them is a word; `10%` and `0.1` may be the same."""
    first, second = amount(one), amount(other)
    if first is not None and second is not None:
        return first.unit == second.unit
    return not any(at is None and each.value[:1].isdigit() for each, at in ((one, first), (other, second)))


def _counts(chosen: Sequence[Statement], asked: frozenset[str]) -> Found:
    found: Found = []
    told: set[tuple[str, ...]] = set()
    known = [
        (one, count) for one in chosen if one.setting is None for count in counted(one) if asked.issuperset(count[1])
    ]
    for (one, (first, words)), (other, (second, others)) in combinations(known, 2):
        if words == others and first != second and words not in told and versions_differ(one, other):
            told.add(words)
            found.append((one, other, Conflict("number", " ".join(words), READ_AS_TRUE)))
    return found
