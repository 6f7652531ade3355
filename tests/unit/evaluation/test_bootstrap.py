"""Intervals over cases, and over differences of the same cases."""

import math

import numpy as np

from collegium.evaluation.bootstrap import Figure, difference, interval


def mean_of(values: list[float]) -> Figure:
    """The figure that the tests resample."""
    column = np.array(values)
    return lambda places: float(column[places].mean())


def test_equal_data_have_equal_bounds() -> None:
    """The seed is fixed."""
    values = [float(number % 7) for number in range(60)]
    assert interval(60, mean_of(values)) == interval(60, mean_of(values))


def test_bounds_enclose_the_figure_and_shrink_with_more_cases() -> None:
    """A hundred times the cases, about a tenth of the width."""
    few = interval(20, mean_of([0.0, 1.0] * 10))
    many = interval(2_000, mean_of([0.0, 1.0] * 1_000))
    assert few.low <= few.value <= few.high
    assert 5 < (few.high - few.low) / (many.high - many.low) < 20


def test_a_pair_is_drawn_together() -> None:
    """Cases that differ among themselves, but each by one tenth: the difference is certain."""
    before = [float(number) for number in range(50)]
    found = difference(50, mean_of(before), mean_of([value + 0.1 for value in before]), 100)
    assert round(found.low, 6) == round(found.value, 6) == round(found.high, 6) == 0.1


def test_what_cannot_be_resampled_has_no_bounds() -> None:
    """One case, or a figure without meaning."""
    assert math.isnan(interval(1, mean_of([1.0])).low)
    assert math.isnan(interval(2, lambda _: math.nan).high)
