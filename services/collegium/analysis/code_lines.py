"""Lines of code and configuration that two versions of a section write differently: `timestampDelta: varint`."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import combinations
from typing import Final

from collegium.analysis.addressing import addresses_reader
from collegium.analysis.comparing import READ_AS_TRUE, Conflict, versions_differ
from collegium.analysis.revisions import family, innermost
from collegium.analysis.statements import Statement, line_statement
from collegium.language.sentences import Span
from collegium.language.tokens import fold, stem
from collegium_schemas.evidence import Passage

_LINE: Final = re.compile(r"^(?: {4,}|\t)\s*(?P<line>[A-Za-z][^:=\n]{0,40}[:=].*?)[ \t]*$", re.MULTILINE)
"""Indented, with a name and its value or meaning."""
_MOST: Final = 2


def disagreements(passages: Sequence[Passage], asked: frozenset[str]) -> list[tuple[Statement, Statement, Conflict]]:
    """Lines that stand in place of each other in one section of two versions, each kind once.

    A section whose heading speaks of what is asked, and lines that begin with a word of it.

    Args:
        passages: what was found for the question, the best first.
        asked: stems of what it is about.
    """
    sections: dict[tuple[str, str], list[tuple[Statement, ...]]] = {}
    for passage in passages:
        lines = tuple(_lines(passage))
        if lines and asked & lines[0].heading:
            sections.setdefault((family(lines[0]), innermost(lines[0])), []).append(lines)
    found: dict[str, tuple[Statement, Statement, Conflict]] = {}
    for first, second in (pair for versions in sections.values() for pair in combinations(versions, 2)):
        if not versions_differ(first[0], second[0]):
            continue
        for one, other in _replaced(first, second):
            label = _label(one.text)
            if stem(label) in asked and label == _label(other.text):
                found.setdefault(label, (one, other, Conflict("value", label, READ_AS_TRUE)))
    return list(found.values())[:_MOST]


def _lines(passage: Passage) -> Iterator[Statement]:
    for match in _LINE.finditer(passage.text):
        if not addresses_reader(match["line"]):
            yield line_statement(passage, Span(*match.span("line")))


def _replaced(one: Sequence[Statement], other: Sequence[Statement]) -> Iterator[tuple[Statement, Statement]]:
    same = SequenceMatcher(None, [each.text for each in one], [each.text for each in other], autojunk=False)
    for kind, start, end, begin, stop in same.get_opcodes():
        if kind == "replace":
            yield from zip(one[start:end], other[begin:stop], strict=False)


def _label(line: str) -> str:
    match = re.match(r"[\w.\-]+", line)
    return fold(match.group()) if match else ""
