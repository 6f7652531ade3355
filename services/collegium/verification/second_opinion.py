"""The second layer: the model's opinion of sentences that the rules leave undecided.

It never overrules the rules. What they support or refute stays so, and what they bar, since it differs from the
nearest sentence of its source in a number, a name or an operator, is never supported. For the rest the windows of the
cited passages that hold most of the sentence are put to the model, and the best one counts (`weighing`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from collegium.entailment.port import Chances, Entailment
from collegium.verification.signals import Window, signals, windows_of
from collegium.verification.weighing import SURE, Weights, refutation
from collegium_schemas.evidence import Verdict

MOST_WINDOWS: Final = 4
"""Windows per sentence that are put to the model."""
MOST_PAIRS: Final = 120
"""Of one review: sentences beyond stay as the rules left them."""
_MOST_QUOTED_CHARS: Final = 200


@dataclass(frozen=True, slots=True)
class Open:
    """A sentence that the rules leave undecided, and the texts of the passages that it cites.

    `barred` says that it differs from its source in something exact: it may be refuted, not supported.
    """

    said: str
    sources: tuple[str, ...]
    barred: bool = False
    share: float = 0.0
    """How much of it the nearest span holds."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What both layers together say of an open sentence.

    Attributes:
        verdict: As it is after both layers.
        support: The probability that the sentence is supported.
        confidence: The probability that the verdict is right.
        reason: In words, with the window that decided.
    """

    verdict: Verdict
    support: float
    confidence: float
    reason: str


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """Asks the model about many sentences at once.

    Attributes:
        model: What is asked.
        weights: Those that were fitted for this model.
        sure: The probability from which it decides.
    """

    model: Entailment
    weights: Weights
    sure: float = SURE

    def of(self, sentences: Sequence[Open]) -> list[Opinion | None]:
        """An opinion of each, in order; None where nothing was cited or the bound of a review was reached."""
        windows = [windows_of(one.said, one.sources, MOST_WINDOWS) for one in sentences]
        asked, count = list[list[Window]](), 0
        for some in windows:
            count += len(some)
            asked.append(some if count <= MOST_PAIRS else [])
        pairs = [(window.text, one.said) for one, some in zip(sentences, asked, strict=True) for window in some]
        chances = iter(self.model.judge(pairs))
        judged = [[(window, next(chances)) for window in some] for some in asked]
        return [self._opinion(one, some) for one, some in zip(sentences, judged, strict=True)]

    def _opinion(self, one: Open, judged: Sequence[tuple[Window, Chances]]) -> Opinion | None:
        if not judged:
            return None
        weighed = [(self.weights.support(signals(window, found)), window, found) for window, found in judged]
        support, window, found = max(weighed, key=lambda each: each[0])
        support, refuted = round(support, 4), round(refutation(support, found), 4)
        if support >= self.sure and not one.barred and window.exact == 1.0:
            return Opinion(Verdict.SUPPORTED, support, support, _reason("entails it", support, window))
        if refuted >= self.sure:
            return Opinion(Verdict.REFUTED, support, refuted, _reason("contradicts it", refuted, window))
        reason = "neither its words nor the entailment model find it in the cited passage"
        return Opinion(Verdict.NOT_ENOUGH_EVIDENCE, support, round(1.0 - max(support, refuted), 4), reason)


def _reason(does: str, probability: float, window: Window) -> str:
    quoted = " ".join(window.text.split())[:_MOST_QUOTED_CHARS]
    return f"the cited passage {does}, by the entailment model (probability {probability:.2f}): “{quoted}”"
