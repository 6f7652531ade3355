"""Fits calibration curves: logistic regression with a small ridge, by Newton's method. Deterministic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Final

import numpy as np

from collegium.agent.calibration import Curve

_RIDGE: Final = 0.1
_ROUNDS: Final = 100
_STILL: Final = 1e-9


@dataclass(frozen=True)
class Example:
    """An outcome that was judged.

    Attributes:
        signals: Raw, by name.
        right: Whether it was right, as the suite defines that.
        weight: How much it counts.
    """

    signals: Mapping[str, float]
    right: bool
    weight: float = 1.0


def fitted(signals: Mapping[str, int], examples: Sequence[Example]) -> Curve:
    """The curve that makes the examples likeliest; its intercept is not held back.

    Where all examples were right, or none, the curve is a constant, by the rule of succession: no outcome is certain.
    Monotone: a signal whose weight would have the wrong sign is left out, the worst first, and the rest fitted anew.

    Args:
        signals: by name, 1 for one that speaks for right, -1 for one that speaks against it.
        examples: at least one.
    """
    if len({one.right for one in examples}) == 1:
        right = len(examples) * examples[0].right
        odds = (right + 1) / (len(examples) - right + 1)
        return Curve(intercept=round(log(odds), 4), weights={}, cases=len(examples), right=float(examples[0].right))
    names = list(signals)
    intercept, *weights = _weights(names, examples)
    while wrong := [(abs(w), name) for name, w in zip(names, weights, strict=True) if w * signals[name] < 0]:
        names.remove(max(wrong)[1])
        intercept, *weights = _weights(names, examples)
    count = sum(one.weight for one in examples)
    return Curve(
        intercept=intercept,
        weights=dict(zip(names, weights, strict=True)),
        cases=len(examples),
        right=round(sum(one.weight for one in examples if one.right) / count, 4),
    )


def _weights(names: Sequence[str], examples: Sequence[Example]) -> list[float]:
    """The intercept, then a weight for each signal."""
    places = np.array([[1.0, *(one.signals[name] for name in names)] for one in examples])
    right = np.array([float(one.right) for one in examples])
    count = np.array([one.weight for one in examples])
    ridge = np.diag([1e-6, *([_RIDGE] * len(names))])
    found = np.zeros(len(names) + 1)
    for _ in range(_ROUNDS):
        chance = 1 / (1 + np.exp(-places @ found))
        slope = places.T @ (count * (chance - right)) + ridge @ found
        bend = (places * (count * chance * (1 - chance))[:, None]).T @ places + ridge
        step = np.linalg.solve(bend, slope)
        found -= step
        if float(np.abs(step).max()) < _STILL:
            break
    return [round(float(value), 4) for value in found]
