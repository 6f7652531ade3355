"""How sure a search may be that the documents which answer the question are among its first ten.

Three raw signals, each from 0 to 1, and a curve that was fitted to them (`data/confidence.json`, by `make calibrate`).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from collegium.agent.calibration import read_curves
from collegium.retrieval.index import Floats

_FIRST: Final = 10
_FILE: Final = Path(__file__).parent / "data" / "confidence.json"


@dataclass(frozen=True, slots=True)
class Signals:
    """What a search knows about its own result.

    Attributes:
        coverage: the best hit's, the share of the question's information that it holds.
        closeness: the highest cosine of a passage's vector with the question's; None without vectors.
        agreement: the share of BM25's first ten that are also the vectors' first ten; None without vectors.
    """

    coverage: float
    closeness: float | None = None
    agreement: float | None = None

    @property
    def curve(self) -> str:
        """Which curve they are for."""
        return "bm25" if self.closeness is None else "bm25+vectors"

    def values(self) -> dict[str, float]:
        """By name, as the curves know them."""
        known = {"coverage": self.coverage, "closeness": self.closeness, "agreement": self.agreement}
        return {name: value for name, value in known.items() if value is not None}


def signals_of(coverage: float, scores: Floats, similarities: Floats | None) -> Signals:
    """The signals of one search.

    Args:
        coverage: the best hit's.
        scores: BM25's, of every passage.
        similarities: the cosine of every passage, where there are vectors.
    """
    if similarities is None:
        return Signals(coverage)
    common = len(_first(scores) & _first(similarities)) / min(_FIRST, max(1, len(scores)))
    return Signals(coverage, max(0.0, float(similarities.max(initial=0.0))), common)


def confidence_of(signals: Signals) -> float:
    """The chance that every document which answers the question is among the first ten found."""
    return read_curves(_FILE).curves[signals.curve].chance(signals.values())


def _first(values: Floats) -> set[int]:
    positive = np.flatnonzero(values > 0)
    if len(positive) > _FIRST:
        positive = positive[np.argpartition(-values[positive], _FIRST - 1)[:_FIRST]]
    return {int(position) for position in positive}
