"""Labelled values of settings in reference documentation, under the heading `acks`: `Type: string; Default: 1`.

The labels may stand in rows of their own or in one line, divided by semicolons.
"""

import re
from dataclasses import dataclass

from collegium.language.quantities import Measure, measures, same_measure
from collegium.language.sentences import Span
from collegium.language.tokens import fold
from collegium.language.units import SUFFIX_UNITS, unit_of

_ROW = re.compile(
    r"(?:^[ \t]*(?:[-*]\s+)?|;[ \t]+)"
    r"(?P<row>(?P<label>Default(?:\s+Value)?|Valid\s+Values|Type|Importance|Update\s+Mode)"
    r"[ \t]*:[ \t]*\|?[ \t]*(?P<value>[^\n]*?))(?=;[ \t]+[A-Z][\w ]{2,40}:|[ \t]*$)",
    re.IGNORECASE | re.MULTILINE,
)
_STATEMENT = re.compile(
    r"^The (?P<label>default|valid values|type|importance|update mode) of (?P<name>\S+) (?:is|are) (?P<value>.+)\.$"
)
_NAME = re.compile(r"[A-Za-z][\w.\-]{0,127}")
_MOST_VALUE_CHARS = 200


@dataclass(frozen=True, slots=True)
class Setting:
    """One labelled value: `acks`, `default`, `1`. `span` is the row that states it, within the passage."""

    name: str
    label: str
    value: str
    span: Span

    def statement(self) -> str:
        """The row as a sentence, in the row's own words."""
        verb = "are" if self.label == "valid values" else "is"
        return f"The {self.label} of {self.name} {verb} {self.value}."


def settings(text: str, heading: str) -> tuple[Setting, ...]:
    """The labelled values in a passage whose innermost heading names one setting; none under any other heading."""
    name = heading.rsplit(" > ", 1)[-1].strip()
    if not _NAME.fullmatch(name):
        return ()
    return tuple(
        Setting(name, _label(match["label"]), match["value"], Span(*match.span("row")))
        for match in _ROW.finditer(text)
        if match["value"] and len(match["value"]) <= _MOST_VALUE_CHARS
    )


def read_statement(sentence: str) -> Setting | None:
    """The setting that a sentence of `Setting.statement`'s form speaks about."""
    match = _STATEMENT.match(sentence)
    if match is None:
        return None
    return Setting(match["name"], match["label"], match["value"], Span(0, len(sentence)))


def same_value(one: Setting, other: Setting) -> bool:
    """Whether two values of one setting are equal: as amounts with units where they are amounts, else as words."""
    first, second = _amounts(one), _amounts(other)
    if first and second:
        return all(same_measure(a, b) for a, b in zip(first, second, strict=False)) and (
            len(first) == len(second) or min(len(first), len(second)) == 1
        )
    return _word(one.value) == _word(other.value)


def _amounts(setting: Setting) -> list[Measure]:
    """The value and what stands in brackets after it, as in `300000 (5 minutes)`; empty when it is a word."""
    first = amount(setting)
    return [] if first is None else [first, *measures(setting.value.strip("\"' "))[1:]]


def amount(setting: Setting) -> Measure | None:
    """The value as an amount: `300000 (5 minutes)` of `metadata.max.age.ms` is 300,000 ms. None when it is a word."""
    value = setting.value.strip("\"' ")
    found = measures(value)
    if not found or found[0].start != 0 or not re.fullmatch(r"\s*(?:\(.*\))?", value[found[0].end :]):
        return None
    first = found[0]
    unit = unit_of(SUFFIX_UNITS.get(re.split(r"[._]", setting.name.lower())[-1], ""))
    if first.unit or unit is None:
        return Measure(first.value, first.unit, "", first.start, first.end, first.other)
    return Measure(first.value * unit.factor, unit.name, "", first.start, first.end)


def _label(text: str) -> str:
    label = " ".join(text.lower().split())
    return "default" if label.startswith("default") else label


def _word(value: str) -> str:
    return fold(" ".join(value.strip("\"'`. ").split()))
