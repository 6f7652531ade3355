"""Figures hold what their definitions say, on any cases."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collegium.evaluation.metrics import auroc, calibration_error, coverage_at, ndcg_at, recall_at

SCORES = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
JUDGED = st.lists(st.tuples(SCORES, st.booleans()), min_size=2, max_size=30).filter(
    lambda cases: len({mark for _, mark in cases}) == 2
)
RANKED = st.lists(st.sampled_from("abcdefgh"), max_size=12)
RELEVANT = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from([1.0, 2.0, 3.0]), min_size=1)


@given(JUDGED)
def test_auroc_is_the_share_of_pairs_in_order(cases: list[tuple[float, bool]]) -> None:
    """Compared with every pair of a positive and a negative case."""
    wins = [
        (one > other) + 0.5 * (one == other)
        for (one, positive), (other, negative) in product(cases, cases)
        if positive and not negative
    ]
    scores, marks = zip(*cases, strict=True)
    assert auroc(scores, marks) == pytest.approx(sum(wins) / len(wins))


@given(JUDGED)
def test_auroc_turns_over_with_the_scores(cases: list[tuple[float, bool]]) -> None:
    """Negated scores rank the other way round."""
    scores, marks = zip(*cases, strict=True)
    assert auroc([-score for score in scores], marks) == pytest.approx(1 - auroc(scores, marks))


@given(JUDGED, st.sampled_from([0.5, 0.75, 0.9, 1.0]))
def test_coverage_is_that_of_the_best_safe_threshold(cases: list[tuple[float, bool]], precision: float) -> None:
    """Compared with every threshold."""
    best = 0
    for threshold in {score for score, _ in cases}:
        accepted = [mark for score, mark in cases if score >= threshold]
        if sum(accepted) >= precision * len(accepted):
            best = max(best, sum(accepted))
    scores, marks = zip(*cases, strict=True)
    assert coverage_at(scores, marks, precision) == pytest.approx(best / sum(marks))


@given(JUDGED, st.integers(1, 20))
def test_calibration_error_is_a_share(cases: list[tuple[float, bool]], bins: int) -> None:
    """Between 0 and 1, and 0 for who is as sure as right."""
    scores, marks = zip(*cases, strict=True)
    assert 0.0 <= calibration_error(scores, marks, bins) <= 1.0
    assert calibration_error([float(mark) for mark in marks], marks, bins) == 0.0


@given(RANKED, RELEVANT, st.integers(1, 10))
def test_gain_is_a_share_and_best_for_the_ideal_ranking(
    ranking: list[str], relevance: dict[str, float], cut: int
) -> None:
    """No ranking gains more than the judged documents in order of their gain."""
    ideal = sorted(relevance, key=lambda document: -relevance[document])
    assert 0.0 <= ndcg_at(ranking, relevance, cut) <= ndcg_at(ideal, relevance, cut) + 1e-9
    assert ndcg_at(ideal, relevance, cut) == pytest.approx(1.0)


@given(RANKED, RELEVANT)
def test_recall_grows_with_the_cut(ranking: list[str], relevance: dict[str, float]) -> None:
    """Looking at more never finds less."""
    found = [recall_at(ranking, relevance, cut) for cut in range(13)]
    assert found == sorted(found)
