"""Intervals over cases, and over differences of the same cases."""

import math

from collegium.evaluation.bootstrap import difference, interval


def mean(values: list[float]) -> float:
    """The figure that the tests resample."""
    return sum(values) / len(values)


def test_equal_data_have_equal_bounds() -> None:
    """The seed is fixed."""
    values = [float(number % 7) for number in range(60)]
    assert interval(values, lambda drawn: mean(list(drawn))) == interval(values, lambda drawn: mean(list(drawn)))


def test_bounds_enclose_the_figure_and_shrink_with_more_cases() -> None:
    """A hundred times the cases, about a tenth of the width."""
    few = interval([0.0, 1.0] * 10, lambda drawn: mean(list(drawn)))
    many = interval([0.0, 1.0] * 1_000, lambda drawn: mean(list(drawn)))
    assert few.low <= few.value <= few.high
    assert 5 < (few.high - few.low) / (many.high - many.low) < 20


def test_a_pair_is_drawn_together() -> None:
    """Cases that differ among themselves, but each by one tenth: the difference is certain."""
    pairs = [(float(number), number + 0.1) for number in range(50)]
    found = difference(pairs, lambda drawn: mean(list(drawn)), 100)
    assert round(found.low, 6) == round(found.value, 6) == round(found.high, 6) == 0.1


def test_what_cannot_be_resampled_has_no_bounds() -> None:
    """One case, or a figure without meaning."""
    assert math.isnan(interval([1.0], lambda drawn: mean(list(drawn))).low)
    assert math.isnan(interval([1.0, 2.0], lambda drawn: math.nan).high)
