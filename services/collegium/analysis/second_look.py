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
from collegium.language.tokens import STOPWORDS

SURE: Final = 0.9
_FOLLOWS: Final = 0.25
"""A chance of entailment below says that it does not follow: something else is said."""
_SELDOM_MEASURED: Final = 0.6
"""How likely what is found so is a change of meaning: in 221 runs all 5 were when read, too few to say more."""
MOST_PAIRS: Final = 12
"""Counterparts of one analysis: each is asked both ways round, 17 ms each."""
_MOST_CHARS: Final = 420
"""Of two counterparts together: what the model cuts off of longer ones would look like a change.

128 tokens are some 560 characters of prose, 440 of setting names."""
_FEWEST_FUNCTION_WORDS: Final = 2
"""Different English ones, from which a sentence is taken for English: the model knows nothing else."""


@dataclass(frozen=True, slots=True)
class SecondLook:
    """Asks the model about pairs of statements.

    Attributes:
        model: What is asked.
        sure: The probability of contradiction from which two exclude each other, whatever else they say.
    """

    model: Entailment
    sure: float = SURE

    def counterparts(self, pairs: Sequence[tuple[Statement, Statement]]) -> list[Conflict | None]:
        """A conflict of each pair that says two things, or None.

        Args:
            pairs: Of statements that are each other's counterpart in two versions, the most important first. Those
                beyond `MOST_PAIRS`, those too long for the model to see whole, and those that do not look English are
                not asked about.
        """
        asked = [at for at, pair in enumerate(pairs) if _askable(*pair)][:MOST_PAIRS]
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
            return Conflict("meaning", _about(one, other), _SELDOM_MEASURED)
        return None


def _askable(one: Statement, other: Statement) -> bool:
    return len(one.text) + len(other.text) <= _MOST_CHARS and _english(one.text) and _english(other.text)


def _english(text: str) -> bool:
    if any(letter.isalpha() and not letter.isascii() for letter in text):
        return False
    return len({word.casefold() for word in text.split()} & STOPWORDS) >= _FEWEST_FUNCTION_WORDS


def _about(one: Statement, other: Statement) -> str:
    """What both speak of, in the first one's words."""
    return written(one.text, (term for term in one.terms if not term.exact and term.key in other.keys))
