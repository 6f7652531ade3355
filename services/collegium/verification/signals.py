"""What speaks for and against a claim where the rules leave it undecided: words, values, the model's chances."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log
from typing import Final

from collegium.entailment.port import Chances
from collegium.entailment.windows import WindowRule, split, windows
from collegium.language.terms import Term, TermKind, content, matches, terms

_FLOOR: Final = 0.005
"""Chances below are taken for this one: their logarithms would say more than the model knows."""
_VALUES: Final = (TermKind.NUMBER, TermKind.VERSION, TermKind.DATE)
_RULE: Final = WindowRule()


@dataclass(frozen=True, slots=True)
class Window:
    """A few sentences of a source, and how much of a claim they hold.

    Attributes:
        text: As it stands in the source, sentences joined by a blank.
        shared: The share of the claim's content words that it holds.
        exact: The share of the claim's numbers, versions and dates that it holds; 1 when the claim has none.
    """

    text: str
    shared: float
    exact: float


@dataclass(frozen=True, slots=True)
class Signals:
    """A window's signals, ready to be weighed.

    Attributes:
        shared: See `Window`.
        exact: See `Window`.
        against_contradiction: ln(entailment / contradiction), 0 without a model.
        against_neutral: ln(entailment / neutral), 0 without a model.
    """

    shared: float
    exact: float
    against_contradiction: float = 0.0
    against_neutral: float = 0.0


@lru_cache(maxsize=1024)
def _cut(text: str) -> tuple[tuple[str, tuple[Term, ...]], ...]:
    return tuple((window, terms(window)) for window in windows(split(text), _RULE))


def windows_of(claim: str, sources: Sequence[str], most: int) -> list[Window]:
    """The windows that hold most of a claim, best first, at most so many."""
    said = terms(claim)
    words = {term.key for term in content(said)}
    values = [term for term in said if term.kind in _VALUES]
    found = [
        Window(
            text,
            len(words & {term.key for term in held}) / max(1, len(words)),
            sum(_holds(held, value) for value in values) / len(values) if values else 1.0,
        )
        for source in sources
        for text, held in _cut(source)
    ]
    return sorted(found, key=lambda window: -(window.shared + window.exact))[:most]


def _holds(held: Sequence[Term], value: Term) -> bool:
    """Whether a window holds a value, and speaks of what it counts: `12 hectares` is not held by `12 acres`."""
    counted = value.measure.noun if value.measure is not None else ""
    return any(matches(value, term) for term in held) and (not counted or any(counted == term.key for term in held))


def signals(window: Window, chances: Chances | None) -> Signals:
    """A window's signals; without the model's chances, those of words and values alone."""
    if chances is None:
        return Signals(window.shared, window.exact)
    entailed, left, denied = (max(_FLOOR, one) for one in (chances.entailment, chances.neutral, chances.contradiction))
    return Signals(window.shared, window.exact, log(entailed / denied), log(entailed / left))
