"""Commands that counterparts in two versions lead to: `restore leadership by running:` and another tool below."""

import re
from collections.abc import Iterable
from typing import Final

from collegium.analysis.comparing import READ_AS_TRUE, Conflict, written
from collegium.analysis.revisions import Revision
from collegium.analysis.statements import LONGEST_LINE_CHARS, Statement, line_statement
from collegium.language.sentences import Span
from collegium.language.terms import TermKind

_LINE: Final = re.compile(r"\s*\n\s*(?:[$>#%]\s+)?(?P<line>(?P<program>[\w./-]*[\w.-])[ \t]+\S.*)")
"""The first line below a lead-in, without its prompt."""
_CALLED: Final = re.compile(r"\.(?:sh|bat|py)$|/")
"""Of a program: what is spelt so is no word of a sentence."""
_OPTION: Final = re.compile(r"(?<!\S)--?[A-Za-z]")
_MOST: Final = 2


def disagreements(changed: Iterable[Revision]) -> list[tuple[Statement, Statement, Conflict]]:
    """The lines that counterparts lead to, where another program stands there in the other version, each kind once.

    Args:
        changed: sentences that answer a question, with their counterparts.
    """
    found: dict[frozenset[str], tuple[Statement, Statement, Conflict]] = {}
    for revision in changed:
        here, there = _command(revision.one), _command(revision.other)
        if here is None or there is None or here[0] == there[0] or len(found) >= _MOST:
            continue
        shared = (t for t in revision.one.terms if t.kind is TermKind.WORD and t.key in revision.other.keys)
        about = written(revision.one.text, shared)
        found.setdefault(frozenset((here[0], there[0])), (here[1], there[1], Conflict("value", about, READ_AS_TRUE)))
    return list(found.values())


def _command(lead: Statement) -> tuple[str, Statement] | None:
    """The program that a sentence leads to, by its name alone, with its line; None where it leads to none."""
    match = _LINE.match(lead.passage.text, lead.span.end) if lead.text.endswith(":") else None
    if match is None or len(match["line"]) > LONGEST_LINE_CHARS:
        return None
    if _CALLED.search(match["program"]) is None and _OPTION.search(match["line"]) is None:
        return None
    name = match["program"].rsplit("/", 1)[-1]
    begin = match.start("line")
    return name, line_statement(lead.passage, Span(begin, begin + len(match["line"].rstrip())))
