"""Command lines that documents of two versions write with other options."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from collegium.analysis.comparing import READ_AS_TRUE, Conflict, versions_differ
from collegium.analysis.statements import Statement

_COMMAND: Final = re.compile(r"(?<![\w-])(?P<name>[\w-]+\.(?:sh|bat))(?P<rest>(?:[ \t]*\\\n[ \t]*\S+|[ \t]+\S+){1,40})")
_OPTION: Final = re.compile(r"(?<!\S)(?P<option>--\w[\w-]*)(?P<value>[= \t]+(?![-\\])\S)?")
_MOST: Final = 2


@dataclass(frozen=True, slots=True)
class Command:
    """A command with the options that are given a value, and those that are not: what it is told to do."""

    name: str
    given: frozenset[str]
    bare: frozenset[str]


def commands(text: str) -> Iterator[Command]:
    """The command lines of a text that have options, in order."""
    for match in _COMMAND.finditer(text):
        options = list(_OPTION.finditer(match["rest"]))
        given = frozenset(each["option"] for each in options if each["value"])
        if options:
            bare = frozenset(each["option"] for each in options) - given
            yield Command(match["name"], given, bare)


def disagreements(
    chosen: Sequence[tuple[Statement, Statement]], asked: frozenset[str]
) -> list[tuple[Statement, Statement, Conflict]]:
    """Pairs of statements of two versions that write one command, told to do the same, with other options.

    Args:
        chosen: statements with what they are quoted with, the one that bears most on the questions first.
        asked: the questions' words as written: the command must be among them, with a path or without.
    """
    found: list[tuple[Statement, Statement, Conflict]] = []
    told: set[str] = set()
    names = {word.rsplit("/", 1)[-1] for word in asked}
    known = [(one, each) for one, quoted in chosen for each in commands(quoted.text) if each.name in names]
    for (one, first), (other, second) in combinations(known, 2):
        if first.name in told or not versions_differ(one, other) or len(found) >= _MOST:
            continue
        if _otherwise(first, second):
            told.add(first.name)
            found.append((one, other, Conflict("value", first.name, READ_AS_TRUE)))
    return found


def _otherwise(first: Command, second: Command) -> bool:
    alike = first.name == second.name and first.bare == second.bare and bool(first.given & second.given)
    return alike and bool(first.given - second.given) and bool(second.given - first.given)
