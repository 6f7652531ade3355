"""Builds the search index of a snapshot, taking over from the previous one what has not changed.

Fields are weighted by repetition (BM25F's term frequency before saturation; Robertson et al., CIKM 2004): the
innermost heading counts three times, the title twice, outer headings once.
"""

import hashlib
import json
import logging
import mmap
from array import array
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final, Protocol, cast

import bm25s  # pyright: ignore[reportMissingTypeStubs] - it carries none; `_Bm25` gives it types
import numpy as np

from collegium.language.tokens import word_stems, words
from collegium.retrieval.documents import Document, ParsedText
from collegium.retrieval.passages import passages
from collegium.retrieval.titles import Integers, TitleTable, linked, name_of

INDEX_FORMAT: Final = 2
"""Rises when the files, the passages or the tokens change meaning; an older index is rebuilt when it is opened."""

_HEADING_REPEATS: Final = 2
_TITLE_REPEATS: Final = 2
_K1, _B = 1.5, 0.75
_MOST_KNOWN_WORDS: Final = 1 << 20
_STALE_FACTOR: Final = 2
"""A vocabulary with this many times the words of its texts is started anew instead of being taken over."""


class _Bm25(Protocol):
    """The part of `bm25s.BM25` that building uses."""

    def index(self, _corpus: tuple[list[list[int]], dict[str, int]], /, *, show_progress: bool) -> None: ...
    def save(self, _directory: Path, /, *, show_progress: bool) -> None: ...


class _Vocabulary(dict[str, tuple[int, ...]]):
    """The token ids of each word as written, worked out once; `ids` gives each token its number."""

    def __init__(self, ids: dict[str, int]) -> None:
        super().__init__()
        self.ids = ids

    def __missing__(self, word: str) -> tuple[int, ...]:
        if len(self) >= _MOST_KNOWN_WORDS:
            self.clear()
        found = self[word] = tuple(self.ids.setdefault(stem, len(self.ids)) for stem in word_stems(word))
        return found

    def of(self, text: str) -> list[int]:
        """The token ids of a text: those of its `content_stems`."""
        return list(chain.from_iterable(map(self.__getitem__, words(text))))


@dataclass(slots=True)
class _Collected:
    """What is gathered of all passages before it is written; positions are those of passages."""

    tokens: "array[int]" = field(default_factory=lambda: array("i"))
    """Of each passage in turn: those of its text, then those of its headings."""
    text_ends: "array[int]" = field(default_factory=lambda: array("q"))
    ends: "array[int]" = field(default_factory=lambda: array("q"))
    offsets: "array[int]" = field(default_factory=lambda: array("q", [0]))
    hashes: "array[int]" = field(default_factory=lambda: array("Q"))
    documents: "array[int]" = field(default_factory=lambda: array("i"))

    def add(self, document: int, line_bytes: int, digest: int, text: Iterable[int], headings: Iterable[int]) -> None:
        """Append one passage."""
        self.offsets.append(self.offsets[-1] + line_bytes)
        self.hashes.append(digest)
        self.documents.append(document)
        self.tokens.extend(text)
        self.text_ends.append(len(self.tokens))
        self.tokens.extend(headings)
        self.ends.append(len(self.tokens))


@dataclass(frozen=True, slots=True)
class Previous:
    """The snapshot before: its index directory, which has the same format, and its documents in order."""

    directory: Path
    documents: tuple[Document, ...]


class _Old:
    """The previous index, as far as it is taken over: the passages of texts that are still the same."""

    def __init__(self, previous: Previous, lines: mmap.mmap) -> None:
        directory = previous.directory
        self.vocabulary: dict[str, int] = json.loads((directory / "vocab.index.json").read_bytes())
        self._lines = lines
        self._tokens: Integers = np.load(directory / "tokens.npy", mmap_mode="r")
        self.stale = len(self.vocabulary) > _STALE_FACTOR * np.count_nonzero(np.bincount(self._tokens))
        self._text_ends = _numbers(directory / "text_ends.npy")
        self._ends = [0, *_numbers(directory / "ends.npy")]
        self._offsets = _numbers(directory / "offsets.npy")
        self._hashes = _numbers(directory / "hashes.npy")
        sizes = (len(self._offsets) - 1, len(self._text_ends), len(self._hashes), len(self._ends) - 1)
        whole = (len(lines), len(self._tokens)) == (self._offsets[-1], self._ends[-1])
        if len(set(sizes)) > 1 or not whole or int(self._tokens.max(initial=-1)) >= len(self.vocabulary):
            raise ValueError("its files do not fit each other")
        document_of: Integers = np.load(directory / "documents.npy")
        bounds = np.searchsorted(document_of, np.arange(len(previous.documents) + 1)).tolist()
        keys = [document.text_key for document in previous.documents]
        self._passages = {key: range(bounds[number], bounds[number + 1]) for number, key in enumerate(keys)}

    def holds(self, document: Document) -> bool:
        """Whether the passages of the document's text are there."""
        return document.text_key in self._passages

    def copy(self, document: Document, number: int, collected: _Collected, lines: BinaryIO) -> None:
        """Append the passages of a document as they are."""
        for position in self._passages[document.text_key]:
            line = self._lines[self._offsets[position] : self._offsets[position + 1]]
            lines.write(line)
            begin, middle, end = self._ends[position], self._text_ends[position], self._ends[position + 1]
            found = array("i", self._tokens[begin:end].tobytes())
            parts = found[: middle - begin], found[middle - begin :]
            collected.add(number, len(line), self._hashes[position], *parts)


