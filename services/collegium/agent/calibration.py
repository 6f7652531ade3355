"""From raw signals to the chance that an outcome is right: a logistic curve whose few weights lie in a data file.

The curve is Platt's (1999) with one weight for each signal. `make calibrate` fits the shipped ones on the tuning halves
of the evaluation's suites; the file says on what.
"""

import json
import math
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from collegium_schemas.base import Contract, Identifier, Share, Text

_MOST_SIGNALS = 16
_STEEPEST = 30.0


class Curve(Contract):
    """P(right) = 1 / (1 + exp(-(intercept + sum of weight * signal)))."""

    intercept: float
    weights: Annotated[dict[Identifier, float], Field(max_length=_MOST_SIGNALS)] = Field(default_factory=dict)
    cases: Annotated[int, Field(ge=0)] = 0
    """How many cases it was fitted on."""
    right: Share = 0.0
    """The share of them that was right."""

    def chance(self, signals: Mapping[str, float]) -> float:
        """The chance that the outcome is right.

        Args:
            signals: by name; ones without a weight are passed over.

        Raises:
            KeyError: a signal that has a weight is missing.
        """
        total = self.intercept + sum(weight * signals[name] for name, weight in self.weights.items())
        return 1 / (1 + math.exp(-max(-_STEEPEST, min(_STEEPEST, total))))


class Curves(Contract):
    """A calibration file: curves by name, for the ways in which an outcome can come about."""

    made_by: Text
    """The command that wrote it."""
    fitted_on: Text
    curves: Annotated[dict[Identifier, Curve], Field(min_length=1, max_length=_MOST_SIGNALS)]


@lru_cache(maxsize=16)
def read_curves(path: Path) -> Curves:
    """A calibration file, read once per process.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no calibration file.
    """
    return Curves.model_validate(json.loads(path.read_text(encoding="utf-8")))
