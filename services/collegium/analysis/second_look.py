"""The second layer of comparing: do two counterparts that the rules take for two wordings say the same?

The rules report two counterparts (`revisions`) where a name, a number or an opposite stands in place of something. No
rule of form tells other words apart: `serves requests` for `handles requests` from `preferred replicas` for `restored
replicas`. The model does, by whether each follows from the other. What it makes of two statements that are no
counterparts tells too little (decision 16), so it is not asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from collegium.analysis.comparing import Conflict, written
from collegium.analysis.revisions import replaced
from collegium.analysis.statements import Statement
from collegium.entailment.port import Chances, Entailment

SURE: Final = 0.9
_FOLLOWS: Final = 0.25
"""A chance of entailment below says that it does not follow: something else is said."""
_READ_AS_TRUE: Final = 0.8
"""How likely what is found so is a change of meaning: in 221 runs all 5 were when read, which are few (decision 16)."""
_CLEARLY_RICHER: Final = 1.5
"""A statement with so many times the words of another is what it is set against, whichever was found first."""
MOST_PAIRS: Final = 12
"""Counterparts of one analysis: each is asked both ways round, 17 ms each."""
_MOST_CHARS: Final = 520
"""Of two counterparts together: what the model cuts off of longer ones would look like a change."""


@dataclass(frozen=True, slots=True)
class SecondLook:
    """Asks the model about pairs of statements.

    Attributes:
        model: What is asked.
        sure: The probability of contradiction from which two exclude each other, whatever else they say.
    """

    model: Entailment
    sure: float = SURE

    def chance(self, one: Statement, other: Statement) -> float:
        """The probability that the two exclude each other.

        The model was trained on pairs whose second sentence says no more than the first, and asked the other way round
        it is far worse (AUROC on the tuning half of SNLI 0.93 and 0.78): so it is asked in the order given, unless
        the second says clearly more.
        """
        turned = len(other.keys) > _CLEARLY_RICHER * len(one.keys)
        (found,) = self.model.judge([(other.text, one.text) if turned else (one.text, other.text)])
        return found.contradiction

    def counterparts(self, pairs: Sequence[tuple[Statement, Statement]]) -> list[Conflict | None]:
        """A conflict of each pair that says two things, or None.

        Args:
            pairs: Of statements that are each other's counterpart in two versions, the most important first. Those
                beyond `MOST_PAIRS`, and those too long for the model to see whole, are not asked about.
        """
        short = [at for at, (one, other) in enumerate(pairs) if len(one.text) + len(other.text) <= _MOST_CHARS]
        asked = short[:MOST_PAIRS]
        both = [(one.text, other.text) for at in asked for one, other in (pairs[at], pairs[at][::-1])]
        judged = self.model.judge(both)
        found: list[Conflict | None] = [None] * len(pairs)
        for at, there, back in zip(asked, judged[::2], judged[1::2], strict=True):
            found[at] = self._conflict(*pairs[at], there, back)
        return found

    def _conflict(self, one: Statement, other: Statement, there: Chances, back: Chances) -> Conflict | None:
        denied = max(there.contradiction, back.contradiction)
        if denied >= self.sure:
            return Conflict("meaning", _about(one, other), denied)
        if min(there.entailment, back.entailment) < _FOLLOWS and replaced(one, other):
            return Conflict("meaning", _about(one, other), _READ_AS_TRUE)
        return None


def _about(one: Statement, other: Statement) -> str:
    """What both speak of, in the first one's words."""
    return written(one.text, (term for term in one.terms if not term.exact and term.key in other.keys))
