"""Which way a text says that something goes: up or down. `Raises latency` and `cuts latency` differ in nothing else."""

from collections.abc import Iterable
from typing import Final

from collegium.language.operators import Operator
from collegium.language.terms import Term
from collegium.language.tokens import stem

_UP: Final = """
increase enhance promote high higher highest more great greater greatest elevate improve improvement raise rise rising
rose risen gain grow growth grew strengthen accelerate stimulate activate expand large larger long longer fast faster
strong stronger better exceed upregulate induce maximum boost heighten amplify augment widen intensify prolong multiply
surge soar climb upgrade maximize
"""
_DOWN: Final = """
decrease reduce reduction diminish low lower lowest less fewer inhibit inhibition suppress suppression impair impairment
attenuate lack loss lose deficient deficiency prevent prevention block decline drop fall fell fallen weak weaken weaker
slow slower shrink shrank shrunk small smaller short shorter worse worsen downregulate absence absent limit minimum
shorten halve plunge slump hinder hamper degrade deplete eliminate dampen downgrade minimize
"""


def _stems(words: str) -> frozenset[str]:
    return frozenset(stem(word) for word in words.split())


_UPWARD: Final = _stems(_UP) | {Operator.MORE}
_DOWNWARD: Final = _stems(_DOWN) | {Operator.LESS}


def direction(found: Iterable[Term]) -> int:
    """1 when most words of direction say up, -1 when they say down, 0 when there are none or as many of each."""
    keys = [term.key for term in found]
    up, down = sum(key in _UPWARD for key in keys), sum(key in _DOWNWARD for key in keys)
    return (up > down) - (down > up)
