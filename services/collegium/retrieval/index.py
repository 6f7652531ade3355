"""The search index of one snapshot: BM25 over passages with their headings and titles, memory-mapped.

Files of an index directory (`building` writes them): `passages.jsonl` (one passage a line), `offsets.npy` (where each
line begins), `documents.npy` (the document of each passage), `groups.npy` (equal texts have equal numbers),
`titles.npy`, `links.npy` and `named.npy` (see `titles`), bm25s's own, and what the next build takes over:
`tokens.npy`, `text_ends.npy`, `ends.npy` and `hashes.npy`.
"""

import json
import mmap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

import bm25s  # pyright: ignore[reportMissingTypeStubs] - it carries none; `_Bm25` gives it types
import numpy as np
import numpy.typing as npt

from collegium.language.tokens import content_stems
from collegium.retrieval.titles import Integers, TitleTable

Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class IndexedPassage:
    """A passage as the index stores it; `document` is the position in the snapshot's documents."""

    position: int
    document: int
    group: int
    heading: str
    start: int
    end: int
    text: str
    sha256: str


class _Bm25(Protocol):
    """The part of `bm25s.BM25` that we use: its scores as a matrix, a column for each token."""

    scores: dict[str, npt.NDArray[np.generic]]
    vocab_dict: dict[str, int]


def _load(directory: Path) -> _Bm25:
    loaded: object = bm25s.BM25.load(directory, mmap=True, show_progress=False)  # pyright: ignore[reportUnknownMemberType] - untyped
    return cast(_Bm25, loaded)


class PassageIndex:
    """An index opened for reading; several processes may hold the same one, each mapping the same files."""

    def __init__(self, directory: Path) -> None:
        self._offsets: npt.NDArray[np.int64] = np.load(directory / "offsets.npy", mmap_mode="r")
        self.document_of: Integers = np.load(directory / "documents.npy", mmap_mode="r")
        """The position of each passage's document; passages of a document stand together."""
        self.group_of: Integers = np.load(directory / "groups.npy", mmap_mode="r")
        """Equal for passages of equal text."""
        self._titles = TitleTable(np.load(directory / "titles.npy", mmap_mode="r"))
        self._links: Integers = np.load(directory / "links.npy", mmap_mode="r")
        self._named: Integers = np.load(directory / "named.npy", mmap_mode="r")
        self._lines: mmap.mmap | None = None
        self.vocabulary: dict[str, int] = {}
        if len(self):
            with (directory / "passages.jsonl").open("rb") as file:
                self._lines = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            scorer = _load(directory)
            self.vocabulary = scorer.vocab_dict
            self._column_ends = cast(Integers, scorer.scores["indptr"])
            self._column_rows = cast(Integers, scorer.scores["indices"])
            self._column_scores = cast(Floats, scorer.scores["data"])

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def passage(self, position: int) -> IndexedPassage:
        """One passage by its position.

        Raises:
            IndexError: when there is none at this position.
        """
        if self._lines is None or not 0 <= position < len(self):
            raise IndexError(position)
        line = self._lines[int(self._offsets[position]) : int(self._offsets[position + 1])]
        heading, start, end, text, sha256 = json.loads(line)
        document, group = int(self.document_of[position]), int(self.group_of[position])
        return IndexedPassage(position, document, group, heading, start, end, text, sha256)

    def members(self, group: int) -> list[int]:
        """The positions of all passages with this text, in order."""
        return [int(position) for position in np.flatnonzero(self.group_of == group)]

    def passages_of(self, document: int) -> range:
        """The positions of a document's passages."""
        first, last = np.searchsorted(self.document_of, (document, document + 1))
        return range(int(first), int(last))

    def documents_named(self, text: str) -> list[int]:
        """The documents whose titles a text holds, without titles that are too common to be names."""
        ids = np.array([self.vocabulary.get(stem, -1) for stem in content_stems(text)], dtype=np.int32)
        _, documents = self._titles.named(ids, np.full(len(ids), len(ids), dtype=np.int32))
        return [int(document) for document in np.unique(documents)]

    def documents_named_in(self, position: int) -> list[int]:
        """The documents whose titles a passage holds."""
        first, last = np.searchsorted(self._links[:, 0], (position, position + 1))
        return [int(document) for document in self._links[first:last, 1]]

    def passages_naming(self, document: int) -> list[int]:
        """The passages that hold a document's title."""
        first, last = np.searchsorted(self._named[:, 1], (document, document + 1))
        return [int(position) for position in self._named[first:last, 0]]

    def frequency(self, token: str) -> int:
        """How many passages hold the token (in text, heading or title)."""
        column = self._column(token)
        return column.stop - column.start

    def holding(self, token: str, positions: Integers) -> Flags:
        """Which of these passages hold the token."""
        column = self._column(token)
        if column.start == column.stop:
            return np.zeros(len(positions), dtype=np.bool_)
        rows = self._column_rows[column]
        places = np.minimum(np.searchsorted(rows, positions), len(rows) - 1)
        return rows[places] == positions

    def scores(self, tokens: Iterable[str]) -> Floats:
        """The BM25 score of every passage for these tokens; each counts once."""
        total = np.zeros(len(self), dtype=np.float32)
        for token in dict.fromkeys(tokens):
            column = self._column(token)
            total[self._column_rows[column]] += self._column_scores[column]  # a passage is in a column once
        return total

    def _column(self, token: str) -> slice:
        """Where the passages of a token stand in the matrix, in order; empty for a token that no passage holds."""
        column = self.vocabulary.get(token)
        if column is None:
            return slice(0, 0)
        return slice(int(self._column_ends[column]), int(self._column_ends[column + 1]))
