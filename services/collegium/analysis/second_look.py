"""The second layer of comparing: does the entailment model find that two statements exclude each other?

The rules report a contradiction only where two sentences are nearly the same. The model is asked about pairs that the
rules leave, once: it was trained on pairs whose second sentence says no more than the first, and asked the other way
round it is far worse (AUROC on the tuning half of SNLI 0.93 and 0.78).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from collegium.analysis.clusters import Place
from collegium.analysis.comparing import Conflict, written
from collegium.analysis.statements import Statement
from collegium.entailment.port import Entailment

SURE: Final = 0.9
_CLEARLY_RICHER: Final = 1.5
"""A statement with so many times the words of another is what it is set against, whichever was found first."""
MOST_PAIRS: Final = 24
"""Of one analysis: about 29 ms each (the model's card)."""
_MOST_COMPARED: Final = 100
_LEAST_COMMON: Final = 0.2
"""The share of their words that two statements must have in common to speak of one thing."""


@dataclass(frozen=True, slots=True)
class SecondLook:
    """Asks the model about pairs of statements.

    Attributes:
        model: What is asked.
        sure: The probability of contradiction from which a conflict is reported.
    """

    model: Entailment
    sure: float = SURE

    def chances(self, pairs: Sequence[tuple[Statement, Statement]]) -> list[float]:
        """The probability that the two of each pair exclude each other, in order of the pairs."""
        return [found.contradiction for found in self.model.judge([_premise_first(*pair) for pair in pairs])]

    def among(
        self, found: Sequence[Statement], known: Collection[frozenset[Place]]
    ) -> list[tuple[Statement, Statement, Conflict]]:
        """Conflicts of statements of different documents, the nearest pairs asked first.

        Args:
            found: Statements, the most important first.
            known: Pairs of places of which the rules report a conflict already.
        """
        pairs = _near(found, known)
        return [
            (one, other, conflict)
            for (one, other), conflict in zip(pairs, self.conflicts(pairs), strict=True)
            if conflict is not None
        ]

    def conflicts(self, pairs: Sequence[tuple[Statement, Statement]]) -> list[Conflict | None]:
        """A conflict of each pair, or None; settings are left to the rules, pairs beyond `MOST_PAIRS` are not asked."""
        asked = [at for at, (one, other) in enumerate(pairs) if one.setting is None and other.setting is None]
        asked = asked[:MOST_PAIRS]
        found: list[Conflict | None] = [None] * len(pairs)
        for at, chance in zip(asked, self.chances([pairs[at] for at in asked]), strict=True):
            if chance >= self.sure:
                found[at] = Conflict("meaning", _about(*pairs[at]), chance)
        return found


def _premise_first(one: Statement, other: Statement) -> tuple[str, str]:
    """In the order given, unless the second says clearly more than the first."""
    turned = len(other.keys) > _CLEARLY_RICHER * len(one.keys)
    return (other.text, one.text) if turned else (one.text, other.text)


def _near(found: Sequence[Statement], known: Collection[frozenset[Place]]) -> list[tuple[Statement, Statement]]:
    """The pairs of different documents that have most words in common, at most `MOST_PAIRS`."""
    pairs = [
        (len(one.keys & other.keys) / len(one.keys | other.keys), at, one, other)
        for at, (one, other) in enumerate(combinations(found[:_MOST_COMPARED], 2))
        if one.passage.document_id != other.passage.document_id
        and one.setting is None
        and other.setting is None
        and frozenset((one.place, other.place)) not in known
    ]
    near = sorted((pair for pair in pairs if pair[0] >= _LEAST_COMMON), key=lambda pair: (-pair[0], pair[1]))
    return [(one, other) for _, _, one, other in near[:MOST_PAIRS]]


def _about(one: Statement, other: Statement) -> str:
    """What both speak of, in the first one's words."""
    return written(one.text, (term for term in one.terms if not term.exact and term.key in other.keys))
