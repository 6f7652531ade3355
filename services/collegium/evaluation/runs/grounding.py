"""Whether a cited span carries a sentence: its entities, its numbers, its negation and most of its words.

A check of its own, which shares nothing with verification's rules: what both overlook is not overlooked for the same
reason. It asks less than entailment, and no more than a reader can see.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from collegium.evaluation.runs.matching import plain
from collegium_schemas.evidence import Passage, Sentence, Source

LEAST_SHARE: Final = 0.8
"""Of a sentence's content words that the span must hold."""
LEAST_NEAR: Final = 0.6
"""Of them that two neighbouring sentences of the span must hold together."""
_SAME: Final = 0.8
"""A sentence of the span with so many of the words says the same, and must not differ in negation."""
_SHORTEST: Final = 3
_TOKEN: Final = re.compile(r"-?\d[\d.,]*\d|-?\d|[^\W_][\w]*(?:[.\-/'][\w]+)*")
_MARKED: Final = re.compile(r"\d|[._/]|.[A-Z]")
_CAPITAL: Final = re.compile(r"(?<![.!?:;\"'(\[])\s+[\"'(\[]*([A-Z][\w.\-]*)")
_END: Final = re.compile(r"(?<=[.!?:;])\s+|\n+")
_DENIES: Final = frozenset("not no never none neither nor without cannot nothing nobody".split())
_LINKS: Final = frozenset(
    """about after also and are been before being between both but can could did does during for from had has have her
    his how into its itself may might more most other our over shall should some such than that the their them then
    there these they this those through under until was were what when where which while who whose will with would
    you your""".split()
)
"""Words that only join others. `all`, `any`, `each`, `every`, `only`, `must` and the like say something, and count."""
_FRAME: Final = frozenset(
    "according says say states state document documentation docs source page section version default".split()
)
"""Words with which a report names its source."""


@dataclass(frozen=True, slots=True)
class _Read:
    words: frozenset[str]
    exact: frozenset[str]
    denies: bool


def carried(sentence: Sentence, source: Source) -> bool:
    """Whether one source carries a sentence."""
    return carries(sentence.text, source.passage)


def carries(text: str, passage: Passage) -> bool:
    """Whether a passage carries a text."""
    said = _read(text)
    about = " ".join((passage.title, passage.heading, passage.version or "", passage.date or "", passage.document_id))
    held, named = _read(passage.text), _read(about)
    if not _exact(text) <= held.exact | named.exact | held.words | named.words:
        return False
    own = said.words - named.words - _FRAME
    if not own:  # a heading may be all that a setting's row needs besides its value
        return said.words - _FRAME <= held.words | named.words
    if len(own & (held.words | named.words)) < LEAST_SHARE * len(own):
        return False
    parts = [_read(part) for part in _END.split(passage.text) if part.strip()]
    pairs = zip(parts, [*parts[1:], _Read(frozenset(), frozenset(), denies=False)], strict=True)
    if not any(len(own & (a.words | b.words)) >= LEAST_NEAR * len(own) for a, b in pairs):
        return False
    same = [part for part in parts if len(own & part.words) >= _SAME * len(own)]
    return not same or any(part.denies == said.denies for part in same)


def _exact(text: str) -> frozenset[str]:
    """What must be there as it is: numbers, identifiers, and names that no sentence begins with."""
    marked = {_spelt(token) for token in _TOKEN.findall(text) if _MARKED.search(token)}
    names = {_spelt(name.rstrip(".-")) for name in _CAPITAL.findall(text)}
    return frozenset(name for name in marked | names if name not in _LINKS)


@lru_cache(maxsize=20_000)
def _read(text: str) -> _Read:
    tokens = [_spelt(token) for token in _TOKEN.findall(plain(text))]
    parts = [part for token in tokens for part in re.split(r"[.\-/']", token)]
    denies = any(part in _DENIES for part in parts) or "n't" in plain(text)
    words = frozenset(_stem(part) for part in (*tokens, *parts) if len(part) >= _SHORTEST and part not in _LINKS)
    words -= {"not", "cannot"}  # `denies` says so
    return _Read(words, frozenset((*tokens, *parts)), denies)


def _spelt(token: str) -> str:
    """One spelling: no case, no thousands separators."""
    token = plain(token)
    return token.replace(",", "") if re.fullmatch(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?", token) else token


def _stem(word: str) -> str:
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and not word[-2:-1].isdigit() else word


def repeated(texts: Iterable[str], least: float = 0.9) -> int:
    """How many texts say, in nearly the same words, what an earlier one says; numbers count."""
    seen: list[frozenset[str]] = []
    count = 0
    for text in texts:
        said = _read(text)
        words = said.words | {token for token in said.exact if any(character.isdigit() for character in token)}
        if any(len(words & other) >= least * len(words | other) for other in seen):
            count += 1
        else:
            seen.append(words)
    return count
