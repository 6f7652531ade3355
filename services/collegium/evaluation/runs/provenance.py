"""Whether the sources of a report stand, character by character, where they say."""

from hashlib import sha256
from typing import Final

from collegium.delivery.report import Report
from collegium.evaluation.runs.documents import EvaluatedCorpus
from collegium_schemas.evidence import Passage

_MOST_KEPT: Final = 256


class Originals:
    """The texts of a corpus's documents, read when they are asked for."""

    def __init__(self, corpus: EvaluatedCorpus) -> None:
        self._corpus, self._documents = corpus.opened()
        self._texts: dict[str, str] = {}

    def displaced(self, report: Report) -> int:
        """How many of a report's sources are not the span of the document that they name."""
        return sum(not self._stands(source.passage) for source in report.sources)

    def _stands(self, passage: Passage) -> bool:
        document = self._documents.get(passage.document_id)
        if document is None or document.sha256 != passage.document_sha256:
            return False
        whole = self._texts.get(passage.document_id)
        if whole is None:
            whole = self._corpus.text(document).text
            if len(self._texts) < _MOST_KEPT:
                self._texts[passage.document_id] = whole
        exact = whole[passage.start : passage.end] == passage.text
        return exact and sha256(passage.text.encode()).hexdigest() == passage.sha256
