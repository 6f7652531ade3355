"""Percentile bootstrap intervals over cases (Efron and Tibshirani, 1993); a fixed seed: equal data, equal bounds."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

SEED: Final = 20_240_117
RESAMPLES: Final = 1_000
LEVEL: Final = 0.95
_FEWEST_CASES: Final = 2

Places: TypeAlias = npt.NDArray[np.int64]
Figure: TypeAlias = Callable[[Places], float]
"""A figure of the cases at these places, of which some may be there several times; NaN where it has no meaning."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with the bounds between which 95 % of the resamples' figures lie; NaN where it has no meaning."""

    value: float
    low: float
    high: float


def interval(count: int, figure: Figure, resamples: int = RESAMPLES) -> Interval:
    """A figure of `count` cases, with its bounds; a resample in which it has no meaning is left out."""
    value = figure(np.arange(count))
    if count < _FEWEST_CASES or math.isnan(value):
        return Interval(value, math.nan, math.nan)
    chance = np.random.default_rng(SEED)
    found = [figure(chance.integers(0, count, count)) for _ in range(resamples)]
    known = [one for one in found if not math.isnan(one)]
    if not known:
        return Interval(value, math.nan, math.nan)
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, float(low), float(high))


def difference(count: int, before: Figure, after: Figure, resamples: int = RESAMPLES) -> Interval:
    """How much higher a figure is after than before; each resample takes the same cases of both sides."""
    return interval(count, lambda places: after(places) - before(places), resamples)
