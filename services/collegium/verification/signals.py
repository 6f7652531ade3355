"""What speaks for and against a claim where the rules leave it undecided: words, values, the model's chances.

What entails a claim may be spread over several sentences, so entailment is asked of windows of four; what contradicts
it stands in one, and drowns among others, so contradiction is asked of single sentences. A claim that says several
things finds each in a place of its own, so both are asked of its clauses, too, of windows and single sentences.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import log
from statistics import fmean
from typing import Final

from collegium.entailment.port import Chances
from collegium.entailment.windows import WindowRule, split, windows
from collegium.language.alignment import align
from collegium.language.clauses import clauses
from collegium.language.terms import Term, TermKind, content, matches, terms
from collegium.verification.directions import direction

MOST_WINDOWS: Final = 4
"""Windows of a claim that are put to the model, and as many sentences of each of its clauses."""
_WINDOWS_OF_A_CLAUSE: Final = 2
_DENIALS: Final = 2
"""Sentences that a clause's contradiction is the mean of: one alone is too often a mistake."""
_FLOOR: Final = 0.005
"""Chances below are taken for this one: their logarithms would say more than the model knows."""
_HALF_AS_LONG: Final = 20
"""Sentences in which a word that is missing says half of what it would say of an endless source."""
_HALF_DROWNED: Final = 5
"""Sentences among which what seems to deny a claim says half of what it would say alone: among many some always do."""
_VALUES: Final = (TermKind.NUMBER, TermKind.VERSION, TermKind.DATE)
_NEARLY_ALL: Final = 0.8
"""Of a claim's words: a sentence that has so many is what it was made of, and their order is what it says."""
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
class Clause:
    """One of the things that a claim says, and the windows and sentences that share most words with it, best first."""

    said: str
    windows: tuple[str, ...]
    sentences: tuple[str, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """All that is asked about it."""
        return *self.windows, *self.sentences


@dataclass(frozen=True, slots=True)
class Grounds:
    """What the sources hold of a claim.

    Attributes:
        said: The claim as it is put to the model: without its full stop, as its clauses are.
        windows: Those that hold most of it, best first.
        clauses: At least one, itself where it says one thing.
        shared: The share of its content words that the windows hold together: a claim may join what several say.
        exact: The share of its numbers, versions, dates and names that they hold; 1 when it has none.
        direction: 1 when claim and best sentence speak of the same direction, -1 when of opposite ones, else 0.
        searched: How many sentences the source of the best window has.
        reordered: Whether the nearest sentence has nearly all of its words, but in another order: `A outdid B`.
    """

    said: str
    windows: tuple[Window, ...]
    clauses: tuple[Clause, ...]
    shared: float
    exact: float
    direction: int
    searched: int
    reordered: bool

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """What is put to the model, text and claim or clause, each pair once."""
        whole = ((window.text, self.said) for window in self.windows)
        parts = ((text, one.said) for one in self.clauses for text in one.texts)
        return tuple(dict.fromkeys((*whole, *parts)))


@dataclass(frozen=True, slots=True)
class Signals:
    """A claim's signals, ready to be weighed.

    Attributes:
        missing: The share of its content words that the windows do not hold, times n / (n + 20) of the n sentences
            that were searched: a few may say the same in other words; that a page lacks a word says more.
        exact: See `Grounds`.
        direction: See `Grounds`.
        clauses: How many it has: each one is another that may not hold.
        entailed: ln(p / (1 - p)) of the highest chance of entailment: the mean of that of the claim by a window and of
            the mean of its clauses by a window or a sentence; 0 without a model.
        denied: The mean over its clauses of the same of contradiction by the two sentences that contradict most, times
            5 / (n + 5).
    """

    missing: float
    exact: float
    direction: float = 0.0
    clauses: float = 1.0
    entailed: float = 0.0
    denied: float = 0.0


@dataclass(frozen=True, slots=True)
class _Text:
    """A window or a sentence, what it says, and the keys of its content words."""

    text: str
    terms: tuple[Term, ...]
    keys: frozenset[str]

    @classmethod
    def of(cls, text: str) -> "_Text":
        """Reads it."""
        held = terms(text)
        return cls(text, held, _keys(held))


@dataclass(frozen=True, slots=True)
class _Cut:
    """A source's windows and sentences."""

    windows: tuple[_Text, ...]
    sentences: tuple[_Text, ...]


@lru_cache(maxsize=1024)
def _cut(text: str) -> _Cut:
    rows = split(text)
    return _Cut(tuple(_Text.of(one) for one in windows(rows, _RULE)), tuple(_Text.of(one) for one in rows))


def grounds_of(claim: str, sources: Sequence[str], most: int = MOST_WINDOWS) -> Grounds:
    """The windows and sentences that hold most of a claim and of its clauses, at most so many of each."""
    said = terms(claim)
    words = _keys(said)
    values = [term for term in said if term.kind in _VALUES]
    cut = [_cut(source) for source in dict.fromkeys(sources)]
    near = _nearest(words, cut, most)
    chosen = _windows(cut, words, values, most)
    together = tuple(term for window in chosen for term in window.terms)
    keys = _keys(together)
    exact = [*(_holds(together, value) for value in values), *(t.key in keys for t in content(said) if t.name)]
    parts = clauses(claim)
    alone = len(parts) == 1
    return Grounds(
        parts[0] if alone else claim.strip().rstrip("."),
        tuple(chosen),
        (_clause(parts[0], chosen, near),) if alone else tuple(_clause_of(part, cut, most) for part in parts),
        _shared(words, keys),
        _share(exact),
        direction(said) * direction(near[0].terms) if near else 0,
        next((len(one.sentences) for one in cut if chosen and chosen[0].text in {w.text for w in one.windows}), 0),
        bool(near) and _reordered(said, near[0]),
    )


def _reordered(said: tuple[Term, ...], sentence: _Text) -> bool:
    """Whether it says what a sentence says in nearly the same words, some of which have changed places.

    Of names the rules say so (`comparing`), by where each stands first. Here a word that the sentence repeats may keep
    any of its places: barring by all words as strictly bars true claims.
    """
    words = {term.key: term for term in content(said)}
    held = [term for key, term in words.items() if key in sentence.keys]
    if len(held) < _NEARLY_ALL * len(words):
        return False
    return len(align(held, content(sentence.terms), lambda one, other: one.key == other.key)) < len(held)


def _clause_of(said: str, cut: Sequence[_Cut], most: int) -> Clause:
    held = terms(said)
    words, values = _keys(held), [term for term in held if term.kind in _VALUES]
    return _clause(said, _windows(cut, words, values, _WINDOWS_OF_A_CLAUSE), _nearest(words, cut, most))


def _clause(said: str, best: Sequence[Window], near: Sequence[_Text]) -> Clause:
    return Clause(said, tuple(one.text for one in best[:_WINDOWS_OF_A_CLAUSE]), tuple(row.text for row in near))


def _windows(cut: Sequence[_Cut], words: frozenset[str], values: Sequence[Term], most: int) -> list[Window]:
    """Those that hold most of these words and values, best first."""
    found = (
        Window(one.text, one.terms, _shared(words, one.keys), _share([_holds(one.terms, value) for value in values]))
        for source in cut
        for one in source.windows
    )
    return sorted(found, key=lambda window: -(window.shared + window.exact))[:most]


def _nearest(words: frozenset[str], cut: Sequence[_Cut], most: int) -> list[_Text]:
    return sorted((row for source in cut for row in source.sentences), key=lambda row: -_shared(words, row.keys))[:most]


def _keys(held: tuple[Term, ...]) -> frozenset[str]:
    return frozenset(term.key for term in content(held))


def _share(held: Sequence[bool]) -> float:
    return sum(held) / len(held) if held else 1.0


def _shared(words: frozenset[str], held: frozenset[str]) -> float:
    return len(words & held) / max(1, len(words))


def _holds(held: Sequence[Term], value: Term) -> bool:
    """Whether a window holds a value, and speaks of what it counts: `12 hectares` is not held by `12 acres`."""
    counted = value.measure.noun if value.measure is not None else ""
    return any(matches(value, term) for term in held) and (not counted or any(counted == term.key for term in held))


def signals(grounds: Grounds, chances: Mapping[tuple[str, str], Chances] | None) -> Signals:
    """A claim's signals; without the model's chances, those of words and values alone.

    Args:
        grounds: With at least one window.
        chances: Of each of the grounds' pairs.
    """
    missing = (1.0 - grounds.shared) * grounds.searched / (grounds.searched + _HALF_AS_LONG)
    words = Signals(missing, grounds.exact, grounds.direction, len(grounds.clauses))
    if chances is None:
        return words
    whole = _odds(max(chances[window.text, grounds.said].entailment for window in grounds.windows))
    clauses = fmean(_odds(max(chances[text, one.said].entailment for text in one.texts)) for one in grounds.clauses)
    denied = fmean(_denied([chances[text, one.said] for text in one.sentences]) for one in grounds.clauses)
    return replace(
        words, entailed=(whole + clauses) / 2.0, denied=denied * _HALF_DROWNED / (grounds.searched + _HALF_DROWNED)
    )


def _denied(by: Sequence[Chances]) -> float:
    return fmean(_odds(chance) for chance in sorted(one.contradiction for one in by)[-_DENIALS:])


def _odds(chance: float) -> float:
    kept = min(1.0 - _FLOOR, max(_FLOOR, chance))
    return log(kept / (1.0 - kept))
