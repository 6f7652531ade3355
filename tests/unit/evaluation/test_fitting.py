"""Curves that are fitted to judged outcomes."""

import pytest

from evaluation.fitting import Example, fitted


def _examples(signal: str, *rates: tuple[float, int, int]) -> list[Example]:
    """For each value of a signal, so many right and so many wrong ones."""
    return [
        Example({signal: value, "other": 0.0}, right)
        for value, good, bad in rates
        for right in [True] * good + [False] * bad
    ]


def test_a_curve_gives_back_the_shares_that_were_right() -> None:
    """With one signal of two values there is a curve through both shares, but for a small ridge."""
    curve = fitted({"x": 1}, _examples("x", (0.0, 100, 300), (1.0, 300, 100)))

    assert curve.chance({"x": 0.0}) == pytest.approx(0.25, abs=0.01)
    assert curve.chance({"x": 1.0}) == pytest.approx(0.75, abs=0.01)
    assert (curve.cases, curve.right) == (800, 0.5)


def test_a_signal_that_would_count_the_wrong_way_is_left_out() -> None:
    """What is left is the share that was right."""
    rows = _examples("x", (0.0, 30, 10), (1.0, 10, 30))

    assert fitted({"x": 1}, rows).weights == {}
    assert fitted({"x": 1}, rows).chance({}) == pytest.approx(0.5, abs=0.01)
    assert fitted({"x": -1, "other": 1}, rows).weights["x"] < 0


def test_an_example_counts_as_its_weight_says() -> None:
    """Three wrong ones that count a third are one."""
    rows = [Example({}, right=True), *[Example({}, right=False, weight=1 / 3)] * 3]

    assert fitted({}, rows).chance({}) == pytest.approx(0.5, abs=0.001)


def test_outcomes_that_are_all_right_have_a_curve_too() -> None:
    """Finite, and near 1."""
    assert 0.9 < fitted({"x": 1}, _examples("x", (0.2, 20, 0), (0.9, 20, 0))).chance({"x": 0.9}) <= 1.0


def test_examples_of_one_outcome_make_no_certainty() -> None:
    """Four that were all right: five of six."""
    curve = fitted({"relevance": 1}, [Example({"relevance": place / 4}, right=True) for place in range(4)])
    assert curve.weights == {}
    assert curve.chance({}) == pytest.approx(5 / 6, abs=1e-4)
