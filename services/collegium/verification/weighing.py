"""One number of several signals: how likely a claim is carried by its sources, where the rules leave it undecided.

A logistic formula (bias + Σ weight · signal), so that what it says is a probability. Its weights are fitted on tuning
halves alone (training/entailment/combine.py): without the model they stand here, with it in the model's package.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import exp
from typing import Final

from collegium.entailment.port import Chances
from collegium.verification.signals import Signals

SURE: Final = 0.9
"""From this probability on, the model decides what the rules leave undecided; below, the claim stays undecided."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What each signal weighs."""

    bias: float
    missing: float
    exact: float
    direction: float
    clauses: float = 0.0
    entailed: float = 0.0
    denied: float = 0.0

    @classmethod
    def of(cls, values: Mapping[str, float]) -> "Weights":
        """By their names.

        Raises:
            ValueError: one is missing, or is none of them.
        """
        names = {one.name for one in fields(cls)}
        if set(values) != names:
            raise ValueError(
                f"weights must be {', '.join(sorted(names))}, not {', '.join(sorted(values)) or 'none'}; "
                "fit them with entailment.combine, or install a package of this version"
            )
        return cls(**values)

    def support(self, found: Signals) -> float:
        """The probability that a claim with these signals is supported."""
        total = (
            self.bias
            + self.missing * found.missing
            + self.exact * found.exact
            + self.direction * found.direction
            + self.clauses * found.clauses
            + self.entailed * found.entailed
            + self.denied * found.denied
        )
        return 1.0 / (1.0 + exp(-max(-30.0, min(30.0, total))))


RULES_ALONE: Final = Weights(bias=0.0115, missing=-6.0112, exact=0.8062, direction=1.2272)
"""Without the model."""


def refutation(support: float, chances: Chances) -> float:
    """The probability that a claim is refuted: of that of no support, the model's share of contradiction.

    Args:
        support: See `Weights.support`.
        chances: Of the sentence that contradicts it most.
    """
    other = chances.contradiction + chances.neutral
    return (1.0 - support) * chances.contradiction / other if other else 0.0
