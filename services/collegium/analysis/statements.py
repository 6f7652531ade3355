"""Sentences of passages that state something on their own, and labelled values of settings."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from collegium.analysis.addressing import addresses_reader, is_source_code, order_in
from collegium.analysis.question import keys_of
from collegium.analysis.reaches import counts, leads_of, reaches
from collegium.language.operators import Operator
from collegium.language.sentences import Span, sentences
from collegium.language.settings import Setting, settings
from collegium.language.terms import Term, TermKind, content, terms
from collegium_schemas.evidence import Passage

_SHORTEST_CHARS: Final = 12
_LONGEST_CHARS: Final = 600
_FEWEST_WORDS: Final = 3
LONGEST_LINE_CHARS: Final = 300
_NO_LINE: Final = ("#", "|", "```", "~~~")
"""What begins so is a heading, a table or the edge of a block of code."""
_PART: Final = re.compile(r"[,;({\[]$|^[)}\]\[]|\w\([\"'\[{]")
"""A line of a program that is a part of something longer, or calls something with a literal."""
_MOST_CELLS: Final = 4
_FEWEST_CELL_WORDS: Final = 6
"""Of the longest cell of a table's row that is read as a sentence."""
_CODE: Final = re.compile(r"^(?: {4,}|\t)|^\S+=\[|[{};]\s*$|^\s*[$#>]\s|\\$|=>|\bbin/\w+\.sh\b", re.MULTILINE)
_OPTION: Final = re.compile(r"(?<!\w)--\w+")
_VERSION: Final = re.compile(r"(?<![\w.])v?\d+(?:\.\d+)+\+?")
_MOST_OPTIONS: Final = 2
"""Of a sentence about a command's options; more of them, or no full stop, make it a command."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of a passage, ready to be compared. `setting` is set for a labelled value (`Default: | 1`)."""

    passage: Passage
    span: Span
    text: str
    terms: tuple[Term, ...]
    keys: frozenset[str]
    context: frozenset[str]
    """Stems of the title and headings above it."""
    around: frozenset[str]
    """Stems of the whole passage."""
    heading: frozenset[str] = frozenset()
    """Stems of the innermost heading above it, and of the sentence that leads to its list."""
    setting: Setting | None = None
    reaches: tuple[Span, ...] = ()
    """Longer stretches of the passage that the sentence could be quoted with, because they belong together."""
    line: bool = False
    """Whether it is no sentence, but a line of code or configuration, or an item of a list that is none."""

    @property
    def place(self) -> tuple[str, int]:
        """What identifies the sentence in the corpus."""
        return self.passage.passage_id, self.span.start


def statements(passage: Passage) -> tuple[Statement, ...]:
    """The sentences of a passage that state something on their own, and its labelled values, in order."""
    context = keys_of(terms(f"{passage.title}\n{passage.heading}"))
    around = keys_of(terms(passage.text))
    heading = keys_of(terms(passage.heading.rsplit(" > ", 1)[-1]))
    return tuple(
        Statement(
            passage=passage,
            span=one.span,
            text=one.span.of(passage.text),
            terms=one.terms,
            keys=keys_of(one.terms),
            context=context,
            around=around,
            heading=heading | one.lead,
            setting=one.setting,
            reaches=one.reaches,
            line=one.line,
        )
        for one in _read(passage.text, passage.heading)
    )


def line_statement(passage: Passage, span: Span) -> Statement:
    """A line of code or configuration as a statement: no sentence, but worth telling where versions differ in it."""
    text = span.of(passage.text)
    found = terms(text)
    context = keys_of(terms(f"{passage.title}\n{passage.heading}"))
    heading = keys_of(terms(passage.heading.rsplit(" > ", 1)[-1]))
    return Statement(passage, span, text, found, keys_of(found), context, frozenset(), heading, line=True)


def reaching(statement: Statement, span: Span) -> Statement:
    """A statement together with what stands around it, as one."""
    text = span.of(statement.passage.text)
    found = terms(text)
    return replace(statement, span=span, text=text, terms=found, keys=keys_of(found))


@dataclass(frozen=True, slots=True)
class _Stated:
    span: Span
    terms: tuple[Term, ...]
    setting: Setting | None = None
    reaches: tuple[Span, ...] = ()
    lead: frozenset[str] = frozenset()
    line: bool = False


