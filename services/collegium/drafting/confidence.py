"""How sure a draft may be of itself: that it answers rightly, or that there is nothing to answer with.

Raw signals, each from 0 to 1, and curves that were fitted to them (`data/confidence.json`, by `make calibrate`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from collegium.agent import retrieved
from collegium.agent.calibration import read_curves
from collegium_schemas.evidence import Evidence, QuestionAnalysis, Section

_FILE: Final = Path(__file__).parent / "data" / "confidence.json"


@dataclass(frozen=True, slots=True)
class Signals:
    """What drafting knows about its own draft.

    Attributes:
        relevance: how much the best claim bears on its question, of the answered question where that is least; 0
            without any.
        answered: the share of the questions with findings.
        coverage: the largest share of a question that any passage holds.
    """

    relevance: float
    answered: float
    coverage: float

    @property
    def curve(self) -> str:
        """Which curve they are for: a draft without findings says that there is nothing."""
        return "answered" if self.answered > 0 else "unanswered"

    def values(self) -> dict[str, float]:
        """By name, as the curves know them."""
        return {"relevance": self.relevance, "answered": self.answered, "coverage": self.coverage}


def signals_of(
    evidence: Sequence[Evidence], questions: Sequence[QuestionAnalysis], sections: Sequence[Section]
) -> Signals:
    """The signals of one draft.

    Args:
        evidence: everything that was retrieved.
        questions: as analysed.
        sections: of the draft.
    """
    spoken = {section.question_id for section in sections if section.sentences}
    best = [max((c.score for c in one.claims), default=0.0) for one in questions if one.question_id in spoken]
    return Signals(
        relevance=min(best, default=0.0),
        answered=len(spoken) / len(sections) if sections else 0.0,
        coverage=retrieved.coverage(evidence),
    )


def confidence_of(signals: Signals) -> float:
    """The chance that the draft is right: that it answers the goal, or that the corpus does not."""
    return read_curves(_FILE).curves[signals.curve].chance(signals.values())


def answer_confidence(question: QuestionAnalysis) -> float:
    """The chance that what is found on one question answers it."""
    relevance = max((claim.score for claim in question.claims), default=0.0)
    return confidence_of(Signals(relevance, 1.0, 1.0))
