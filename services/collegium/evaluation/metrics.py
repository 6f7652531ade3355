"""Figures of rankings and judgements. Pure; NaN where a figure has no meaning, such as without any positive case."""

import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Values: TypeAlias = Sequence[float] | npt.NDArray[np.float64]
Marks: TypeAlias = Sequence[bool] | npt.NDArray[np.bool_]


def ndcg_at(ranking: Sequence[str], relevance: Mapping[str, float], cut: int = 10) -> float:
    """Normalised discounted cumulative gain of the first `cut` (Järvelin and Kekäläinen, 2002).

    Args:
        ranking: Documents, best first; a document that stands there twice counts where it stands first.
        relevance: The judged documents' gains, not negative; others gain nothing.
        cut: How many are looked at.
    """
    first = list(dict.fromkeys(ranking))[:cut]
    gained = sum(relevance.get(document, 0.0) / math.log2(place + 2) for place, document in enumerate(first))
    ideal = sorted(relevance.values(), reverse=True)[:cut]
    best = sum(gain / math.log2(place + 2) for place, gain in enumerate(ideal))
    return gained / best if best > 0 else math.nan


def recall_at(ranking: Sequence[str], relevance: Mapping[str, float], cut: int = 10) -> float:
    """The share of the relevant documents that stand among the first `cut`."""
    relevant = {document for document, gain in relevance.items() if gain > 0}
    first = list(dict.fromkeys(ranking))[:cut]
    return len(relevant & set(first)) / len(relevant) if relevant else math.nan


def accuracy(right: Sequence[bool]) -> float:
    """The share that is right."""
    return sum(right) / len(right) if right else math.nan


def auroc(scores: Values, positive: Marks) -> float:
    """The chance that a positive case scores above a negative one, ties counted half (Mann-Whitney)."""
    hits, misses = _levels(scores, positive)
    positives, negatives = int(hits.sum()), int(misses.sum())
    if not positives or not negatives:
        return math.nan
    below = np.cumsum(misses) - misses
    return float((hits * (below + misses / 2)).sum() / (positives * negatives))


def coverage_at(scores: Values, positive: Marks, precision: float = 0.9) -> float:
    """The largest share of the positives that a threshold accepts while at least `precision` of the accepted are."""
    hits, misses = _levels(scores, positive)
    if not hits.sum():
        return math.nan
    found, wrong = np.cumsum(hits[::-1]), np.cumsum(misses[::-1])
    safe = found[found >= precision * (found + wrong)]
    return float(safe.max(initial=0) / hits.sum())


def calibration_error(confidences: Values, right: Marks, bins: int = 15) -> float:
    """Expected calibration error over `bins` equally wide bins from 0 to 1 (Guo et al., 2017)."""
    if not len(confidences):
        return math.nan
    values = np.asarray(confidences, dtype=np.float64)
    gaps = np.bincount(
        np.minimum((values * bins).astype(np.int64), bins - 1), values - np.asarray(right, dtype=np.float64), bins
    )
    return float(np.abs(gaps).sum() / len(values))


def _levels(scores: Values, positive: Marks) -> tuple[np.ndarray, np.ndarray]:
    """How many positive and how many negative cases have each score, the lowest score first."""
    marks = np.asarray(positive, dtype=np.int64)
    values, level = np.unique(np.asarray(scores, dtype=np.float64), return_inverse=True)
    hits = np.bincount(level, marks, len(values)).astype(np.int64)
    return hits, np.bincount(level, minlength=len(values)) - hits
