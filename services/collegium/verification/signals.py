"""What speaks for and against a claim where the rules leave it undecided: words, values, the model's chances.

What entails a claim may be spread over several sentences, so entailment is asked of windows of four; what contradicts
it stands in one, and drowns among others, so contradiction is asked of single sentences.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log
from typing import Final

from collegium.entailment.port import Chances
from collegium.entailment.windows import WindowRule, split, windows
from collegium.language.terms import Term, TermKind, content, matches, terms
from collegium.verification.directions import direction

MOST_WINDOWS: Final = 4
"""Windows of a claim that are put to the model, and as many sentences."""
_FLOOR: Final = 0.005
"""Chances below are taken for this one: their logarithms would say more than the model knows."""
_HALF_AS_LONG: Final = 20
"""Sentences in which a word that is missing says half of what it would say of an endless source."""
_VALUES: Final = (TermKind.NUMBER, TermKind.VERSION, TermKind.DATE)
_RULE: Final = WindowRule(sentences=4, step=2, max_chars=640)
"""Longer ones would not fit into the model's tokens."""


@dataclass(frozen=True, slots=True)
class Window:
    """A few sentences of a source, and how much of a claim they hold.

    Attributes:
        text: As it stands in the source, sentences joined by a blank.
        terms: What it says.
        shared: The share of the claim's content words that it holds.
        exact: The share of the claim's numbers, versions and dates that it holds; 1 when the claim has none.
    """

    text: str
    terms: tuple[Term, ...]
    shared: float
    exact: float


@dataclass(frozen=True, slots=True)
class Grounds:
    """What the sources hold of a claim.

    Attributes:
        windows: Those that hold most of it, best first.
        sentences: Those that share most words with it, best first.
        shared: The share of its content words that the windows hold together: a claim may join what several say.
        exact: The share of its numbers, versions, dates and names that they hold; 1 when it has none.
        direction: 1 when claim and best sentence speak of the same direction, -1 when of opposite ones, else 0.
        searched: How many sentences the source of the best window has.
    """

    windows: tuple[Window, ...]
    sentences: tuple[str, ...]
    shared: float
    exact: float
    direction: int
    searched: int

    @property
    def texts(self) -> tuple[str, ...]:
        """What is put to the model, each text once."""
        return tuple(dict.fromkeys((*(window.text for window in self.windows), *self.sentences)))


@dataclass(frozen=True, slots=True)
class Signals:
    """A claim's signals, ready to be weighed.

    Attributes:
        missing: The share of its content words that the windows do not hold, times n / (n + 20) of the n sentences
            that were searched: a few may say the same in other words; that a page lacks a word says more.
        exact: See `Grounds`.
        direction: See `Grounds`.
        entailed: ln(p / (1 - p)) of the highest chance of entailment by a window; 0 without a model.
        contradicted: The same of contradiction by a sentence.
    """

    missing: float
    exact: float
    direction: float = 0.0
    entailed: float = 0.0
    contradicted: float = 0.0


@dataclass(frozen=True, slots=True)
class _Cut:
    """A source's windows and sentences, each with its terms."""

    windows: tuple[tuple[str, tuple[Term, ...]], ...]
    sentences: tuple[tuple[str, tuple[Term, ...]], ...]


@lru_cache(maxsize=1024)
def _cut(text: str) -> _Cut:
    rows = split(text)
    return _Cut(tuple((one, terms(one)) for one in windows(rows, _RULE)), tuple((one, terms(one)) for one in rows))


def grounds_of(claim: str, sources: Sequence[str], most: int = MOST_WINDOWS) -> Grounds:
    """The windows and sentences that hold most of a claim, at most so many of each."""
    said = terms(claim)
    words = {term.key for term in content(said)}
    values = [term for term in said if term.kind in _VALUES]
    cut = [_cut(source) for source in dict.fromkeys(sources)]
    found = [
        Window(text, held, _shared(words, held), _share([_holds(held, value) for value in values]))
        for one in cut
        for text, held in one.windows
    ]
    chosen = sorted(found, key=lambda window: -(window.shared + window.exact))[:most]
    near = sorted((row for one in cut for row in one.sentences), key=lambda row: -_shared(words, row[1]))[:most]
    together = tuple(term for window in chosen for term in window.terms)
    keys = {term.key for term in together}
    exact = [*(_holds(together, value) for value in values), *(t.key in keys for t in content(said) if t.name)]
    return Grounds(
        tuple(chosen),
        tuple(text for text, _ in near),
        _shared(words, together),
        _share(exact),
        direction(said) * direction(near[0][1]) if near else 0,
        next((len(one.sentences) for one in cut if chosen and chosen[0].text in {text for text, _ in one.windows}), 0),
    )


def _share(held: Sequence[bool]) -> float:
    return sum(held) / len(held) if held else 1.0


def _shared(words: set[str], held: tuple[Term, ...]) -> float:
    return len(words & {term.key for term in content(held)}) / max(1, len(words))


def _holds(held: Sequence[Term], value: Term) -> bool:
    """Whether a window holds a value, and speaks of what it counts: `12 hectares` is not held by `12 acres`."""
    counted = value.measure.noun if value.measure is not None else ""
    return any(matches(value, term) for term in held) and (not counted or any(counted == term.key for term in held))


def signals(grounds: Grounds, chances: Mapping[str, Chances] | None) -> Signals:
    """A claim's signals; without the model's chances, those of words and values alone.

    Args:
        grounds: With at least one window.
        chances: Of each of the grounds' texts.
    """
    missing = (1.0 - grounds.shared) * grounds.searched / (grounds.searched + _HALF_AS_LONG)
    if chances is None:
        return Signals(missing, grounds.exact, grounds.direction)
    entailed = max(chances[window.text].entailment for window in grounds.windows)
    contradicted = max(chances[text].contradiction for text in grounds.sentences)
    return Signals(missing, grounds.exact, grounds.direction, _odds(entailed), _odds(contradicted))


def _odds(chance: float) -> float:
    kept = min(1.0 - _FLOOR, max(_FLOOR, chance))
    return log(kept / (1.0 - kept))
