"""What a question names exactly and nothing found knows: `HTTP/3`, `--lease-grace-period`, `acks=7` with 7 no value.

Each of its words may be everywhere. What is asked about is nowhere.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from typing import Final

from collegium.language.terms import Term, TermKind, terms
from collegium_schemas.evidence import Passage

_FLAG: Final = re.compile(r"(?<![\w-])--[a-z][\w-]+", re.IGNORECASE)
_ASSIGNED: Final = re.compile(r"\s*(?:[=:]|(?:is |be |was )?(?:set )?to|of|is)?\s*")
_VALUES: Final = re.compile(r"\bvalid values\W{0,4}\[([^\]]{1,400})\]", re.IGNORECASE)
_OPEN: Final = "..."
_APART: Final = 24
"""Characters between a name and its number at most: `Java 8, Java 11 and 17` knows Java 17."""
_MOST_NAMES: Final = 10
"""Of a question with a number behind each that are looked for."""
_MOST_CHARS: Final = 2_000
"""Of a question's text that are looked at."""


def strangers(question: str, passages: Sequence[Passage]) -> tuple[str, ...]:
    """What a question names that no passage, title, heading or path has, as the question writes it.

    A name with a bare number right behind it; an option of a command; a value that a setting cannot have, because its
    documentation lists those that it can.

    Args:
        question: its text.
        passages: everything that was found for it.
    """
    asked = question[:_MOST_CHARS]
    said = [f"{p.document_id}\n{p.title}\n{p.heading}\n{p.text}".casefold() for p in passages]
    flags = (flag for flag in _FLAG.findall(asked) if not any(flag.casefold() in text for text in said))
    return tuple(dict.fromkeys((*flags, *_unknown_marks(asked, said), *_impossible(asked, passages))))


def _unknown_marks(asked: str, said: Sequence[str]) -> Iterator[str]:
    named = ((word, number) for word, number in _numbered(asked) if word.name and number.start - word.end <= 1)
    for word, number in islice(named, _MOST_NAMES):
        name, value = (asked[t.start : t.end].strip().casefold() for t in (word, number))
        if asked[number.end : number.end + 1] == "-":
            continue  # `Kafka 3-way`: a count
        known = _known(name, value)
        if not any(name in text and known.search(text) for text in said):
            yield asked[word.start : number.end]


def _known(name: str, value: str) -> re.Pattern[str]:
    """A text that has the number near behind the name; a whole one stands for each version below it: `4` for `4.1`."""
    whole = re.fullmatch(r"(\d+)(?:\.0)?", value)
    number = re.escape(value) if whole is None else rf"{whole[1]}(?:\.\d+)*"
    return re.compile(rf"(?<!\w){re.escape(name)}(?![^\W\d])[\w ,/()-]{{0,{_APART}}}?(?<![\d.]){number}(?!\d|\.\d)")


def _impossible(asked: str, passages: Sequence[Passage]) -> Iterator[str]:
    for word, number in _numbered(asked):
        if _ASSIGNED.fullmatch(asked[word.end : number.start]) is None:
            continue
        setting, value = asked[word.start : word.end].strip().casefold(), asked[number.start : number.end].strip()
        listed = [values for p in passages if (values := _listed(p, setting))]
        if listed and not any(value in values for values in listed):
            yield asked[word.start : number.end]


def _listed(passage: Passage, setting: str) -> frozenset[str]:
    """The values that a setting's documentation lists; empty where it lists none, or a range."""
    if passage.heading.rsplit(" > ", 1)[-1].strip().casefold() != setting:
        return frozenset()
    found = _VALUES.search(passage.text)
    values = "" if found is None else str(found[1])
    return frozenset() if _OPEN in values or not values else frozenset(one.strip() for one in values.split(","))


def _numbered(asked: str) -> Iterator[tuple[Term, Term]]:
    """Words with a bare number near behind."""
    for word, number in pairwise(one for one in terms(asked) if not _is_link(asked, one)):
        bare = number.measure is not None and not number.measure.unit
        if word.kind is TermKind.WORD and number.kind is TermKind.NUMBER and bare:
            yield word, number


def _is_link(asked: str, term: Term) -> bool:
    return asked[term.start : term.end].casefold() in {"set", "to", "is", "of", "be", "was"}
