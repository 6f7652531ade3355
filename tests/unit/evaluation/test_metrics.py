"""Figures of rankings and judgements, on cases that can be counted by hand."""

import math

import pytest

from collegium.evaluation.metrics import accuracy, auroc, calibration_error, coverage_at, ndcg_at, recall_at


def test_auroc_counts_ties_half() -> None:
    """Perfect, reversed, blind."""
    assert auroc([0.9, 0.8, 0.2], [True, True, False]) == 1.0
    assert auroc([0.1, 0.8], [True, False]) == 0.0
    assert auroc([0.5, 0.5], [True, False]) == 0.5


def test_coverage_is_the_share_of_the_positives_above_a_safe_threshold() -> None:
    """A threshold falls between different scores only."""
    assert coverage_at([0.9, 0.8, 0.7, 0.1], [True, True, False, True], 0.9) == pytest.approx(2 / 3)
    assert coverage_at([0.9, 0.9], [True, False], 0.9) == 0.0


def test_calibration_error_is_the_gap_between_claimed_and_right() -> None:
    """Nine in ten claimed, half right; a confidence of 1 belongs to the last bin."""
    assert calibration_error([0.9] * 10, [True, False] * 5) == pytest.approx(0.4)
    assert calibration_error([1.0, 1.0], [True, True], bins=10) == 0.0


def test_gain_shrinks_with_the_place() -> None:
    """The second place is worth 1 / log2(3) of the first; a document counts once."""
    assert ndcg_at(["b", "a"], {"a": 1.0}) == pytest.approx(1 / math.log2(3))
    assert ndcg_at(["a", "a", "b"], {"a": 1.0, "b": 1.0}) == pytest.approx(1.0)
    assert ndcg_at(["x"] * 1 + ["a"], {"a": 1.0}, cut=1) == 0.0


def test_recall_looks_at_the_relevant_alone() -> None:
    """A document judged as irrelevant is none to be found."""
    assert recall_at(["a", "c"], {"a": 1.0, "b": 2.0, "c": 0.0}) == 0.5


def test_figures_without_meaning_are_nan() -> None:
    """No case, no positive, no negative, nothing relevant."""
    for value in (
        accuracy([]),
        auroc([0.1], [True]),
        auroc([], []),
        coverage_at([0.3], [False]),
        calibration_error([], []),
        ndcg_at(["a"], {}),
        recall_at(["a"], {"a": 0.0}),
    ):
        assert math.isnan(value)
