"""Which sources are drawn from, how much of each in a pass, and which part is held out.

A pass draws anew: a capped source gives other rows each time, equally many of each label.
"""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from collegium.evaluation.folds import fold
from entailment.pairs import NOT_ENTAILED, Label, Pair, Reading, exactly, read_rows

E, N, C = Label.ENTAILMENT, Label.NEUTRAL, Label.CONTRADICTION
_EC, _EN = frozenset({E, C}), frozenset({E, N})

THREE = {E: exactly(E), N: exactly(N), C: exactly(C)}
# SUPPORTS and REFUTES alone: neutral was never on offer.
WITHOUT_NEUTRAL = {E: exactly(E, _EC), C: exactly(C, _EC)}
# Only whether it follows: contradiction was never on offer, and N is meant as neutral.
WITHOUT_CONTRADICTION = {E: exactly(E, _EN), N: exactly(N, _EN)}
# N stands for neutral or contradiction.
ENTAILED_OR_NOT = {E: exactly(E), N: NOT_ENTAILED}
# N stands for neutral or entailed: one statement says more of the same than the other.
NOT_CONTRADICTED = {N: Reading(_EN, frozenset(Label))}
# N or C is not entailed, and C was made by a program that often makes a neutral pair.
ENTAILED_OR_NOT_NOISY = {E: exactly(E), N: NOT_ENTAILED, C: NOT_ENTAILED}


@dataclass(frozen=True, slots=True)
class Source:
    """One file of pairs.

    A pass holds `rows_per_pass` of them, or all where that is None. Pairs longer than `max_chars` are left out, not
    cut: a table without its last rows no longer says what its label says.
    """

    name: str
    readings: Mapping[Label, Reading]
    rows_per_pass: int | None = None
    max_chars: int = 1_600
    judged: bool = True


# About 66,000 pairs a pass, 12,000 of them made. 128 tokens are about 460 characters of a table, 560 of prose.
SOURCES = (
    # Claims against real web pages: what the verifier judges, so all of it.
    Source("wice_partial", ENTAILED_OR_NOT),
    Source("written_webpages", THREE),
    Source("written_passages", THREE),
    Source("expertqa", ENTAILED_OR_NOT),
    Source("generative_search", ENTAILED_OR_NOT),
    Source("summedits", ENTAILED_OR_NOT, 1_500),
    # Half of what is against a claim is only beside it.
    Source("factcheck_gpt", ENTAILED_OR_NOT_NOISY, 1_500),
    # Claims against evidence.
    Source("sufficient_facts", THREE),
    Source("check_covid", THREE),
    Source("fever_dev", WITHOUT_NEUTRAL, 2_500),
    Source("fever_symmetric", WITHOUT_NEUTRAL),
    Source("vitaminc_sample", THREE),
    Source("begin_wow", ENTAILED_OR_NOT, 2_500),
    # Written for this project, to be what the verifier and the comparison of versions judge; this both ways round.
    Source("written_pages", THREE, 3_000),
    Source("written_trivia", THREE),
    Source("written_science", THREE),
    Source("written_versions", THREE, 3_000),
    Source("written_additions", NOT_CONTRADICTED, 400, judged=False),
    # The same of real documentation: what answers one question and conflicts, agrees, or is only beside it.
    Source("docs_statements", THREE),
    Source("docs_compatible", NOT_CONTRADICTED, 2_500),
    # General three-way inference, natural text.
    Source("mnli_dev_matched", THREE, 2_500),
    Source("snli_dev", THREE, 2_000),
    Source("cad_nli", THREE, 2_000),
    # Narrow phenomena, published as tests: enough to learn them, too little to drown the rest.
    Source("negation_nli", THREE, 800),
    Source("scone_nli", WITHOUT_CONTRADICTION, 1_000),
    Source("med", ENTAILED_OR_NOT, 1_000),
    Source("folio", THREE, 300),
    # Nine in ten are contradictions: an equal draw of the labels.
    Source("breaking_nli", THREE, 500, judged=False),
    # Made by programs or templates.
    Source("conjnli", ENTAILED_OR_NOT_NOISY, 1_000),
    Source("help_conj", WITHOUT_CONTRADICTION, 500, judged=False),
    Source("hans_regen", ENTAILED_OR_NOT, 500, judged=False),
    # Tables: numbers and dates, but long and unlike prose.
    Source("infotabs", THREE, 1_000, max_chars=440),
    Source("tabfact_pairs", WITHOUT_NEUTRAL, 500, max_chars=440, judged=False),
)

# Of a hundred premises, so many are held out for early stopping, temperature and the export check.
HELD_OUT_PERCENT = 4


def held_out(pair: Pair) -> bool:
    """Whether a pair is kept from training: with all of its premise in every source, or all of its question."""
    return fold(pair.question or pair.premise, 100, "development") < HELD_OUT_PERCENT


def load(folder: Path, sources: Iterable[Source] = SOURCES) -> dict[str, list[Pair]]:
    """All usable pairs by source, in file order."""
    return {
        source.name: [
            pair
            for row in read_rows(folder / f"{source.name}.jsonl.gz")
            if row["label"] in source.readings and len(row["premise"]) + len(row["hypothesis"]) <= source.max_chars
            for pair in _ways_round(row, source)
        ]
        for source in sources
    }


def _ways_round(row: Mapping[str, str], source: Source) -> list[Pair]:
    """The pair of a row; where it has a question, the other way round as well, with the question before the premise."""
    reading, question = source.readings[Label(row["label"])], row.get("question", "")
    pair = Pair(row["premise"], row["hypothesis"], reading, source.name, question)
    if not question:
        return [pair]
    return [pair, Pair(f"{question} {pair.hypothesis}", pair.premise, reading, source.name, question)]


def training_part(pairs: Mapping[str, list[Pair]]) -> dict[str, list[Pair]]:
    """What may be trained on."""
    return {name: [pair for pair in rows if not held_out(pair)] for name, rows in pairs.items()}


def development_part(
    pairs: Mapping[str, list[Pair]], sources: Iterable[Source] = SOURCES, most: int = 250
) -> dict[str, list[Pair]]:
    """Held-out pairs of the sources that are worth judging by, at most so many each, always the same ones."""
    part: dict[str, list[Pair]] = {}
    for source in sources:
        rows = [pair for pair in pairs[source.name] if held_out(pair)] if source.judged else []
        rows.sort(key=lambda pair: fold(pair.premise + pair.hypothesis, 1 << 62, "development order"))
        if rows:
            part[source.name] = rows[:most]
    return part


def draw(rows: list[Pair], most: int | None, chance: random.Random) -> list[Pair]:
    """The rows of one pass: all, or `most` with every reading as often as there are rows for it."""
    if most is None or most >= len(rows):
        return list(rows)
    by_reading: dict[tuple[Label, ...], list[Pair]] = {}
    for pair in rows:
        by_reading.setdefault(tuple(sorted(pair.reading.truth)), []).append(pair)
    drawn: list[Pair] = []
    groups = sorted(by_reading.values(), key=len)
    for place, group in enumerate(groups):
        share = (most - len(drawn)) // (len(groups) - place)
        drawn.extend(chance.sample(group, min(share, len(group))))
    return drawn
