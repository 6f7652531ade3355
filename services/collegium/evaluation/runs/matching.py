"""Whether a sentence holds terms: whole tokens, in any case, numbers as they are written."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, cast

from collegium.evaluation.runs.objectives import Side

_PLAIN: Final = str.maketrans(
    {"‘": "'", "’": "'", "“": '"', "”": '"', "‐": "-", "‑": "-", "–": "-", "—": "-", "−": "-", "\u00ad": None}
)
_INVISIBLE: Final = re.compile("[\u200b-\u200f\u2060\ufeff]")


def plain(text: str) -> str:
    """One spelling of a text: NFKC, straight quotes and dashes, no case, one space where there are several."""
    spelt = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text).translate(_PLAIN))
    return " ".join(spelt.casefold().split())


def squeezed(text: str) -> str:
    """Letters and digits alone: what markup, white space and punctuation leave as it is."""
    return "".join(character for character in plain(text) if character.isalnum())


@lru_cache(maxsize=8_192)
def _pattern(term: str) -> re.Pattern[str]:
    """A term as whole tokens: `1` is not in `10`, `1.5`, `3.1` or `1,000`, and `acks` not in `acks_total`."""
    body = r"\s+".join(map(re.escape, plain(term).split()))
    before = r"(?<!\w)(?<!\d[.,])" if term.strip()[:1].isdigit() else r"(?<!\w)"
    after = r"(?!\w)(?![.,]\d)" if term.strip()[-1:].isdigit() else r"(?!\w)"
    # A term that begins or ends with a mark, such as `-1`, has its border there already.
    begins = before if term.strip()[:1].isalnum() or term.strip()[:1] == "-" else ""
    return re.compile(begins + body + (after if term.strip()[-1:].isalnum() else ""))


def holds(sentence: str, terms: Sequence[str]) -> bool:
    """Whether a sentence holds every term."""
    said = plain(sentence)
    return all(_pattern(term).search(said) is not None for term in terms)


def holds_any(sentence: str, alternatives: Sequence[Sequence[str]]) -> bool:
    """Whether a sentence holds every term of one alternative."""
    return any(holds(sentence, terms) for terms in alternatives)


def alternatives_of(side: Side) -> tuple[tuple[str, ...], ...]:
    """A side of a conflict as alternatives, whichever way it was written."""
    if side and isinstance(side[0], str):
        return (cast("tuple[str, ...]", side),)
    return cast("tuple[tuple[str, ...], ...]", side)