def _numbers(path: Path) -> list[int]:
    return np.load(path).tolist()


@contextmanager
def _opened(previous: Previous | None) -> Generator[_Old | None]:
    """The previous index, or None where there is none that can be used."""
    path = previous.directory / "passages.jsonl" if previous else None
    if previous is None or path is None or not path.is_file() or not path.stat().st_size:
        yield None
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as lines:
        try:
            old = _Old(previous, lines)
        except (OSError, ValueError, EOFError) as error:
            logging.getLogger(__name__).warning("the previous index is not taken over: %s", error)
            old = None
        yield None if old is None or old.stale else old


def build_index(
    directory: Path,
    documents: Sequence[Document],
    read_text: Callable[[Document], ParsedText],
    previous: Previous | None = None,
) -> int:
    """Write an index over the documents into an existing empty directory; returns the number of passages.

    Args:
        directory: where.
        documents: all of the snapshot, in order.
        read_text: gives a document's text.
        previous: texts that it has too are taken over as they were cut and tokenised then.
    """
    collected = _Collected()
    with (directory / "passages.jsonl").open("wb") as lines, _opened(previous) as old:
        vocabulary = _Vocabulary(old.vocabulary if old else {})
        for number, document in enumerate(documents):
            if old and old.holds(document):
                old.copy(document, number, collected, lines)
            else:
                _collect(read_text(document), number, vocabulary, collected, lines)
    titles = [vocabulary.of(document.title) for document in documents]
    names = [vocabulary.of(name_of(document.title)) for document in documents]
    _write(directory, collected)
    _write_links(directory, collected, names, [document.version for document in documents])
    _write_bm25(directory, collected, titles, vocabulary.ids)
    return len(collected.documents)


def _collect(parsed: ParsedText, number: int, vocabulary: _Vocabulary, collected: _Collected, lines: BinaryIO) -> None:
    """Cut a text into passages and append them."""
    for passage in passages(parsed):
        digest = hashlib.sha256(passage.text.encode())
        record = [passage.heading, passage.start, passage.end, passage.text, digest.hexdigest()]
        line = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        lines.write(line)
        innermost = passage.heading.rsplit(" > ", 1)[-1]
        headings = vocabulary.of(passage.heading) + vocabulary.of(innermost) * _HEADING_REPEATS
        short = int.from_bytes(digest.digest()[:8], "big")
        collected.add(number, len(line), short, vocabulary.of(passage.text), headings)


def _write(directory: Path, collected: _Collected) -> None:
    """Write what the passages are, and number their texts: equal ones alike."""
    for name in ("tokens", "text_ends", "ends", "offsets", "hashes", "documents"):
        np.save(directory / f"{name}.npy", np.array(getattr(collected, name)))
    group_of: dict[int, int] = {}
    groups = [group_of.setdefault(digest, len(group_of)) for digest in collected.hashes]
    np.save(directory / "groups.npy", np.array(groups, dtype=np.int32))


def _write_links(
    directory: Path, collected: _Collected, names: Sequence[Sequence[int]], versions: Sequence[str | None]
) -> None:
    """Write which passages name which documents, once by passage and once by document."""
    tokens, ends = np.array(collected.tokens, dtype=np.int32), np.array(collected.ends)
    text_ends = np.array(collected.text_ends)
    starts = np.concatenate(([0], ends[:-1])) if len(ends) else ends
    in_text = np.arange(len(tokens)) < np.repeat(text_ends, ends - starts)
    lengths = text_ends - starts
    document_of = np.array(collected.documents, dtype=np.int32)
    links, table = linked(TitleTable.of(names), tokens[in_text], np.cumsum(lengths), document_of, versions)
    np.save(directory / "links.npy", links)
    np.save(directory / "named.npy", links[np.lexsort((links[:, 0], links[:, 1]))])
    np.save(directory / "titles.npy", table.rows)


def _write_bm25(
    directory: Path, collected: _Collected, titles: Sequence[list[int]], vocabulary: dict[str, int]
) -> None:
    """Score every token of every passage."""
    if not len(collected.documents):
        return
    lists = list(_token_lists(collected, titles))
    if not any(lists):  # nothing but marks: bm25s divides by the mean length
        lists = [[vocabulary.setdefault("", 0)] for _ in lists]
    logging.getLogger("bm25s").setLevel(logging.WARNING)  # its import sets DEBUG, whatever the process wants
    scorer = cast(_Bm25, bm25s.BM25(k1=_K1, b=_B, method="lucene"))
    show_progress = False
    scorer.index((lists, vocabulary), show_progress=show_progress)
    scorer.save(directory, show_progress=show_progress)


def _token_lists(collected: _Collected, titles: Sequence[list[int]]) -> Iterator[list[int]]:
    """What BM25 counts of each passage. Equal numbers are one object: a list then costs 8 bytes a token, not 40."""
    numbers: list[int] = list(range(max(collected.tokens, default=0) + 1))
    start = 0
    for document, end in zip(collected.documents, collected.ends, strict=True):
        yield [numbers[token] for token in collected.tokens[start:end]] + titles[document] * _TITLE_REPEATS
        start = end
