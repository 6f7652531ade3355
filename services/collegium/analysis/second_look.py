"""The second layer of comparing: does the entailment model find that two statements exclude each other?

The rules report a contradiction only where two sentences are nearly the same. The model is asked about pairs that the
rules leave, and must be sure of both directions: what excludes a sentence is excluded by it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from collegium.analysis.clusters import Place
from collegium.analysis.comparing import Conflict
from collegium.analysis.statements import Statement
from collegium.entailment.port import Entailment

SURE: Final = 0.9
MOST_PAIRS: Final = 24
"""Of one analysis: about 10 ms each and direction."""
_MOST_COMPARED: Final = 100
_LEAST_COMMON: Final = 0.2
"""The share of their words that two statements must have in common to speak of one thing."""
_MOST_ABOUT_WORDS: Final = 12


@dataclass(frozen=True, slots=True)
class SecondLook:
    """Asks the model about pairs of statements.

    Attributes:
        model: What is asked.
        sure: The probability of contradiction, in both directions, from which a conflict is reported.
    """

    model: Entailment
    sure: float = SURE

    def chances(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """The probability that the second text of each pair contradicts the first, in order."""
        return [found.contradiction for found in self.model.judge(pairs)]

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
        texts = [(pairs[at][0].text, pairs[at][1].text) for at in asked]
        both = self.chances([*texts, *((other, one) for one, other in texts)])
        found: list[Conflict | None] = [None] * len(pairs)
        for place, at in enumerate(asked):
            if min(both[place], both[place + len(asked)]) >= self.sure:
                found[at] = Conflict("meaning", _about(*pairs[at]))
        return found


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
    common = [term for term in one.terms if not term.exact and term.key in other.keys]
    return " ".join(one.text[term.start : term.end] for term in common[:_MOST_ABOUT_WORDS])
