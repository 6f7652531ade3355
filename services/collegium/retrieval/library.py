"""The corpora that a process has open: reopened when they change, with vectors built behind them."""

import logging
import sqlite3
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock

from collegium.retrieval.corpus import Corpus, OpenCorpus
from collegium.retrieval.embedding import Embedder
from collegium.retrieval.errors import RetrievalError
from collegium.retrieval.search import Searcher
from collegium.retrieval.vectors import CorpusVectors

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shelf:
    """An open corpus with its searcher."""

    corpus: OpenCorpus
    searcher: Searcher
    vectors: CorpusVectors | None


class Library:
    """Opens corpora by name and keeps the last few open; threads may share it.

    With an embedder, the vectors of an opened corpus are computed in one background thread of low priority.
    `close` ends that thread; what it has computed is kept on disk.
    """

    def __init__(
        self, data_dir: Path, *, load_embedder: Callable[[], Embedder] | None = None, capacity: int = 4
    ) -> None:
        self._data_dir = data_dir
        self._capacity = capacity
        self._shelves: OrderedDict[tuple[str, str | None], Shelf] = OrderedDict()
        self._lock = Lock()
        self._stop = Event()
        self._background = ThreadPoolExecutor(1, thread_name_prefix="vectors")
        self._load_embedder = load_embedder
        self._embedder: Embedder | None = None

    def open(self, name: str, run_id: str | None = None) -> Shelf:
        """The corpus as it is now; for a run, as it was at the run's first task.

        Raises:
            CorpusError: when there is none, or it cannot be read.
        """
        corpus = Corpus(self._data_dir, name)
        revision = corpus.revision() if run_id is None else corpus.revision_for(run_id)
        with self._lock:
            shelf = self._shelves.get((name, revision)) or self._shelve(corpus.open(revision))
            self._shelves[name, revision] = shelf
            self._shelves.move_to_end((name, revision))
            while len(self._shelves) > self._capacity:
                self._shelves.popitem(last=False)
            return shelf

    def _shelve(self, corpus: OpenCorpus) -> Shelf:
        embedder = self._embedder or self._loaded()
        if embedder is None:
            return Shelf(corpus, Searcher(corpus), None)
        vectors = CorpusVectors(corpus, embedder)
        self._background.submit(self._build, corpus.name, vectors)
        return Shelf(corpus, Searcher(corpus, vectors), vectors)

    def _loaded(self) -> Embedder | None:
        """Load the model once; without it, search goes on by BM25 alone, and the log says so once."""
        if self._load_embedder is None:
            return None
        try:
            self._embedder = self._load_embedder()
        except RetrievalError as error:
            _logger.info("searching without sentence vectors: %s", error)
        self._load_embedder = None
        return self._embedder

    def _build(self, name: str, vectors: CorpusVectors) -> None:
        try:
            vectors.build(self._stop)
        except (sqlite3.Error, OSError, RetrievalError) as error:
            _logger.warning("corpus %s is searched without vectors: %s: %s", name, type(error).__name__, error)

    def close(self) -> None:
        """End the background thread, after the text that it is at."""
        self._stop.set()
        self._background.shutdown(wait=True, cancel_futures=True)
