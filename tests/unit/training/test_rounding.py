"""What is cut off weights before they are rounded to seven bits."""

import numpy as np
import pytest

from entailment.rounding import Matrix, cut

_LEVELS = 63


def _lost(weights: Matrix, kept: Matrix, axis: int) -> Matrix:
    """The squared error by column, where the limit of what is kept sets the step."""
    step = np.abs(kept).max(axis=axis, keepdims=True) / _LEVELS
    rounded = np.clip(np.rint(weights / step), -_LEVELS, _LEVELS) * step
    return np.square(rounded - weights).sum(axis=axis)


@pytest.mark.parametrize("axis", [0, 1])
def test_no_column_loses_more_than_it_would_uncut(axis: int) -> None:
    """And one with a single large weight is cut."""
    weights = np.random.default_rng(3).normal(size=(4096, 4) if axis == 0 else (4, 4096)).astype(np.float32)
    weights[2, 2] = 6.0
    kept = cut(weights, axis)
    assert np.all(_lost(weights, kept, axis) <= _lost(weights, weights, axis) * (1 + 1e-5))
    assert kept[2, 2] < weights[2, 2]


def test_what_is_within_the_limit_stays() -> None:
    """Only the largest weights of a column change, and no sign does."""
    weights = np.random.default_rng(4).normal(size=(64, 8)).astype(np.float32)
    kept = cut(weights, 0)
    limits = np.abs(kept).max(axis=0)
    within = np.abs(weights) < limits * (1 - 1e-6)
    assert np.array_equal(kept[within], weights[within])
    assert np.all(np.sign(kept) == np.sign(weights))


def test_a_column_of_zeros_stays_zero() -> None:
    """Nothing is divided by its largest weight."""
    weights = np.zeros((16, 2), dtype=np.float32)
    weights[:, 1] = 1.0
    kept = cut(weights, 0)
    assert np.array_equal(kept[:, 0], weights[:, 0])
    assert np.all(np.isfinite(kept))