@lru_cache(maxsize=1024)
def _read(text: str, heading: str) -> tuple[_Stated, ...]:
    rows = settings(text, heading)
    found = [_Stated(row.span, terms(row.statement()), row) for row in rows]
    spans = sentences(text)
    stray = _stray(text, heading, spans)
    leads = [frozenset[str]() if one is None else keys_of(terms(one.of(text))) for one in leads_of(text, spans)]
    for at, span in enumerate(spans):
        if span in stray or any(overlap(span, row.span) for row in rows):
            continue
        one = _sentence(text, spans, at, stray) or _line(text, spans[at])
        if one is not None:
            found.append(replace(one, lead=leads[at]))
    return tuple(sorted(found, key=lambda one: one.span.start))


def _sentence(text: str, spans: Sequence[Span], at: int, stray: Sequence[Span]) -> _Stated | None:
    """A sentence that states something, with what it may be quoted with."""
    span, around = spans[at], reaches(text, spans, at)
    said = terms(span.of(text)) if _states_something(span.of(text), leads=bool(around)) else ()
    if len(content(said)) + any(term.kind is TermKind.VERSION for term in said) < _FEWEST_WORDS:
        return None
    safe = (one for one in around if not addresses_reader(one.of(text)))
    quotable = tuple(one for one in safe if not any(overlap(one, other) for other in stray))
    return _Stated(span, said, reaches=quotable)


def _line(text: str, span: Span) -> _Stated | None:
    """What is no such sentence: a line of code or configuration, or an item of two words."""
    said = span.of(text)
    found = terms(said)
    if not _FEWEST_WORDS <= len(said.split()) or len(said) > LONGEST_LINE_CHARS or not content(found):
        return None
    if said.startswith(_NO_LINE) or said.endswith(("?", ":")) or " | " in said:
        return None
    if "\n" in said or is_source_code(said) or _PART.search(said) is not None:
        return None
    if addresses_reader(said) or order_in(said) is not None:
        return None
    return _Stated(span, found, line=True)


def overlap(one: Span, other: Span) -> bool:
    """Whether two stretches of one text have characters in common."""
    return one.start < other.end and other.start < one.end


def _stray(text: str, heading: str, spans: Sequence[Span]) -> tuple[Span, ...]:
    """An order of which nothing around it speaks: steps of a how-to come together, or name what the text is about."""
    orders = [(span, order) for span in spans if (order := order_in(span.of(text))) is not None]
    if len(orders) != 1:
        return ()
    [(span, order)] = orders
    around = keys_of(terms(f"{heading}\n{text[: span.start]}\n{text[span.end :]}"))
    return () if keys_of(terms(order)) & around else (span,)


def _states_something(text: str, *, leads: bool) -> bool:
    """Prose of one sentence: no heading, code, table row, question, lead-in to nothing, or order to the reader.

    A lead-in says something if a number counts what follows (`Kafka has four core APIs:`), or together with it.
    """
    if not _SHORTEST_CHARS <= len(text) <= _LONGEST_CHARS or text.endswith("?") or _is_bare_row(text):
        return False
    if text.endswith(":") and not leads and not counts(text):
        return False
    said = _VERSION.sub("v", text)
    letters = sum(character.isalpha() or character == " " for character in said)
    program = _CODE.search(text) is not None or is_source_code(text) or _is_command(text)
    return letters >= 0.7 * len(said) and not program and not addresses_reader(text)


def _is_command(text: str) -> bool:
    options = len(_OPTION.findall(text))
    return options > 0 and (options > _MOST_OPTIONS or not text.rstrip("`*_)]\"'").endswith((".", ":", ";", ",")))


def _is_bare_row(text: str) -> bool:
    """Whether a row of a table says nothing on its own: none of its cells is as long as a sentence."""
    cells = text.split(" | ")
    return len(cells) > 1 and (len(cells) > _MOST_CELLS or max(len(c.split()) for c in cells) < _FEWEST_CELL_WORDS)


def denies(statement: Statement) -> bool:
    """Whether the sentence holds a negation."""
    return any(term.key == Operator.NOT for term in statement.terms)
