"""Search over an opened corpus: ranked passages with a measure of how much of the question each covers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

import numpy as np

from collegium.language.tokens import content_stems
from collegium.retrieval.corpus import OpenCorpus
from collegium.retrieval.documents import Document
from collegium.retrieval.index import Floats, IndexedPassage
from collegium.retrieval.parsing.metadata import same_version
from collegium.retrieval.query import Query, Term, read_query
from collegium.retrieval.vectors import CorpusVectors

_CANDIDATES = 100
_SUPPORTING_SHARE = 0.6
"""A question that is answered at all is also supported by passages that hold this share of the least coverage."""
_SIMILARITY_WEIGHT = 0.5
"""Of the cosine against BM25, each scaled to its best; 0.4 to 0.6 was best on HotpotQA (benchmarks/retrieval.py)."""
_PART_OF_IDENTIFIER = 0.8
"""How much an identifier's parts count without the identifier itself."""


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A passage with its document."""

    passage: IndexedPassage
    document: Document


@dataclass(frozen=True, slots=True)
class Hit:
    """One text that was found.

    Attributes:
        sources: where the text stands, the best for the question first; more than one when several documents
            (often versions of one) say exactly the same.
        score: higher is better; comparable within one search only.
        coverage: the share, by information, of the question's words that the passage holds, from 0 to 1.
    """

    sources: tuple[FoundPassage, ...]
    score: float
    coverage: float


Mode = Literal["bm25", "bm25+vectors"]


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found, and by which means."""

    hits: tuple[Hit, ...]
    mode: Mode


class Searcher:
    """Searches one snapshot; it holds no state of a search, so threads may share it."""

    def __init__(self, corpus: OpenCorpus, vectors: CorpusVectors | None = None) -> None:
        self._corpus = corpus
        self._vectors = vectors
        self._index = corpus.index
        self._about = frozenset(content_stems(corpus.name))
        self._versions = tuple(dict.fromkeys(d.version for d in corpus.documents if d.version))

    def search(self, question: str, limit: int, *, min_coverage: float = 0.0) -> SearchResult:
        """The best passages for a question, best first, each text once.

        A question that names versions which the corpus has documents of gets passages of those versions (and of
        documents without one); with several versions, each in turn. Only when there are none, of any version.

        Args:
            question: in plain words.
            limit: the most hits to return.
            min_coverage: when no passage holds this share of the question's information, there is no hit: the
                corpus does not answer the question. Else passages with somewhat less of it count too.
        """
        query = read_query(question, self._versions)
        if not query.terms or not len(self._index):
            return SearchResult((), "bm25")
        scores = self._index.scores(query.tokens)
        similarities = self._vectors.similarities(question) if self._vectors else None
        if similarities is not None:
            scores = _fused(scores, similarities)
        rankings = [self._ranked(query, scores, (version,), min_coverage) for version in query.versions]
        hits = _interleaved(rankings, limit)
        if not hits:
            hits = _interleaved([self._ranked(query, scores, (), min_coverage)], limit)
        return SearchResult(hits, "bm25" if similarities is None else "bm25+vectors")

    def _ranked(self, query: Query, scores: Floats, versions: tuple[str, ...], min_coverage: float) -> list[Hit]:
        """Hits among documents of the versions, best first; none when the best covers too little."""
        weights = self._weights(query.terms)
        if versions:
            scores = scores * self._eligible(versions)
        found: list[tuple[int, IndexedPassage, float]] = []
        seen: set[int] = set()
        for position in _best(scores, _CANDIDATES):
            passage = self._index.passage(position)
            if passage.group not in seen:
                seen.add(passage.group)
                found.append((position, passage, self._coverage(weights, passage)))
        if max((coverage for _, _, coverage in found), default=0.0) < min_coverage:
            return []
        return [
            Hit(self._sources(passage, versions), float(scores[position]), coverage)
            for position, passage, coverage in found
            if coverage >= _SUPPORTING_SHARE * min_coverage
        ]

    def _eligible(self, versions: tuple[str, ...]) -> Floats:
        fits = np.array(
            [
                document.version is None or any(same_version(document.version, v) for v in versions)
                for document in self._corpus.documents
            ],
            dtype=np.float32,
        )
        return fits[self._index.document_of]

    def _weights(self, terms: Sequence[Term]) -> list[tuple[Term, float]]:
        """Each term with its information: its inverse document frequency, an unknown word's being the highest.

        What the corpus is named after, its pages need not say: it is left out, unless nothing else is asked.
        """
        telling = [term for term in terms if term.token not in self._about] or terms
        return [(term, term.weight * self._information(term)) for term in telling]

    def _information(self, term: Term) -> float:
        found = self._index.frequency(term.token)
        if not found and term.parts:
            found = min(self._index.frequency(part) for part in term.parts)
        total = len(self._index)
        return math.log(1 + (total - found + 0.5) / (found + 0.5))

    def _coverage(self, weights: list[tuple[Term, float]], passage: IndexedPassage) -> float:
        document = self._corpus.documents[passage.document]
        path = document.document_id.rpartition(".")[0]
        held = set(content_stems(f"{path}\n{document.title}\n{passage.heading}\n{passage.text}"))
        total = sum(weight for _, weight in weights)
        covered = sum(weight * _held(term, held) for term, weight in weights)
        return min(1.0, covered / total) if total > 0 else 0.0

    def _sources(self, passage: IndexedPassage, versions: tuple[str, ...]) -> tuple[FoundPassage, ...]:
        members = [self._index.passage(position) for position in self._index.members(passage.group)]
        found = [FoundPassage(member, self._corpus.documents[member.document]) for member in members]

        def order(source: FoundPassage) -> tuple[bool, tuple[int, ...], str]:
            version = source.document.version
            fits = bool(version) and any(same_version(str(version), v) for v in versions)
            newest = tuple(-int(part) for part in (version or "").split(".") if part.isdigit())
            return (not fits, newest or (1,), source.document.document_id)

        return tuple(sorted(found, key=order))


def _fused(scores: Floats, similarities: Floats) -> Floats:
    """BM25 and cosine, each scaled by its best, added: unlike ranks, scores keep a clear winner's lead."""
    best, closest = float(scores.max(initial=0.0)), float(similarities.max(initial=0.0))
    fused = scores / best if best > 0 else scores
    if closest > 0:
        fused = fused + np.float32(_SIMILARITY_WEIGHT / closest) * np.maximum(similarities, 0)
    return fused.astype(np.float32)


def _held(term: Term, held: set[str]) -> float:
    if term.token in held:
        return 1.0
    if not term.parts:
        return 0.0
    return _PART_OF_IDENTIFIER * sum(part in held for part in term.parts) / len(term.parts)


def _best(scores: Floats, count: int) -> list[int]:
    """The positions of the highest positive scores, highest first, ties in order of position."""
    positive = np.flatnonzero(scores > 0)
    if len(positive) > count:
        part = np.argpartition(-scores[positive], count - 1)[:count]
        positive = np.sort(positive[part])
    ordered = positive[np.argsort(-scores[positive], kind="stable")]
    return [int(position) for position in ordered]


def _interleaved(rankings: Sequence[list[Hit]], limit: int) -> tuple[Hit, ...]:
    """The rankings' hits in turn, each text once."""
    taken: dict[int, Hit] = {}
    for row in zip_longest(*rankings):
        for hit in row:
            if hit is not None and len(taken) < limit:
                taken.setdefault(hit.sources[0].passage.group, hit)
        if len(taken) >= limit:
            break
    return tuple(taken.values())
