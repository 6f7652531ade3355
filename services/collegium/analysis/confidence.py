"""How sure an analysis may be that its claims answer the goal.

Raw signals, each from 0 to 1, and curves that were fitted to them (`data/confidence.json`, by `make calibrate`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from collegium.agent.calibration import Curves, read_curves
from collegium_schemas.evidence import Analysis, Evidence

_FILE: Final = Path(__file__).parent / "data" / "confidence.json"


@dataclass(frozen=True, slots=True)
class Signals:
    """What analysis knows about its own result.

    Attributes:
        relevance: how much the best claim bears on its question, of the answered question where that is least; 0
            where none is answered.
        answered: the share of the questions that are answered.
        coverage: the largest share of a question that any passage holds.
    """

    relevance: float
    answered: float
    coverage: float

    @property
    def curve(self) -> str:
        """Which curve they are for."""
        return "answered" if self.answered > 0 else "unanswered"

    def values(self) -> dict[str, float]:
        """By name, as the curves know them."""
        return {"relevance": self.relevance, "answered": self.answered, "coverage": self.coverage}


def signals_of(evidence: Sequence[Evidence], analysis: Analysis) -> Signals:
    """The signals of one analysis and what it was made of."""
    best = [max((claim.score for claim in one.claims), default=0.0) for one in analysis.questions if one.answered]
    return Signals(
        relevance=min(best, default=0.0),
        answered=len(best) / len(analysis.questions) if analysis.questions else 0.0,
        coverage=max((ranked.coverage for one in evidence for ranked in one.passages), default=0.0),
    )


def confidence_of(signals: Signals) -> float:
    """The chance that the corpus answers the goal with these claims.

    Where no question is answered, it is the chance that this is a mistake: one minus that of being right.
    """
    chance = _shipped().curves[signals.curve].chance(signals.values())
    return chance if signals.answered > 0 else 1.0 - chance


@cache
def _shipped() -> Curves:
    return read_curves(_FILE)
