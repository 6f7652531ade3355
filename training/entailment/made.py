"""Pairs made from the training text: copies, tampered ones, windows with distractors, other places, joined or unlike.

They show what the verifier meets and annotated pairs lack: a short claim against a window of several sentences,
nearly equal sentences with one wrong number, windows that share names with the claim but say nothing of it, claims of
two parts of which perhaps only one is founded, and statements of one product about two things. The written statements
that disagree have few words in common; without the last kind, few common words are learned as a disagreement.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collegium.entailment.windows import split
from collegium.evaluation.folds import normalised
from collegium.language.entities import entities
from collegium.language.tokens import content_stems
from entailment.pairs import NOT_ENTAILED, Label, Pair, Reading, exactly
from entailment.tampering import tampered

# Sources whose premises are prose; captions (SNLI) and tables make poor documents.
PROSE = ("fever_dev", "vitaminc_sample", "begin_wow", "mnli_dev_matched", "conjnli")
_STATEMENTS = "written_versions"
# Those whose hypotheses are plain statements, good to join.
_CLAIMS = ("fever_dev", "vitaminc_sample", "begin_wow", "mnli_dev_matched")
_SHORTEST_CHARS, _LONGEST_CHARS = 30, 300
_WINDOW_CHARS = 480
# Above this share of its words in a foreign window, a hypothesis might follow from it after all.
_MOST_OVERLAP = 0.5
# Of joined claims: how many are of two entailed ones; of the others, how many are over one premise where it has
# several claims, and how many lack the second's evidence.
_BOTH_HOLD_SHARE = 0.4
_SIBLING_SHARE = 0.5
# Of statements apart: how many are of one product.
_SAME_PRODUCT_SHARE = 0.7
_UNFOUNDED_SHARE = 0.35
_TRIED = 8
_ENTAILED, _CONTRADICTED = exactly(Label.ENTAILMENT), exactly(Label.CONTRADICTION)
_JOINTS = (", and ", "; ", ". ", ", while ")


@dataclass(frozen=True, slots=True)
class Recipe:
    """How many pairs of each kind a pass holds."""

    copied: int = 1_000
    tampered: int = 2_500
    windowed: int = 3_000
    elsewhere: int = 2_000
    joined: int = 2_500
    apart: int = 2_000


@dataclass(frozen=True, slots=True)
class Material:
    """What pairs are made of.

    Annotated pairs over prose, their premises' sentences, sentences by name, claims, and statements that answer a
    question, in all and by the names in it.
    """

    pairs: Sequence[Pair]
    rows: Sequence[str]
    by_name: Mapping[str, Sequence[int]]
    names: list[str]
    claims: Sequence[Pair]
    by_premise: Mapping[str, Sequence[Pair]]
    statements: Sequence[Pair]
    statements_by_name: Mapping[str, Sequence[Pair]]


def material(pairs: Mapping[str, list[Pair]]) -> Material:
    """Reads the prose of the training part (or of the development part: never of both)."""
    prose = [pair for name in PROSE for pair in pairs.get(name, ())]
    rows = list(dict.fromkeys(row for pair in prose for row in split(pair.premise)))
    rows = [row for row in rows if _SHORTEST_CHARS <= len(row) <= _LONGEST_CHARS]
    by_name: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        for name in _names(row):
            by_name.setdefault(name, []).append(number)
    claims = [pair for name in _CLAIMS for pair in pairs.get(name, ())]
    by_premise: dict[str, list[Pair]] = {}
    for pair in claims:
        by_premise.setdefault(pair.premise, []).append(pair)
    statements = pairs.get(_STATEMENTS, [])
    named: dict[str, list[Pair]] = {}
    for pair in statements:
        for name in _names(pair.question):
            named.setdefault(name, []).append(pair)
    return Material(prose, rows, by_name, sorted(by_name), claims, by_premise, statements, named)


def _names(text: str) -> list[str]:
    return [text[found.start : found.end] for found in entities(text) if text[found.start].isupper()]


def _topic(question: str) -> set[str]:
    """What a question asks about: the stems of its content words without its names."""
    return set(content_stems(question)) - set(content_stems(" ".join(_names(question))))


def make(source: Material, recipe: Recipe, chance: random.Random) -> list[Pair]:
    """The made pairs of one pass; fewer where the material does not allow a kind."""
    return [
        *_copied(source, recipe.copied, chance),
        *_tampered(source, recipe.tampered, chance),
        *_windowed(source, recipe.windowed, chance),
        *_elsewhere(source, recipe.elsewhere, chance),
        *_joined(source, recipe.joined, chance),
        *_apart(source, recipe.apart, chance),
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


def _joined(source: Material, count: int, chance: random.Random) -> list[Pair]:
    """Two claims in one, against the evidence of both, or of the first alone: entailed only where both are."""
    entailed = [pair for pair in source.claims if pair.reading.truth == _ENTAILED.truth]
    made: list[Pair] = []
    for first in chance.sample(source.claims, min(count, len(source.claims))):
        both_hold = bool(entailed) and chance.random() < _BOTH_HOLD_SHARE
        one = chance.choice(entailed) if both_hold else first
        siblings = [pair for pair in source.by_premise[one.premise] if pair.hypothesis != one.hypothesis]
        near = siblings if siblings and chance.random() < _SIBLING_SHARE else source.claims
        two = chance.choice(entailed if both_hold else near)
        unfounded = not both_hold and two.premise != one.premise and chance.random() < _UNFOUNDED_SHARE
        premises = list(dict.fromkeys([one.premise] if unfounded else [one.premise, two.premise]))
        reading = _of_both(one.reading, NOT_ENTAILED if unfounded else two.reading)
        if reading is None or len(" ".join(premises)) > _WINDOW_CHARS or one.hypothesis == two.hypothesis:
            continue
        claims = [one.hypothesis, two.hypothesis]
        chance.shuffle(premises)
        chance.shuffle(claims)
        claim = f"{claims[0].rstrip(' .')}{chance.choice(_JOINTS)}{claims[1]}"
        made.append(Pair(_around(" ".join(premises), source, chance), claim, reading, "joined"))
    return made


def _of_both(first: Reading, second: Reading) -> Reading | None:
    """What holds of two claims together; None where their labels leave it open."""
    truths = {first.truth, second.truth}
    if truths == {_ENTAILED.truth}:
        return _ENTAILED
    if _CONTRADICTED.truth in truths:
        return _CONTRADICTED
    return NOT_ENTAILED if any(Label.ENTAILMENT not in truth for truth in truths) else None


def _apart(source: Material, count: int, chance: random.Random) -> list[Pair]:
    """Answers to two questions that have no content word in common but names, most of them of one product: neutral."""
    made: list[Pair] = []
    for one in chance.sample(source.statements, min(count, len(source.statements))):
        topic = _topic(one.question)
        near = [pair for name in _names(one.question) for pair in source.statements_by_name[name]]
        among = near if near and chance.random() < _SAME_PRODUCT_SHARE else source.statements
        for other in chance.sample(among, min(_TRIED, len(among))):
            theirs = _topic(other.question)
            if topic and theirs and not topic & theirs:
                made.append(Pair(other.hypothesis, one.hypothesis, exactly(Label.NEUTRAL), "apart"))
                break
    return made
