"""The search index of one snapshot: BM25 over passages with their headings and titles, memory-mapped.

Files of an index directory: `passages.jsonl` (one passage a line), `offsets.npy` (where each line begins),
`documents.npy` (the document of each passage), `groups.npy` (equal texts have equal numbers) and bm25s's own.
"""

import hashlib
import json
import logging
import mmap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

import bm25s  # pyright: ignore[reportMissingTypeStubs] - it carries none; `_Bm25` gives it types
import numpy as np
import numpy.typing as npt

from collegium.language.tokens import content_stems
from collegium.retrieval.documents import Document, ParsedText
from collegium.retrieval.passages import passages

INDEX_FORMAT = 1
"""Rises when the files, the passages or the tokens change meaning; an older index is rebuilt when it is opened."""

# Fields are weighted by repetition (BM25F's term frequency before saturation; Robertson et al., CIKM 2004):
# the innermost heading counts three times, the title twice, outer headings once.
_HEADING_REPEATS = 2
_TITLE_REPEATS = 2
_K1, _B = 1.5, 0.75

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int32]


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
    """The part of `bm25s.BM25` that we use."""

    scores: dict[str, npt.NDArray[np.generic]]
    vocab_dict: dict[str, int]

    def index(self, _corpus: tuple[list[list[int]], dict[str, int]], /, *, show_progress: bool) -> None: ...
    def save(self, _directory: Path, /, *, show_progress: bool) -> None: ...
    def get_scores_from_ids(self, _ids: list[int], /) -> Floats: ...


@dataclass(slots=True)
class _Collected:
    """What building gathers before it is written."""

    token_ids: list[list[int]]
    vocabulary: dict[str, int]
    offsets: list[int]
    documents: list[int]
    groups: list[int]


def build_index(directory: Path, documents: Sequence[Document], read_text: Callable[[Document], ParsedText]) -> int:
    """Write an index over the documents into an existing empty directory; returns the number of passages."""
    collected = _Collected([], {}, [0], [], [])
    group_of: dict[str, int] = {}
    with (directory / "passages.jsonl").open("wb") as lines:
        for number, document in enumerate(documents):
            title = content_stems(document.title) * _TITLE_REPEATS
            for passage in passages(read_text(document)):
                sha256 = hashlib.sha256(passage.text.encode()).hexdigest()
                group = group_of.setdefault(sha256, len(group_of))
                record = [number, group, passage.heading, passage.start, passage.end, passage.text, sha256]
                line = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
                lines.write(line)
                collected.offsets.append(collected.offsets[-1] + len(line))
                collected.documents.append(number)
                collected.groups.append(group)
                tokens = [*title, *_heading_tokens(passage.heading), *content_stems(passage.text)]
                ids = collected.vocabulary
                collected.token_ids.append([ids.setdefault(token, len(ids)) for token in tokens])
    np.save(directory / "offsets.npy", np.array(collected.offsets, dtype=np.int64))
    np.save(directory / "documents.npy", np.array(collected.documents, dtype=np.int32))
    np.save(directory / "groups.npy", np.array(collected.groups, dtype=np.int32))
    if collected.vocabulary:
        logging.getLogger("bm25s").setLevel(logging.WARNING)  # its import sets DEBUG, whatever the process wants
        scorer = cast(_Bm25, bm25s.BM25(k1=_K1, b=_B, method="lucene"))
        show_progress = False
        scorer.index((collected.token_ids, collected.vocabulary), show_progress=show_progress)
        scorer.save(directory, show_progress=show_progress)
    return len(collected.documents)


def _heading_tokens(heading: str) -> list[str]:
    innermost = heading.rsplit(" > ", 1)[-1]
    return [*content_stems(heading), *content_stems(innermost) * _HEADING_REPEATS]


def _load(directory: Path) -> _Bm25:
    loaded: object = bm25s.BM25.load(directory, mmap=True, show_progress=False)  # pyright: ignore[reportUnknownMemberType] - untyped
    return cast(_Bm25, loaded)


class PassageIndex:
    """An index opened for reading; several processes may hold the same one, each mapping the same files."""

    def __init__(self, directory: Path) -> None:
        self._offsets: npt.NDArray[np.int64] = np.load(directory / "offsets.npy", mmap_mode="r")
        self.document_of: Integers = np.load(directory / "documents.npy", mmap_mode="r")
        """The position of each passage's document."""
        self.group_of: Integers = np.load(directory / "groups.npy", mmap_mode="r")
        """Equal for passages of equal text."""
        self._lines: mmap.mmap | None = None
        self._scorer: _Bm25 | None = None
        if len(self):
            with (directory / "passages.jsonl").open("rb") as file:
                self._lines = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            self._scorer = _load(directory)
            self._column_ends = self._scorer.scores["indptr"]
        self.vocabulary: dict[str, int] = self._scorer.vocab_dict if self._scorer else {}

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
        document, group, heading, start, end, text, sha256 = json.loads(line)
        return IndexedPassage(position, document, group, heading, start, end, text, sha256)

    def members(self, group: int) -> list[int]:
        """The positions of all passages with this text, in order."""
        return [int(position) for position in np.flatnonzero(self.group_of == group)]

    def frequency(self, token: str) -> int:
        """How many passages hold the token (in text, heading or title)."""
        column = self.vocabulary.get(token)
        if column is None or self._scorer is None:
            return 0
        return int(self._column_ends[column + 1]) - int(self._column_ends[column])

    def scores(self, tokens: Iterable[str]) -> Floats:
        """The BM25 score of every passage for these tokens; each counts once."""
        ids = [self.vocabulary[token] for token in dict.fromkeys(tokens) if token in self.vocabulary]
        if self._scorer is None or not ids:
            return np.zeros(len(self), dtype=np.float32)
        return self._scorer.get_scores_from_ids(ids)
