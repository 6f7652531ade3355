"""Percentile bootstrap intervals over cases (Efron and Tibshirani, 1993); a fixed seed: equal data, equal bounds."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np

SEED: Final = 20_240_117
RESAMPLES: Final = 1_000
LEVEL: Final = 0.95
_FEWEST_CASES: Final = 2

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with the bounds between which 95 % of the resamples' figures lie; NaN where it has no meaning."""

    value: float
    low: float
    high: float


def interval(cases: Sequence[T], figure: Callable[[Sequence[T]], float], resamples: int = RESAMPLES) -> Interval:
    """A figure of the cases, with its bounds."""
    return paired([(case, case) for case in cases], lambda before, after: figure(after), resamples)


def difference(
    pairs: Sequence[tuple[T, T]], figure: Callable[[Sequence[T]], float], resamples: int = RESAMPLES
) -> Interval:
    """How much higher a figure is after than before; each resample takes the same cases of both sides."""
    return paired(pairs, lambda before, after: figure(after) - figure(before), resamples)


def paired(
    pairs: Sequence[tuple[T, T]], figure: Callable[[Sequence[T], Sequence[T]], float], resamples: int
) -> Interval:
    """A figure of two sides of the same cases, with bounds; a resample in which it has no meaning is left out."""
    before, after = [one for one, _ in pairs], [other for _, other in pairs]
    value = figure(before, after)
    if len(pairs) < _FEWEST_CASES or math.isnan(value):
        return Interval(value, math.nan, math.nan)
    chance = np.random.default_rng(SEED)
    found: list[float] = []
    for _ in range(resamples):
        drawn: list[int] = chance.integers(0, len(pairs), len(pairs)).tolist()
        found.append(figure([before[at] for at in drawn], [after[at] for at in drawn]))
    known = [one for one in found if not math.isnan(one)]
    if not known:
        return Interval(value, math.nan, math.nan)
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, float(low), float(high))
