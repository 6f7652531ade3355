"""Vectors of a corpus's passages: cached on disk by content, computed behind the scenes.

Search works before they are ready; it uses them from the moment that every passage has one, because a ranking
that only some passages take part in would favour those.
"""

import hashlib
import os
import sqlite3
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from threading import Event, get_native_id

import numpy as np

from collegium.retrieval.corpus import OpenCorpus
from collegium.retrieval.embedding import Embedder
from collegium.retrieval.index import Floats

MOST_VECTORS = 20_000
"""A corpus with more different passages is searched by BM25 alone: vectors would take hours of CPU time."""

_BATCH = 32
_LOOKUP = 500
"""Keys in one query; SQLite allows at least 999."""
_BUSY_TIMEOUT_S = 30.0
_BACKGROUND_NICENESS = 15


class VectorCache:
    """Vectors by the hash of the embedded text; several processes may read and write at once."""

    def __init__(self, path: Path, model_id: str) -> None:
        self._path = path
        self._model_id = model_id
        with closing(self._connect()) as connection, connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS vectors (model TEXT, key TEXT, vector BLOB, "
                "PRIMARY KEY (model, key)) WITHOUT ROWID"
            )

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=_BUSY_TIMEOUT_S)

    def get(self, keys: Iterable[str]) -> dict[str, Floats]:
        """The vectors that are stored, by key."""
        wanted = list(keys)
        found: dict[str, Floats] = {}
        with closing(self._connect()) as connection:
            for start in range(0, len(wanted), _LOOKUP):
                part = wanted[start : start + _LOOKUP]
                marks = ",".join("?" * len(part))
                rows: Iterable[tuple[str, bytes]] = connection.execute(
                    f"SELECT key, vector FROM vectors WHERE model = ? AND key IN ({marks})",  # noqa: S608 - only marks
                    [self._model_id, *part],
                )
                for key, blob in rows:
                    found[key] = np.frombuffer(blob, dtype=np.float16).astype(np.float32)
        return found

    def put(self, vectors: Mapping[str, Floats]) -> None:
        """Store vectors; one that is stored already stays."""
        rows = [(self._model_id, key, vector.astype(np.float16).tobytes()) for key, vector in vectors.items()]
        with closing(self._connect()) as connection, connection:
            connection.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?, ?)", rows)


class CorpusVectors:
    """The vectors of one opened corpus. `build` runs in a thread; `similarities` may be called at any time."""

    def __init__(self, corpus: OpenCorpus, embedder: Embedder) -> None:
        self._corpus = corpus
        self._embedder = embedder
        self._matrix: Floats | None = None
        self._group_of = np.asarray(corpus.index.group_of)

    @property
    def ready(self) -> bool:
        """Whether every passage has its vector."""
        return self._matrix is not None

    def build(self, stop: Event) -> None:
        """Compute the vectors that are not cached, and load all; returns early when `stop` is set.

        Does nothing for a corpus of more than `MOST_VECTORS` different passages. Interrupted work is kept. Call
        it in a thread of its own: it lowers that thread's priority for good.
        """
        if self.ready or not 0 < len(self._corpus.index):
            return
        groups, first = np.unique(self._group_of, return_index=True)
        if len(groups) > MOST_VECTORS:
            return
        _yield_cpu()
        texts = [self._text(int(position)) for position in first]
        keys = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
        cache = VectorCache(self._corpus.vectors_path, self._embedder.model_id)
        if not self._fill(cache, keys, texts, stop):
            return
        stored = cache.get(keys)
        matrix = np.zeros((int(groups.max()) + 1, self._embedder.dimensions), dtype=np.float32)
        for group, key in zip(groups, keys, strict=True):
            matrix[int(group)] = stored[key]
        self._matrix = matrix

    def _fill(self, cache: VectorCache, keys: Sequence[str], texts: Sequence[str], stop: Event) -> bool:
        """Put every missing vector into the cache; false when stopped before the end.

        Each process begins elsewhere, so that several share the work instead of repeating it.
        """
        stored = cache.get(keys).keys()
        missing = [number for number, key in enumerate(keys) if key not in stored]
        turn = os.getpid() % max(1, len(missing))
        missing = missing[turn:] + missing[:turn]
        for start in range(0, len(missing), _BATCH):
            part = missing[start : start + _BATCH]
            there = cache.get(keys[number] for number in part)
            fresh: dict[str, Floats] = {}
            for number in part:
                if stop.is_set():
                    break
                if keys[number] not in there:
                    fresh[keys[number]] = self._embedder.embed(texts[number])
            cache.put(fresh)
            if stop.is_set():
                return False
        return True

    def similarities(self, question: str) -> Floats | None:
        """The cosine of each passage with the question, or None while vectors are not ready."""
        if self._matrix is None:
            return None
        cosines: Floats = self._matrix @ self._embedder.embed(question)
        return cosines[self._group_of]

    def _text(self, position: int) -> str:
        """What is embedded: the passage under its heading, or under its title where there is none."""
        passage = self._corpus.index.passage(position)
        return f"{passage.heading or self._corpus.documents[passage.document].title}. {passage.text}"


def _yield_cpu() -> None:
    """Let this thread's work wait for everything else (Linux has priorities per thread; elsewhere nothing)."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, get_native_id(), _BACKGROUND_NICENESS)
