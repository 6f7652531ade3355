"""How sure a review may be that what it lets through is right: that it answers the goal, or that nothing does.

Raw signals, each from 0 to 1, and curves that were fitted to them (`data/confidence.json`, by `make calibrate`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from collegium.agent import retrieved
from collegium.agent.calibration import read_curves
from collegium_schemas.evidence import Draft, Evidence
from collegium_schemas.tasks import ReviewSummary

_FILE: Final = Path(__file__).parent / "data" / "confidence.json"
_EVEN: Final = 0.5
"""What a draft without a confidence of its own is taken for."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What verification knows about what it lets through.

    Attributes:
        judged: how many sentences it judged.
        supported: the share of them that it found supported; 0 without any.
        draft: the draft's own confidence.
        crowd: how many passages were found for a question, as a share of twenty; the most.
    """

    judged: int
    supported: float
    draft: float
    crowd: float

    @property
    def curve(self) -> str:
        """Which curve they are for: a draft that says nothing, one of which nothing is left, and all others."""
        if not self.judged:
            return "empty"
        return "left" if self.supported > 0 else "withheld"

    def values(self) -> dict[str, float]:
        """By name, as the curves know them."""
        return {"supported": self.supported, "draft": self.draft, "crowd": self.crowd}


def signals_of(draft: Draft, evidence: Sequence[Evidence], summary: ReviewSummary) -> Signals:
    """The signals of one review."""
    judged = summary.supported + summary.refuted + summary.not_enough_evidence
    return Signals(
        judged=judged,
        supported=summary.supported / judged if judged else 0.0,
        draft=_EVEN if draft.confidence is None else draft.confidence,
        crowd=retrieved.crowd(evidence),
    )


def confidence_of(signals: Signals) -> float:
    """The chance that what is left of the draft is right."""
    return read_curves(_FILE).curves[signals.curve].chance(signals.values())
