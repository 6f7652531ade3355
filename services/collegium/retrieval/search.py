"""Search over an opened corpus: ranked passages with a measure of how much of the question each covers."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

import numpy as np

from collegium.language.tokens import content_stems
from collegium.language.versions import same_version, version_key
from collegium.retrieval.confidence import Signals, confidence_of, signals_of
from collegium.retrieval.corpus import OpenCorpus
from collegium.retrieval.coverage import Coverage
from collegium.retrieval.documents import Document
from collegium.retrieval.hops import with_hops
from collegium.retrieval.index import Floats, IndexedPassage
from collegium.retrieval.query import Query, Term, read_query
from collegium.retrieval.vectors import CorpusVectors

_CANDIDATES = 100
_TIMELY = 1.15
"""What a document's score is multiplied with when the question names the year of its date."""
_NOTES = re.compile(r"\b(?:upgrad\w+|notable changes|release notes|change ?log|what['’]s new)\b", re.IGNORECASE)
"""Headings under which a page says what changed."""
_SETTING = re.compile(r"\w[._]\w|^--\w")
"""Words that are spelt like a setting or an option."""
_MOST_NOTES = 2
_SUPPORTING_SHARE = 0.6
"""A question that is answered at all is also supported by passages that hold this share of the least coverage."""


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


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A text that a ranking found, by the position of the passage that it was found by."""

    position: int
    group: int
    versions: tuple[str, ...]
    score: float
    coverage: float


Mode = Literal["bm25", "bm25+vectors"]


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found, and by which means."""

    hits: tuple[Hit, ...]
    mode: Mode
    signals: Signals | None = None
    """What speaks for the hits; None without any."""

    @property
    def confidence(self) -> float:
        """The chance that what answers the question is among the first ten documents; 0 without hits."""
        return 0.0 if self.signals is None else confidence_of(self.signals)


