"""The loss of logits, and the temperature that fits; `collegium.evaluation.metrics` has the rest."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from collegium.entailment.onnx import Logits, probabilities
from entailment.pairs import LABELS, Reading


def partial_log_loss(logits: Logits, readings: Sequence[Reading], temperature: float) -> float:
    """The mean of -log(P(truth) / P(among))."""
    chances = probabilities(logits, temperature)
    truth = np.array([[label in reading.truth for label in LABELS] for reading in readings])
    among = np.array([[label in reading.among for label in LABELS] for reading in readings])
    losses: Logits = np.log((chances * among).sum(axis=1)) - np.log((chances * truth).sum(axis=1) + 1e-12)
    return float(losses.mean())


def fitted_temperature(logits: Logits, readings: Sequence[Reading]) -> float:
    """The temperature with the lowest log loss, between 0.2 and 5 (golden-section search on its logarithm)."""
    found = _lowest(lambda power: partial_log_loss(logits, readings, math.exp(power)), math.log(0.2), math.log(5.0))
    return math.exp(found)


def _lowest(of: Callable[[float], float], low: float, high: float, steps: int = 40) -> float:
    ratio = (math.sqrt(5.0) - 1.0) / 2.0
    for _ in range(steps):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if of(left) < of(right):
            high = right
        else:
            low = left
    return (low + high) / 2
