"""The second layer of comparing: does the entailment model find that two statements exclude each other?

The rules report a contradiction only where two sentences are nearly the same. The model is asked about pairs that the
rules leave, and must be sure of both directions: what excludes a sentence is excluded by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from collegium.analysis.comparing import Conflict
from collegium.analysis.statements import Statement
from collegium.entailment.port import Entailment

SURE: Final = 0.9
MOST_PAIRS: Final = 24
"""Of one analysis: about 10 ms each and direction."""
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


def _about(one: Statement, other: Statement) -> str:
    """What both speak of, in the first one's words."""
    common = [term for term in one.terms if not term.exact and term.key in other.keys]
    return " ".join(one.text[term.start : term.end] for term in common[:_MOST_ABOUT_WORDS])
