"""Titles as names: which documents a text names, and which passages name which documents.

A passage that answers half of a question often names the page that holds the rest. Whether it does is looked up
while the index is built; a search then follows these links from its best passages (`hops`).

A title is known by a hash of its words' token ids, so that a hundred thousand of them are one array on disk. Two
titles with the same hash would be linked as one, which costs a misplaced hint and no more.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from collegium.language.tokens import STOPWORDS, tokens

Integers = npt.NDArray[np.int32]
Hashes = npt.NDArray[np.uint64]

FEW_NAMING = 20
"""A document that more passages name says little about each of them."""

_QUALIFIER = re.compile(r"\s*\([^()]*\)\s*$")
_LONGEST_TITLE_WORDS = 12
_NAMESAKES = 10
"""Of one title; when more bear it (`Introduction`), it names none."""
_COMMON_SHARE = 0.02
"""Of all passages; a title that more of them hold is a word of the trade, not a name."""
_PRIME = np.uint64(1_099_511_628_211)
_BASIS = np.uint64(14_695_981_039_346_656_037)


def name_of(title: str) -> str:
    """The part of a title that texts use as a name: without `(film)`.

    Empty for a bare number, and for `The Office`, of which an index without stop words keeps a common word.
    """
    bare = _QUALIFIER.sub("", title)
    found = tokens(bare)
    telling = [token for token in found if token not in STOPWORDS]
    names = len(telling) >= min(2, len(found)) and any(char.isalpha() for token in telling for char in token)
    return bare if names else ""


@dataclass(frozen=True, slots=True)
class _Titles:
    """The titles of one length: their hashes in order, with the document and the first word of each."""

    words: int
    hashes: Hashes
    documents: Integers
    firsts: Integers


class TitleTable:
    """Titles by their token ids.

    Args:
        rows: one per title, in order of the first column: hash, number of words, document, first word.
    """

    def __init__(self, rows: Hashes) -> None:
        self.rows = rows
        lengths = np.unique(rows[:, 1])[::-1] if len(rows) else np.zeros(0, dtype=np.uint64)
        self._by_length = [_titles(rows[rows[:, 1] == length]) for length in lengths]

    @classmethod
    def of(cls, titles: Sequence[Sequence[int]]) -> "TitleTable":
        """The table of all documents' titles, given as token ids; one too long, too common or empty names nothing."""
        rows = [
            (int(_hashes(np.array([ids], dtype=np.int32))[0]), len(ids), document, ids[0])
            for document, ids in enumerate(titles)
            if 0 < len(ids) <= _LONGEST_TITLE_WORDS
        ]
        table = np.array(rows, dtype=np.uint64).reshape(-1, 4)
        _, inverse, counts = np.unique(table[:, 0], return_inverse=True, return_counts=True)
        table = table[counts[inverse] <= _NAMESAKES]
        return cls(table[np.lexsort((table[:, 2], table[:, 0]))])

    def named(self, words: Integers, ends: Integers) -> tuple[Integers, Integers]:
        """What texts name, the longer of two titles that begin in one place.

        Args:
            words: token ids of one text or of several in a row.
            ends: for each token, where its text ends: no name reaches beyond.

        Returns:
            Places in `words` and the documents named there, pairwise.
        """
        taken = np.zeros(len(words), dtype=np.bool_)
        places: list[Integers] = [np.zeros(0, dtype=np.int32)]
        documents: list[Integers] = [np.zeros(0, dtype=np.int32)]
        positions = np.arange(len(words), dtype=np.int32)
        for titles in self._by_length:
            begins = np.isin(words, titles.firsts) & (positions + titles.words <= ends) & ~taken
            starts = np.flatnonzero(begins)
            hashed = _hashes(words[starts[:, None] + np.arange(titles.words)])
            first = np.searchsorted(titles.hashes, hashed, "left")
            counts = np.searchsorted(titles.hashes, hashed, "right") - first
            for offset in range(titles.words):
                taken[starts[counts > 0] + offset] = True
            places.append(np.repeat(starts, counts).astype(np.int32))
            documents.append(titles.documents[_runs(first, counts)])
        return np.concatenate(places), np.concatenate(documents)

    def without(self, documents: Integers) -> "TitleTable":
        """The table without the titles of these documents."""
        return TitleTable(self.rows[~np.isin(self.rows[:, 2], documents.astype(np.uint64))])


def _titles(rows: Hashes) -> _Titles:
    return _Titles(
        int(rows[0, 1]), rows[:, 0].copy(), rows[:, 2].astype(np.int32), np.unique(rows[:, 3]).astype(np.int32)
    )


def _hashes(rows: Integers) -> Hashes:
    """FNV-1a over the token ids of each row."""
    found = np.full(len(rows), _BASIS, dtype=np.uint64)
    for column in rows.T:
        found = (found ^ column.astype(np.uint64)) * _PRIME
    return found


def _runs(first: npt.NDArray[np.intp], counts: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """The indices first[0], first[0] + 1, ... (counts[0] of them), first[1], ... in a row."""
    shifts = np.repeat(first - np.concatenate(([0], np.cumsum(counts)[:-1])), counts) if len(counts) else first
    return np.arange(len(shifts)) + shifts


def linked(
    table: TitleTable, words: Integers, ends: Integers, document_of: Integers, versions: Sequence[str | None]
) -> tuple[Integers, TitleTable]:
    """Which passages name which documents.

    A passage does not name its own document, nor one of the same title or of another version than its own.

    Args:
        table: all titles.
        words: the token ids of all passages in a row.
        ends: where each passage's tokens end.
        document_of: the document of each passage.
        versions: the version of each document, if it has one.

    Returns:
        Pairs of passage and document in order, and the table without titles that are too common to be names.
    """
    lengths = np.diff(ends, prepend=0)
    places, documents = table.named(words, np.repeat(ends, lengths).astype(np.int32))
    passages = np.searchsorted(ends, places, "right")
    found = np.unique(np.stack((passages, documents), axis=1).astype(np.int32), axis=0)
    naming = np.bincount(found[:, 1], minlength=len(versions))
    common = np.flatnonzero(naming > max(FEW_NAMING, _COMMON_SHARE * len(ends))).astype(np.int32)
    titles = np.arange(len(versions), dtype=np.uint64)  # documents without a title have none in common
    titles[table.rows[:, 2].astype(np.int64)] = table.rows[:, 0]
    known = {version: number for number, version in enumerate(dict.fromkeys(v for v in versions if v), 1)}
    version_of = np.array([known.get(version or "", 0) for version in versions], dtype=np.int32)
    own = document_of[found[:, 0]]
    other = (version_of[own] != 0) & (version_of[found[:, 1]] != 0) & (version_of[own] != version_of[found[:, 1]])
    kept = (titles[own] != titles[found[:, 1]]) & ~other & ~np.isin(found[:, 1], common)
    return found[kept], table.without(common)
