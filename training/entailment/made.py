"""Pairs made from the training text itself: copies, tampered copies, windows with distractors, and other places.

They show what the verifier meets and annotated pairs lack: a short claim against a window of several sentences,
nearly equal sentences with one wrong number, and windows that share names with the claim but say nothing of it.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collegium.entailment.windows import split
from collegium.evaluation.folds import normalised
from collegium.language.entities import entities
from entailment.pairs import NOT_ENTAILED, Label, Pair, exactly
from entailment.tampering import tampered

# Sources whose premises are prose; captions (SNLI) and tables make poor documents.
PROSE = ("fever_dev", "vitaminc_sample", "begin_wow", "mnli_dev_matched", "conjnli")
_SHORTEST_CHARS, _LONGEST_CHARS = 30, 300
_WINDOW_CHARS = 480
# Above this share of its words in a foreign window, a hypothesis might follow from it after all.
_MOST_OVERLAP = 0.5


@dataclass(frozen=True, slots=True)
class Recipe:
    """How many pairs of each kind a pass holds."""

    copied: int = 3_000
    tampered: int = 5_000
    windowed: int = 8_000
    elsewhere: int = 4_000


@dataclass(frozen=True, slots=True)
class Material:
    """What pairs are made of: annotated pairs over prose, their premises' sentences, and sentences by name."""

    pairs: Sequence[Pair]
    rows: Sequence[str]
    by_name: Mapping[str, Sequence[int]]
    names: list[str]


def material(pairs: Mapping[str, list[Pair]]) -> Material:
    """Reads the prose of the training part (or of the development part: never of both)."""
    prose = [pair for name in PROSE for pair in pairs.get(name, ())]
    rows = list(dict.fromkeys(row for pair in prose for row in split(pair.premise)))
    rows = [row for row in rows if _SHORTEST_CHARS <= len(row) <= _LONGEST_CHARS]
    by_name: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        for entity in entities(row):
            if row[entity.start].isupper():
                by_name.setdefault(row[entity.start : entity.end], []).append(number)
    return Material(prose, rows, by_name, sorted(by_name))


def make(source: Material, recipe: Recipe, chance: random.Random) -> list[Pair]:
    """The made pairs of one pass; fewer where the material does not allow a kind."""
    return [
        *_copied(source, recipe.copied, chance),
        *_tampered(source, recipe.tampered, chance),
        *_windowed(source, recipe.windowed, chance),
        *_elsewhere(source, recipe.elsewhere, chance),
    ]


def _around(row: str, source: Material, chance: random.Random) -> str:
    """A window of the row and none to two others, in random places."""
    parts = [row, *chance.sample(source.rows, chance.randint(0, min(2, len(source.rows))))]
    while len(parts) > 1 and len(" ".join(parts)) > _WINDOW_CHARS:
        parts.pop()
    chance.shuffle(parts)
    return " ".join(parts)


def _copied(source: Material, count: int, chance: random.Random) -> list[Pair]:
    rows = chance.sample(source.rows, min(count, len(source.rows)))
    return [Pair(_around(row, source, chance), row, exactly(Label.ENTAILMENT), "copied") for row in rows]


def _tampered(source: Material, count: int, chance: random.Random) -> list[Pair]:
    made: list[Pair] = []
    for row in chance.sample(source.rows, len(source.rows)):
        if len(made) == count:
            break
        others = chance.sample(source.names, min(8, len(source.names)))
        if changed := tampered(row, chance, others):
            made.append(Pair(_around(row, source, chance), changed[0], changed[1], "tampered"))
    return made


def _windowed(source: Material, count: int, chance: random.Random) -> list[Pair]:
    pairs = chance.sample(source.pairs, min(count, len(source.pairs)))
    return [Pair(_around(pair.premise, source, chance), pair.hypothesis, pair.reading, "windowed") for pair in pairs]


def _elsewhere(source: Material, count: int, chance: random.Random) -> list[Pair]:
    made: list[Pair] = []
    for pair in chance.sample(source.pairs, min(count, len(source.pairs))):
        names = [pair.hypothesis[found.start : found.end] for found in entities(pair.hypothesis)]
        near = [number for name in names for number in source.by_name.get(name, ())]
        shares_name = bool(near) and chance.random() < 0.7  # most of them hard ones
        row = source.rows[chance.choice(near) if shares_name else chance.randrange(len(source.rows))]
        window = _around(row, source, chance)
        said = set(normalised(pair.hypothesis).split())
        if row in pair.premise or len(said & set(normalised(window).split())) > _MOST_OVERLAP * len(said):
            continue
        reading = NOT_ENTAILED if shares_name else exactly(Label.NEUTRAL)
        made.append(Pair(window, pair.hypothesis, reading, "elsewhere"))
    return made
