"""Names in a sentence, exchanged for others."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from random import Random
from typing import Final

from collegium.evaluation.changes.putting import Changes, put

_NAME: Final = re.compile(
    r"""(?x)(?<![\w.\-/])(?:
      [A-Za-z][\w]*(?:\.[A-Za-z]\w+)+                # enable.idempotence
    | [A-Z][a-z0-9]+(?:[A-Z]+[a-z0-9]*)+             # ZooKeeper
    | [A-Z]{2,}s?                                    # TLS, ACLs
    | [A-Z][a-z]+(?:\s[A-Z][a-z]+)*                  # Irene Hervey
    )(?![\w=/]|\.\w|-\w|['’])"""
)
_LISTED: Final = re.compile(
    r"^\W*(?:(?:and|or|and/or|with|versus|vs|than|of|in|from|to)\W+)?(?:(?:the|a|an|its|both|new|old)\W+)*$",
    re.IGNORECASE,
)
_MOST_DRAWN: Final = 60
"""Names that are tried in the place of one."""


def names_in(sentence: str) -> tuple[str, ...]:
    """The names in a sentence, without a capitalised word that only begins it."""
    return tuple(sentence[start:end] for start, end in _named(sentence))


def _named(text: str) -> Iterator[tuple[int, int]]:
    for match in _NAME.finditer(text):
        begins = not text[: match.start()].strip(" \"'“(*_-") or re.search(r"[.:;!?]\W*$", text[: match.start()])
        if begins and match.group()[1:].islower() and "." not in match.group():
            continue
        yield match.span()


def names_from(names: Sequence[str]) -> Changes:
    """Changes of a name to one of these, or of two neighbouring names to each other."""

    def changes(text: str, chance: Random) -> Iterator[str]:
        found = list(_named(text))
        words = _singular(text)
        for start, end in found:
            drawn = (chance.choice(names) for _ in range(_MOST_DRAWN if names else 0))
            alike = (name for name in drawn if _shape(name) == _shape(text[start:end]))
            # `APIs` is no other name than `API`.
            foreign = next((name for name in alike if not words & _singular(name)), None)
            if foreign is not None:
                yield put(text, start, end, foreign)
        for (start, end), (next_start, next_end) in pairwise(found):
            one, other, between = text[start:end], text[next_start:next_end], text[end:next_start]
            if one.lower() not in other.lower() and other.lower() not in one.lower() and not _LISTED.match(between):
                yield text[:start] + other + between + one + text[next_end:]

    return changes


def _singular(text: str) -> set[str]:
    """The words of a text, without a final s."""
    return {word.rstrip("s") for word in re.findall(r"[\w.]+", text.lower())}


def _shape(name: str) -> str:
    """`enable.idempotence` is not exchanged for `Irene Hervey`."""
    if "." in name:
        return "identifier"
    if name.rstrip("s").isupper():
        return "acronym"
    return "words" if " " in name else "word"
