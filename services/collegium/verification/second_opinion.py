"""The second layer: the model's opinion of sentences that the rules leave undecided.

It never overrules the rules. What they support or refute stays so, and what they bar, since it differs from the
nearest sentence of its source in a number, a name or an operator, is never supported. Nor is what has the words of that
sentence in another order: a small model does not see who did better than whom. For the rest the windows and the
sentences of the cited passages that hold most of it, and of each of its clauses, are put to the model (`signals`), and
all is weighed (`weighing`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from collegium.entailment.port import Chances, Entailment
from collegium.verification.signals import Grounds, grounds_of, signals
from collegium.verification.weighing import SURE, Weights, refutation
from collegium_schemas.evidence import Verdict

MOST_PAIRS: Final = 120
"""Of one review: sentences beyond stay as the rules left them."""
_MOST_QUOTED_CHARS: Final = 200
_LEAST_ENTAILED: Final = 0.5
"""By a window, for a sentence to be supported: that nothing contradicts it is no support."""
_LEAST_OF_A_CLAUSE: Final = 0.3
"""By a window or a sentence, of each clause: they are fragments, and one that no source speaks of is not supported by
the others."""


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
        """An opinion of each, in order; None where nothing was cited or where it would exceed the bound of a review."""
        asked, left = list[Grounds | None](), MOST_PAIRS
        for one in sentences:
            grounds = grounds_of(one.said, one.sources)
            fits = bool(grounds.windows) and len(grounds.pairs) <= left
            left -= len(grounds.pairs) if fits else 0
            asked.append(grounds if fits else None)
        chances = iter(self.model.judge([pair for grounds in asked if grounds is not None for pair in grounds.pairs]))
        judged = [None if one is None else (one, {pair: next(chances) for pair in one.pairs}) for one in asked]
        return [
            None if each is None else self._opinion(one, *each) for one, each in zip(sentences, judged, strict=True)
        ]

    def _opinion(self, one: Open, grounds: Grounds, chances: Mapping[tuple[str, str], Chances]) -> Opinion:
        support = round(self.weights.support(signals(grounds, chances)), 4)
        window = max(grounds.windows, key=lambda each: chances[each.text, grounds.said].entailment)
        denying = max(
            ((text, clause.said) for clause in grounds.clauses for text in clause.sentences),
            key=lambda pair: chances[pair].contradiction,
        )
        refuted = round(refutation(support, chances[denying]), 4)
        exact = not one.barred and not grounds.reordered and window.exact == grounds.exact == 1.0
        if support >= self.sure and exact and _entailed(grounds, chances):
            return Opinion(Verdict.SUPPORTED, support, support, _reason("entails it", support, window.text))
        if refuted >= self.sure:
            return Opinion(Verdict.REFUTED, support, refuted, _reason("contradicts it", refuted, denying[0]))
        reason = "neither its words nor the entailment model find it in the cited passage"
        return Opinion(Verdict.NOT_ENOUGH_EVIDENCE, support, round(1.0 - max(support, refuted), 4), reason)


def _entailed(grounds: Grounds, chances: Mapping[tuple[str, str], Chances]) -> bool:
    """Whether some window entails the whole, and some window or sentence each of its clauses."""
    whole = max(chances[window.text, grounds.said].entailment for window in grounds.windows)
    least = min(max(chances[text, one.said].entailment for text in one.texts) for one in grounds.clauses)
    return whole >= _LEAST_ENTAILED and least >= _LEAST_OF_A_CLAUSE


def _reason(does: str, probability: float, text: str) -> str:
    quoted = " ".join(text.split())[:_MOST_QUOTED_CHARS]
    return f"the cited passage {does}, by the entailment model (probability {probability:.2f}): “{quoted}”"
