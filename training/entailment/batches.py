"""The order of training: which pairs stand in which batch, as a function of seed and pass alone.

So a run that was killed goes on with the batch that would have come next.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from entailment.pairs import Pair


class Drawing(Protocol):
    """Gives the pairs of a pass."""

    def __call__(self, chance: random.Random, /) -> list[Pair]:
        """The pairs of one pass; equal for equal random states."""
        ...


@dataclass(frozen=True, slots=True)
class Position:
    """How far a run has come: the next batch of which pass."""

    passed: int = 0
    batch: int = 0


def bucketed(pairs: Sequence[Pair], size: int, chance: random.Random, batches_in_view: int = 40) -> list[list[Pair]]:
    """Batches of about equally long pairs, in random order.

    Pairs are shuffled, then sorted by length only within `batches_in_view` batches, so that each still mixes
    sources.
    """
    shuffled = list(pairs)
    chance.shuffle(shuffled)
    batches: list[list[Pair]] = []
    view = size * batches_in_view
    for start in range(0, len(shuffled), view):
        part = sorted(shuffled[start : start + view], key=lambda pair: pair.chars)
        batches.extend(part[at : at + size] for at in range(0, len(part), size))
    chance.shuffle(batches)
    return batches


def pass_batches(drawing: Drawing, seed: int, passed: int, size: int) -> list[list[Pair]]:
    """The batches of one pass."""
    chance = random.Random(f"{seed}/{passed}")
    return bucketed(drawing(chance), size, chance)


def batches_from(drawing: Drawing, seed: int, size: int, start: Position) -> Iterator[tuple[Position, list[Pair]]]:
    """Batches without end from `start`, each with the position that follows it."""
    passed, first = start.passed, start.batch
    while True:
        batches = pass_batches(drawing, seed, passed, size)
        if not batches:
            raise ValueError("a pass without pairs")
        for number in range(first, len(batches)):
            last = number + 1 == len(batches)
            yield (Position(passed + 1, 0) if last else Position(passed, number + 1)), batches[number]
        passed, first = passed + 1, 0