class Searcher:
    """Searches one snapshot; it holds no state of a search, so threads may share it."""

    def __init__(self, corpus: OpenCorpus, vectors: CorpusVectors | None = None) -> None:
        self._corpus = corpus
        self._vectors = vectors
        self._index = corpus.index
        self._about = frozenset(content_stems(corpus.name))
        self._dates = frozenset(d.date[:4] for d in corpus.documents if d.date)
        self._versions = tuple(dict.fromkeys(d.version for d in corpus.documents if d.version))

    def search(self, question: str, limit: int, *, min_coverage: float = 0.0) -> SearchResult:
        """The best passages for a question, best first, each text once.

        A question that names versions which the corpus has documents of gets passages of those versions (and of
        documents without one); with several versions, each in turn. Only when there are none, of any version.

        Where any version counts, a question that names a setting gets notes on what changed of it in place of the last
        ones: a default that a release changed is told by both.

        Args:
            question: in plain words.
            limit: the most hits to return.
            min_coverage: when no passage holds this share of the question's information, there is no hit: the
                corpus does not answer the question. Else passages with somewhat less of it count too, and passages
                linked with a better one that hold what it lacks.
        """
        query = read_query(question, self._versions)
        if not query.terms or not len(self._index):
            return SearchResult((), "bm25")
        bm25 = self._index.scores(query.tokens)
        similarities = self._vectors.similarities(question) if self._vectors else None
        scores = _fused(bm25, similarities) * self._timely(query.years)
        rankings = [self._ranked(query, scores, (version,), min_coverage) for version in query.versions]
        found = _interleaved(rankings, limit)
        if not found:
            found = self._with_notes(query, self._ranked(query, scores, (), min_coverage), limit)
        hits = tuple(Hit(self._sources(one), one.score, one.coverage) for one in found)
        signals = signals_of(max(hit.coverage for hit in hits), bm25, similarities) if hits else None
        return SearchResult(hits, "bm25" if similarities is None else "bm25+vectors", signals)

    def _ranked(self, query: Query, scores: Floats, versions: tuple[str, ...], min_coverage: float) -> list[_Candidate]:
        """Passages of documents of the versions, best first, each text once; none when the best covers too little."""
        hops = with_hops(self._index, query.text, scores, self._eligible(versions))
        groups: dict[int, int] = {}
        for position in _best(hops.scores, _CANDIDATES):
            groups.setdefault(int(self._index.group_of[position]), position)
        weights = self._weights(query.terms)
        coverage = Coverage(self._index, self._corpus.documents, weights, list(groups.values()))
        if coverage.best < min_coverage:
            return []
        least = _SUPPORTING_SHARE * min_coverage
        return [
            _Candidate(position, group, versions, float(hops.scores[position]), coverage.of(position))
            for group, position in groups.items()
            if coverage.of(position) >= least or coverage.adds(position, hops.origin.get(position), least)
        ]

    def _with_notes(self, query: Query, ranked: Sequence[_Candidate], limit: int) -> tuple[_Candidate, ...]:
        """The first ones; what release notes say of a setting that is asked about takes the last places."""
        found, left = ranked[:limit], ranked[limit:]
        named = [term.token for term in query.terms if _SETTING.search(term.token) is not None]
        if not left or not named:
            return tuple(found)
        places = np.array([one.position for one in ranked], dtype=np.int32)
        held = np.any([self._index.holding(token, places) for token in named], axis=0)
        notes = [one for one, holds in zip(ranked, held, strict=True) if holds and self._is_note(one.position)]
        first = notes[: min(_MOST_NOTES, limit // 2)]
        added = [one for one in first if one in left]
        return (*found[: limit - len(added)], *added)

    def _is_note(self, position: int) -> bool:
        return _NOTES.search(self._index.passage(position).heading) is not None

    def _eligible(self, versions: tuple[str, ...]) -> Floats:
        if not versions:
            return np.ones(len(self._index), dtype=np.float32)
        fits = np.array(
            [
                document.version is None or any(same_version(document.version, v) for v in versions)
                for document in self._corpus.documents
            ],
            dtype=np.float32,
        )
        return fits[self._index.document_of]

    def _timely(self, years: frozenset[str]) -> Floats | float:
        """More for documents of a year that the question names."""
        if self._dates.isdisjoint(years):
            return 1.0
        fits = [_TIMELY if document.date and document.date[:4] in years else 1.0 for document in self._corpus.documents]
        return np.array(fits, dtype=np.float32)[self._index.document_of]

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

    def _sources(self, candidate: _Candidate) -> tuple[FoundPassage, ...]:
        members = [self._index.passage(position) for position in self._index.members(candidate.group)]
        found = [FoundPassage(member, self._corpus.documents[member.document]) for member in members]

        def order(source: FoundPassage) -> tuple[bool, tuple[int, ...], int, str]:
            version = source.document.version
            fits = bool(version) and any(same_version(str(version), v) for v in candidate.versions)
            newest = tuple(-part for part in version_key(version))
            dated = int((source.document.date or "").replace("-", "").ljust(8, "0"))
            return (not fits, newest or (1,), -dated, source.document.document_id)

        return tuple(sorted(found, key=order))


def _fused(scores: Floats, similarities: Floats | None) -> Floats:
    """BM25 and cosine, each scaled by its best, averaged: unlike ranks, scores keep a clear winner's lead."""
    best = float(scores.max(initial=0.0))
    fused = scores / best if best > 0 else scores
    closest = float(similarities.max(initial=0.0)) if similarities is not None else 0.0
    if similarities is not None and closest > 0:
        fused = (fused + np.maximum(similarities, 0) / closest) / 2
    return fused.astype(np.float32)


def _best(scores: Floats, count: int) -> list[int]:
    """The positions of the highest positive scores, highest first, ties in order of position."""
    positive = np.flatnonzero(scores > 0)
    if len(positive) > count:
        part = np.argpartition(-scores[positive], count - 1)[:count]
        positive = np.sort(positive[part])
    ordered = positive[np.argsort(-scores[positive], kind="stable")]
    return [int(position) for position in ordered]


def _interleaved(rankings: Sequence[list[_Candidate]], limit: int) -> tuple[_Candidate, ...]:
    """The rankings' candidates in turn, each text once."""
    taken: dict[int, _Candidate] = {}
    for row in zip_longest(*rankings):
        for candidate in row:
            if candidate is not None and len(taken) < limit:
                taken.setdefault(candidate.group, candidate)
        if len(taken) >= limit:
            break
    return tuple(taken.values())
