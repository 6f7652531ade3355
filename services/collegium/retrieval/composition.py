"""Puts the specialist together; `collegium run` and tests do it here too."""

from functools import partial
from pathlib import Path

from collegium.retrieval.embedding import MiniLm
from collegium.retrieval.library import Library
from collegium.retrieval.settings import RetrievalSettings
from collegium.retrieval.specialist import Retrieval


def build(data_dir: Path, settings: RetrievalSettings) -> Retrieval:
    """A retrieval specialist over the corpora of a data directory."""
    load_embedder = partial(MiniLm, threads=settings.vector_threads) if settings.vectors == "auto" else None
    library = Library(data_dir, load_embedder=load_embedder, capacity=settings.open_corpora)
    return Retrieval(library, passages=settings.passages, min_coverage=settings.min_coverage)
