"""What is drawn, what is held out, and how far a label goes."""

import random
from collections import Counter

import pytest

from collegium.evaluation.folds import fold
from entailment.curriculum import DATA, Curriculum, development
from entailment.made import Recipe, material
from entailment.mixture import (
    SOURCES,
    development_part,
    draw,
    held_out,
    load,
    training_part,
)
from entailment.pairs import NOT_ENTAILED, Label, Pair, check_sums, exactly, read_rows

E, N, C = Label
SMALL = tuple(
    source for source in SOURCES if source.name in {"fever_symmetric", "vitaminc_sample", "med", "breaking_nli"}
)


@pytest.fixture(scope="module")
def pairs() -> dict[str, list[Pair]]:
    """Four small sources."""
    return load(DATA, SMALL)


def test_every_source_has_its_file_and_the_files_are_as_they_were() -> None:
    """The table and the folder name the same sources, and no file was changed."""
    check_sums(DATA)
    assert {path.name.removesuffix(".jsonl.gz") for path in DATA.glob("*.gz")} == {source.name for source in SOURCES}


def test_a_source_without_a_neutral_label_says_nothing_about_neutral(pairs: dict[str, list[Pair]]) -> None:
    """SUPPORTS and REFUTES are read among entailment and contradiction alone."""
    assert {pair.reading for pair in pairs["fever_symmetric"]} == {
        exactly(E, frozenset({E, C})),
        exactly(C, frozenset({E, C})),
    }


def test_not_entailed_is_neutral_or_contradiction(pairs: dict[str, list[Pair]]) -> None:
    """MED's N covers both."""
    assert {pair.reading for pair in pairs["med"]} == {exactly(E), NOT_ENTAILED}


def test_truth_is_always_among_the_labels_on_offer(pairs: dict[str, list[Pair]]) -> None:
    """No reading asks for a label that it leaves out."""
    assert all(pair.reading.truth <= pair.reading.among for rows in pairs.values() for pair in rows)


def test_no_premise_is_in_both_parts(pairs: dict[str, list[Pair]]) -> None:
    """The split is by the premise, whatever its case, punctuation and source."""
    trained = {pair.premise for rows in training_part(pairs).values() for pair in rows}
    judged = {pair.premise for rows in development_part(pairs, SMALL).values() for pair in rows}
    assert trained
    assert judged
    assert not trained & judged
    one, other = (Pair(premise, "h", exactly(E), "any") for premise in ("A man, in Paris.", "a man in  paris"))
    assert held_out(one) == held_out(other)


def test_no_statement_of_two_versions_is_in_both_parts() -> None:
    """Both ways round a pair, and all pairs of a question, are held out together."""
    written = [source for source in SOURCES if source.name in {"written_versions", "written_additions"}]
    rows = load(DATA, written)
    trained = {pair.hypothesis for pairs in training_part(rows).values() for pair in pairs}
    judged = {pair.hypothesis for pairs in development_part(rows, written).values() for pair in pairs}
    assert len(judged) > 200
    assert not trained & judged


def test_a_pair_with_a_question_is_there_both_ways_round() -> None:
    """The other way with the question before the premise, and the same label."""
    rows = load(DATA, [source for source in SOURCES if source.name == "written_versions"])["written_versions"]
    one, other = rows[:2]
    assert (other.premise, other.hypothesis) == (f"{one.question} {one.hypothesis}", one.premise)
    assert other.reading == one.reading


def test_the_held_out_part_is_near_its_share(pairs: dict[str, list[Pair]]) -> None:
    """About four premises of a hundred."""
    by_premise = {pair.premise: pair for rows in pairs.values() for pair in rows}
    assert 0.025 < sum(map(held_out, by_premise.values())) / len(by_premise) < 0.055


def test_held_out_pairs_are_the_same_in_any_order_of_the_file(pairs: dict[str, list[Pair]]) -> None:
    """The ones that are judged by are chosen by their text, so a file sorted anew changes nothing."""
    backwards = {name: rows[::-1] for name, rows in pairs.items()}
    assert development_part(pairs, SMALL, most=9) == development_part(backwards, SMALL, most=9)


def test_a_run_is_judged_by_annotated_and_made_pairs() -> None:
    """At most so many of each."""
    found = development(most=5)
    assert max(map(len, found.values())) == 5
    assert {"copied", "tampered", "windowed", "elsewhere", "snli_dev"} <= set(found)


def test_a_capped_draw_has_its_labels_in_equal_numbers(pairs: dict[str, list[Pair]]) -> None:
    """Nine contradictions in ten become one in three, as far as the others reach."""
    drawn = draw(pairs["breaking_nli"], 300, random.Random(1))
    counted = Counter(next(iter(pair.reading.truth)) for pair in drawn)
    assert counted == {E: 126, N: 47, C: 127}


def test_a_pass_holds_every_source() -> None:
    """Once, where one pair of each is given."""
    annotated = {source.name: [Pair("p", "h", exactly(E), source.name)] for source in SOURCES}
    drawn = Curriculum(annotated, material({}), Recipe(0, 0, 0, 0, 0, 0))(random.Random(1))
    assert Counter(pair.source for pair in drawn) == dict.fromkeys(annotated, 1)


def test_what_only_adds_is_never_learned_as_a_contradiction() -> None:
    """Its label says neutral or entailed."""
    rows = load(DATA, [source for source in SOURCES if source.name == "written_additions"])["written_additions"]
    assert {pair.reading.truth for pair in rows} == {frozenset({E, N})}


def test_another_pass_draws_other_rows(pairs: dict[str, list[Pair]]) -> None:
    """A cap hides no row for ever."""
    first, second = (draw(pairs["med"], 400, random.Random(seed)) for seed in (1, 2))
    assert set(first) != set(second)


def test_a_fold_is_even_and_depends_on_its_purpose() -> None:
    """Two halves of the same ids for two purposes are not the same halves."""
    ids = [f"claim-{number}" for number in range(2_000)]
    ones, others = [fold(i, 2, "one") for i in ids], [fold(i, 2, "other") for i in ids]
    assert 900 < sum(ones) < 1_100
    assert 900 < sum(one == other for one, other in zip(ones, others, strict=True)) < 1_100


def test_no_row_of_an_evaluation_set_is_trained_on() -> None:
    """The ids in the data name its own sources only."""
    for source in SOURCES:
        assert {row["source"] for row in read_rows(DATA / f"{source.name}.jsonl.gz")} == {source.name}
