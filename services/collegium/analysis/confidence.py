"""How sure an analysis may be that its claims answer the goal.

Raw signals, each from 0 to 1, and curves that were fitted to them (`data/confidence.json`, by `make calibrate`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from collegium.agent import retrieved
from collegium.agent.calibration import read_curves
from collegium_schemas.evidence import Analysis, Evidence, QuestionAnalysis

_MANY_CLAIMS: Final = 40
"""Of a question, as `examine` keeps them; more leave no more room to be mistaken."""
_RIVAL: Final = 0.9
"""A claim with so much of the best one's score might be the answer as well."""
_FILE: Final = Path(__file__).parent / "data" / "confidence.json"


@dataclass(frozen=True, slots=True)
class Signals:
    """What analysis knows about its own result.

    Attributes:
        relevance: how much the best claim bears on its question, of the answered question where that is least; 0
            where none is answered.
        alone: one divided by the number of claims that bear on a question nearly as much as its best; the least.
        few: how far claims stay below the number that is kept of an answered question; the least.
        answered: the share of the questions that are answered.
        coverage: the largest share of a question that any passage holds.
        crowd: how many passages were found for a question, as a share of twenty; the most.
    """

    relevance: float
    alone: float
    few: float
    answered: float
    coverage: float
    crowd: float

    @property
    def curve(self) -> str:
        """Which curve they are for."""
        return "answered" if self.answered > 0 else "unanswered"

    def values(self) -> dict[str, float]:
        """By name, as the curves know them."""
        return {
            "relevance": self.relevance,
            "alone": self.alone,
            "few": self.few,
            "coverage": self.coverage,
            "crowd": self.crowd,
        }


def signals_of(evidence: Sequence[Evidence], analysis: Analysis) -> Signals:
    """The signals of one analysis and what it was made of."""
    answered = [one for one in analysis.questions if one.answered]
    return Signals(
        relevance=min(map(_best, answered), default=0.0),
        alone=min(map(_alone, answered), default=0.0),
        few=1.0 - min(1.0, max((len(one.claims) for one in answered), default=0) / _MANY_CLAIMS),
        answered=len(answered) / len(analysis.questions) if analysis.questions else 0.0,
        coverage=retrieved.coverage(evidence),
        crowd=retrieved.crowd(evidence),
    )


def _best(question: QuestionAnalysis) -> float:
    return max((claim.score for claim in question.claims), default=0.0)


def _alone(question: QuestionAnalysis) -> float:
    best = _best(question)
    return 1.0 / max(1, sum(claim.score >= _RIVAL * best for claim in question.claims))


def confidence_of(signals: Signals) -> float:
    """The chance that the corpus answers the goal with these claims.

    Where no question is answered, it is the chance that this is a mistake: one minus that of being right.
    """
    chance = read_curves(_FILE).curves[signals.curve].chance(signals.values())
    return chance if signals.answered > 0 else 1.0 - chance
