"""What a verifier is judged by: ranking, coverage at a precision, calibration, temperature."""

import math
from collections.abc import Callable, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from entailment.pairs import LABELS, Reading

Logits = NDArray[np.float64]


def auroc(scores: Sequence[float], positive: Sequence[bool]) -> float:
    """The chance that a positive case scores above a negative one, ties counted half (Mann-Whitney)."""
    order = sorted(zip(scores, positive, strict=True))
    positives, below, wins = sum(positive), 0, 0.0
    for _, group in groupby(order, key=lambda item: item[0]):
        marks = [mark for _, mark in group]
        hits, misses = sum(marks), len(marks) - sum(marks)
        wins += hits * (below + misses / 2)
        below += misses
    negatives = len(order) - positives
    return wins / (positives * negatives) if positives and negatives else math.nan


def coverage_at(scores: Sequence[float], positive: Sequence[bool], precision: float = 0.9) -> float:
    """The largest share of the positives that a threshold accepts while at least `precision` of the accepted are."""
    order = sorted(zip(scores, positive, strict=True), reverse=True)
    accepted = hits = best = 0
    for _, group in groupby(order, key=lambda item: item[0]):
        for _, mark in group:
            accepted += 1
            hits += mark
        if hits >= precision * accepted:
            best = hits
    return best / sum(positive) if any(positive) else math.nan


def calibration_error(confidences: Sequence[float], right: Sequence[bool], bins: int = 15) -> float:
    """Expected calibration error over equally wide bins (Guo et al., 2017)."""
    total = 0.0
    for number in range(bins):
        inside = [place for place, value in enumerate(confidences) if min(int(value * bins), bins - 1) == number]
        if inside:
            claimed = sum(confidences[place] for place in inside)
            total += abs(claimed - sum(right[place] for place in inside))
    return total / len(confidences) if confidences else math.nan


def probabilities(logits: Logits, temperature: float = 1.0) -> Logits:
    """[cases, 3] softmax of the logits divided by the temperature."""
    scaled = logits / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


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
