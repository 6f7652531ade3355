"""Retrieval's search, over a corpus that is built from the suite's documents."""

import json
import logging
from pathlib import Path
from threading import Event, Thread
from typing import Final

from collegium.evaluation.cases import RetrievalCase, SourceDocument, digest_of
from collegium.evaluation.judging import Material, Prediction, version_of
from collegium.retrieval.corpus import Corpus, OpenCorpus, corpora
from collegium.retrieval.embedding import MiniLm
from collegium.retrieval.errors import VectorsUnavailable
from collegium.retrieval.search import Searcher, SearchResult
from collegium.retrieval.specialist import MIN_COVERAGE
from collegium.retrieval.vectors import CorpusVectors

_CORPUS: Final = "evaluation"
_HITS: Final = 30
"""Passages asked for: the first ten documents are looked at, and a document may have several passages."""
_PACKAGES: Final = ("collegium.retrieval", "collegium.retrieval.parsing", "collegium.language")

_logger = logging.getLogger(__name__)


class Search:
    """The searcher of retrieval's specialist. Answered means that a passage covers enough of the question.

    The ranking is that of all hits, since a benchmark's questions all have an answer; the specialist itself returns
    nothing for a question that is not covered.
    """

    def __init__(self, opened: OpenCorpus, ids: tuple[str, ...], vectors: CorpusVectors | None) -> None:
        self._searcher = Searcher(opened, vectors)
        self._ids = ids
        self.name = "retrieval-bm25" if vectors is None else "retrieval-bm25+vectors"
        self.version = version_of(*_PACKAGES, "collegium.retrieval.data")

    def look(self, question: str) -> tuple[SearchResult, tuple[str, ...]]:
        """Search for a question: what was found, and the suite's ids of the documents, best first."""
        found = self._searcher.search(question, _HITS)
        ranked = dict.fromkeys(self._ids[_number(hit.sources[0].document.document_id)] for hit in found.hits)
        return found, tuple(ranked)

    def judge(self, case: RetrievalCase) -> Prediction:
        """Search for the question."""
        found, ranked = self.look(case.question)
        coverage = max((hit.coverage for hit in found.hits), default=0.0)
        return Prediction(
            label="answered" if coverage >= MIN_COVERAGE else "unanswered",
            confidence=found.confidence,
            score=coverage,
            documents=ranked,
        )


def shipped(material: Material) -> Search:
    """With sentence vectors where `collegium[vectors]` is installed, as the specialist."""
    opened = _opened(material)
    try:
        vectors = CorpusVectors(opened, MiniLm())
    except VectorsUnavailable as error:
        _logger.warning("searching without sentence vectors: %s", error)
        return bm25(material)
    # `build` lowers the priority of its thread for good.
    builder = Thread(target=vectors.build, args=(Event(),), name="vectors")
    builder.start()
    builder.join()
    return Search(opened, _ids(material), vectors if vectors.ready else None)


def bm25(material: Material) -> Search:
    """Without sentence vectors."""
    return Search(_opened(material), _ids(material), None)


def _ids(material: Material) -> tuple[str, ...]:
    return tuple(document.document_id for document in material.documents)


def _opened(material: Material) -> OpenCorpus:
    """The corpus, built where an earlier call did not with the same sources."""
    home = material.folder / f"corpus-{digest_of((material.documents_sha256, version_of(*_PACKAGES)))[:16]}"
    if _CORPUS not in corpora(home):
        sources = home / "documents"
        sources.mkdir(parents=True, exist_ok=True)
        for number, document in enumerate(material.documents):
            (sources / f"{number}.md").write_text(_markdown(document), encoding="utf-8")
        Corpus(home, _CORPUS).add([sources])
    return Corpus(home, _CORPUS).open()


def _markdown(document: SourceDocument) -> str:
    title = f"---\ntitle: {json.dumps(document.title)}\n---\n" if document.title else ""
    return f"{title}{document.text}\n"


def _number(document_id: str) -> int:
    return int(Path(document_id).stem)
