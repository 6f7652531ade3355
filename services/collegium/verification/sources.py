"""Cited passages: are they what was retrieved, and what do their sentences say?"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from collegium.language.plain import plain, trimmed
from collegium.language.sentences import Span, sentences
from collegium.language.terms import terms
from collegium.verification.comparing import Said
from collegium_schemas.evidence import Evidence, Passage


@dataclass(frozen=True, slots=True)
class Readable:
    """A passage's sentences, alone and in neighbouring pairs, ready to be compared.

    `verbatim` holds the plain forms of whole sentences, pairs and triples: a sentence that equals one of them needs
    no further comparison. Fragments are not among them, since half a sentence may say the opposite of the whole.
    """

    spans: tuple[Said, ...]
    keys: tuple[frozenset[str], ...]
    verbatim: frozenset[str]


@lru_cache(maxsize=1024)
def readable(text: str) -> Readable:
    """Take a passage's text apart, once."""
    found = sentences(text)
    spans = [span.of(text) for span in found]
    pairs = [Span(a.start, b.end).of(text) for a, b in pairwise(found)]
    triples = [Span(a.start, c.end).of(text) for a, _, c in zip(found, found[1:], found[2:], strict=False)]
    said = (*(said_of(span) for span in spans), *(said_of(span, sentences=2) for span in pairs))
    keys = tuple(frozenset(term.key for term in one.terms) for one in said)
    return Readable(said, keys, frozenset(plain(span) for span in (*spans, *pairs, *triples)))


def said_of(text: str, *, sentences: int = 1) -> Said:
    """A text ready to be compared, without list marker or leading connective."""
    bare = trimmed(text)
    return Said(bare, terms(bare), sentences)


def fault_of(passage: Passage, retrieved: Mapping[str, Passage]) -> str | None:
    """Why a cited passage cannot be relied on; None when it is exactly what a search returned.

    Its text must have the hash and the length that it claims, and the evidence must hold the same passage.
    """
    if hashlib.sha256(passage.text.encode()).hexdigest() != passage.sha256:
        return "the cited passage's text does not have the hash that it claims"
    if passage.end - passage.start != len(passage.text):
        return "the cited passage's span does not fit its text"
    known = retrieved.get(passage.passage_id)
    if known is None:
        return "the cited passage was not retrieved in this run"
    if known != passage:
        return "the cited passage differs from the one that was retrieved"
    return None


def retrieved_passages(evidence: Iterable[Evidence]) -> Mapping[str, Passage]:
    """Every passage that the run's searches returned, by id."""
    return {ranked.passage.passage_id: ranked.passage for found in evidence for ranked in found.passages}
