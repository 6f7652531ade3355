"""Sentences of passages that state something on their own, and labelled values of settings."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from collegium.analysis.question import keys_of
from collegium.analysis.reaches import counts, reaches
from collegium.language.operators import Operator
from collegium.language.sentences import Span, sentences
from collegium.language.settings import Setting, settings
from collegium.language.terms import Term, content, terms
from collegium_schemas.evidence import Passage

_SHORTEST_CHARS: Final = 20
_LONGEST_CHARS: Final = 600
_FEWEST_WORDS: Final = 3
_CODE: Final = re.compile(r"^(?: {4,}|\t)|^\S+=\[|[{};]\s*$|^\s*[$#>]\s|\\$|=>|\bbin/\w+\.sh\b|--\w+", re.MULTILINE)
# Text that addresses whoever processes it instead of saying something about its subject is never a claim.
_ADDRESSES_READER: Final = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:instructions?|prompts?|rules|above|previous|context)\b"
    r"|\byou are (?:now|an?)\b.{0,30}\b(?:assistant|ai|model|agent|bot)\b|\bsystem prompt\b|<\|?(?:im_start|system)"
    r"|\b(?:assistant|ai model|language model)s?\b.{0,30}\b(?:must|should|reply|respond|answer|report|output)\b",
    re.IGNORECASE | re.DOTALL,
)


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
    setting: Setting | None = None
    reaches: tuple[Span, ...] = ()
    """Longer stretches of the passage that the sentence could be quoted with, because they belong together."""

    @property
    def place(self) -> tuple[str, int]:
        """What identifies the sentence in the corpus."""
        return self.passage.passage_id, self.span.start


def statements(passage: Passage) -> tuple[Statement, ...]:
    """The sentences of a passage that state something on their own, and its labelled values, in order."""
    context = keys_of(terms(f"{passage.title}\n{passage.heading}"))
    around = keys_of(terms(passage.text))
    return tuple(
        Statement(
            passage=passage,
            span=one.span,
            text=one.span.of(passage.text),
            terms=one.terms,
            keys=keys_of(one.terms),
            context=context,
            around=around,
            setting=one.setting,
            reaches=one.reaches,
        )
        for one in _read(passage.text, passage.heading)
    )


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


@lru_cache(maxsize=1024)
def _read(text: str, heading: str) -> tuple[_Stated, ...]:
    rows = settings(text, heading)
    found = [_Stated(row.span, terms(row.statement()), row) for row in rows]
    spans = sentences(text)
    for at, span in enumerate(spans):
        if any(span.start < row.span.end and row.span.start < span.end for row in rows):
            continue
        around = reaches(text, spans, at)
        said = terms(span.of(text)) if _states_something(span.of(text), leads=bool(around)) else ()
        if len(content(said)) >= _FEWEST_WORDS:
            found.append(
                _Stated(span, said, reaches=tuple(one for one in around if not addresses_reader(one.of(text))))
            )
    return tuple(sorted(found, key=lambda one: one.span.start))


def addresses_reader(text: str) -> bool:
    """Whether a text gives orders to whoever processes it, as planted instructions do."""
    return _ADDRESSES_READER.search(text) is not None


def _states_something(text: str, *, leads: bool) -> bool:
    """Prose of one sentence: no heading, code, table row, question, lead-in to nothing, or order to the reader.

    A lead-in says something if a number counts what follows (`Kafka has four core APIs:`), or together with it.
    """
    if not _SHORTEST_CHARS <= len(text) <= _LONGEST_CHARS or text.endswith("?") or " | " in text:
        return False
    if text.endswith(":") and not leads and not counts(text):
        return False
    letters = sum(character.isalpha() or character == " " for character in text)
    return letters >= 0.7 * len(text) and _CODE.search(text) is None and not addresses_reader(text)


def denies(statement: Statement) -> bool:
    """Whether the sentence holds a negation."""
    return any(term.key == Operator.NOT for term in statement.terms)
