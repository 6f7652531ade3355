"""The port: whoever judges pairs of text, by a model or by a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Chances:
    """Calibrated probabilities that a premise entails, leaves open or contradicts a hypothesis; they sum to 1."""

    entailment: float
    neutral: float
    contradiction: float


class Entailment(Protocol):
    """Judges pairs of text. The same pair always has the same chances, for as long as `name` stays."""

    @property
    def name(self) -> str:
        """Names the model and its weights."""
        ...

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Chances]:
        """The chances of each (premise, hypothesis), in order; may be called from several threads.

        Longer premises are cut at the model's bound (128 tokens for both together): cut documents into `windows`.
        """
        ...
