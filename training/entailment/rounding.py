"""What is done to weights before they are rounded to seven bits."""

import numpy as np
from numpy.typing import NDArray

_LEVELS = 63
"""Steps to either side of zero; onnxruntime takes one more, which changes no limit that matters."""
_SHARES: NDArray[np.float64] = np.linspace(0.5, 1.0, 26)
"""Of a column's largest weight, those that are tried as its limit."""

Matrix = NDArray[np.float32]


def cut(weights: Matrix, axis: int) -> Matrix:
    """Each column's weights within the limit by which seven bits lose least of it.

    Args:
        weights: A matrix.
        axis: Along which a column lies.
    """
    top: Matrix = np.abs(weights).max(axis=axis, keepdims=True)
    limits, least = top.astype(np.float64), np.full(top.shape, np.inf)
    for share in _SHARES:
        limit: NDArray[np.float64] = top * share
        step = np.maximum(limit / _LEVELS, np.finfo(np.float32).tiny)
        rounded = np.clip(np.rint(weights / step), -_LEVELS, _LEVELS) * step
        lost: NDArray[np.float64] = np.square(rounded - weights).sum(axis=axis, keepdims=True)
        limits, least = np.where(lost < least, limit, limits), np.minimum(lost, least)
    return np.clip(weights, -limits, limits).astype(np.float32)
