"""True sentences made false: one number, unit, date, version, negation, name or quantifier changed.

What is changed is found by patterns of its own (`changes`), not by those of `collegium.language`: a tampering of what
the rules cannot see must count against them. Each change alters what the sentence says; where that is not sure (two
names of one list exchanged, `whether or not`), it is not made.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, Literal, get_args

from collegium.evaluation.changes import values, words
from collegium.evaluation.changes.names import names_from
from collegium.evaluation.changes.putting import Changes

Kind = Literal["number", "unit", "date", "version", "negation", "name", "quantifier", "modality", "order", "only"]
KINDS: Final = get_args(Kind)
_CHANGES: Final[dict[Kind, Changes]] = {
    "number": values.numbers,
    "unit": values.units,
    "date": values.dates,
    "version": values.versions,
    "negation": words.negations,
    "quantifier": words.quantifiers,
    "modality": words.modals,
    "order": words.orders,
    "only": words.only,
}


@dataclass(frozen=True, slots=True)
class Tampered:
    """A sentence with one change, of what kind."""

    kind: Kind
    text: str


def tamperings(sentence: str, source: str, names: Sequence[str], seed: str) -> Iterator[Tampered]:
    """At most one change of each kind; which one is fixed by the seed.

    Args:
        sentence: A true sentence.
        source: What it is cited to: a change that happens to stand there too is not made.
        names: Names of other sentences, to put in the place of this one's.
        seed: Of the choice among the changes that a sentence allows.
    """
    every: dict[Kind, Changes] = {**_CHANGES, "name": names_from(names)}
    for kind, changes in every.items():
        chance = Random(f"{seed}:{kind}")  # noqa: S311 - a choice among texts, not a secret
        made = [text for text in changes(sentence, chance) if text != sentence and _plain(text) not in _plain(source)]
        if made:
            yield Tampered(kind, chance.choice(made))


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
