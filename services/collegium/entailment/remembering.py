"""Another judge's chances, kept for as long as they are likely to be asked for again.

A draft that is reviewed again holds mostly the sentences of the last round, and what a search finds twice is compared
twice; a pair takes 17 ms.
"""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Final

from collegium.entailment.port import Chances, Entailment

MOST_REMEMBERED: Final = 4_096
"""Pairs, the least lately asked forgotten first: about 4 MB of text."""


class Remembering:
    """Asks a judge about each pair once; a pair's chances must not depend on its company.

    Args:
        judge: Who is asked.
        most: Pairs that are kept.
    """

    def __init__(self, judge: Entailment, most: int = MOST_REMEMBERED) -> None:
        self._judge = judge
        self._most = most
        self._known: OrderedDict[tuple[str, str], Chances] = OrderedDict()
        self._lock = Lock()

    @property
    def name(self) -> str:
        """The judge's."""
        return self._judge.name

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Chances]:
        """See `Entailment`."""
        with self._lock:
            found = {pair: self._known[pair] for pair in pairs if pair in self._known}
        unknown = [pair for pair in dict.fromkeys(pairs) if pair not in found]
        found.update(zip(unknown, self._judge.judge(unknown), strict=True))
        with self._lock:
            for pair in pairs:
                self._known[pair] = found[pair]
                self._known.move_to_end(pair)
            while len(self._known) > self._most:
                self._known.popitem(last=False)
        return [found[pair] for pair in pairs]
