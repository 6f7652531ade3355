"""The retrieval specialist: finds the passages of a corpus that bear on one sub-question, and cites them."""

import hashlib
from dataclasses import dataclass

from collegium.agent.specialist import Output, SpecialistFailure, Success, Workbench
from collegium.language.versions import same_version
from collegium.retrieval.errors import CorpusBusy, CorpusError
from collegium.retrieval.library import Library
from collegium.retrieval.parsing.metadata import versions_in
from collegium.retrieval.search import FoundPassage, Hit, SearchResult
from collegium_schemas import limits
from collegium_schemas.evidence import Evidence, Passage, RankedPassage
from collegium_schemas.tasks import FailureKind, TaskRequested

MIN_COVERAGE = 0.45
"""Between what questions that the demo corpus answers reach (0.64 and more) and most of those that it does not
(0.40 at most): see tests/unit/retrieval/test_search_quality.py."""

_SEARCH_TIMEOUT_MS = 30_000


@dataclass(frozen=True, slots=True)
class _Found:
    snapshot_id: str
    documents: int
    result: SearchResult


class Retrieval:
    """Role `retrieval`: a question and a corpus in, `evidence` out.

    Input: `question`, `question_id` and optionally `passages` and `min_coverage` in the task's parameters,
    and the name of the corpus. A corpus that does not answer the question gives evidence without
    passages, which is a success: the report then says so.
    """

    def __init__(self, library: Library, *, passages: int = 10, min_coverage: float = MIN_COVERAGE) -> None:
        self._library = library
        self._passages = passages
        self._min_coverage = min_coverage

    @property
    def role(self) -> str:
        """`retrieval`."""
        return "retrieval"

    def close(self) -> None:
        """End what works in the background; call it when the process ends."""
        self._library.close()

    async def perform(self, task: TaskRequested, bench: Workbench) -> Success:
        """Search the corpus for the task's question.

        Raises:
            SpecialistFailure: permanently when there is no such corpus or it is damaged.
        """
        question = str(task.params.get("question") or task.goal)
        query = with_context(question, task.goal)
        found = await bench.tool("search_corpus", lambda: self._search(task, query), timeout_ms=_SEARCH_TIMEOUT_MS)
        ranked = _ranked(found.result.hits, versions_in(query))
        evidence = Evidence(
            question_id=str(task.params.get("question_id") or "q1"),
            question=question[: limits.MAX_PASSAGE_CHARS],
            corpus=task.corpus,
            corpus_snapshot=found.snapshot_id,
            documents_searched=found.documents,
            mode=found.result.mode,
            passages=ranked,
            closeness=_closeness(found.result),
        )
        return Success(
            outputs=(Output("evidence", evidence),),
            confidence=found.result.confidence,
            evidence_count=len(ranked),
            note=_note(evidence),
        )

    def _search(self, task: TaskRequested, query: str) -> _Found:
        try:
            shelf = self._library.open(task.corpus, str(task.run_id))
        except CorpusBusy as error:
            raise SpecialistFailure(FailureKind.DEPENDENCY_UNAVAILABLE, str(error)) from error
        except CorpusError as error:
            raise SpecialistFailure(FailureKind.TOOL_ERROR, str(error), permanent=True) from error
        result = shelf.searcher.search(query, self._limit(task), min_coverage=self._least(task))
        return _Found(shelf.corpus.snapshot_id, len(shelf.corpus.documents), result)

    def _limit(self, task: TaskRequested) -> int:
        """Passages to return: more in each round of the review loop, since a repeated question lacked some."""
        asked = task.params.get("passages")
        count = asked if isinstance(asked, int) and asked > 0 else self._passages
        return min(count * task.round, limits.MAX_PASSAGES)

    def _least(self, task: TaskRequested) -> float:
        """The least coverage: a playbook asks for less where analysis decides whether a question is answered."""
        asked = task.params.get("min_coverage")
        return asked if isinstance(asked, int | float) and 0 <= asked <= 1 else self._min_coverage


def with_context(question: str, goal: str) -> str:
    """The question with what it leaves to its goal: the one version that the goal names, if it names none.

    `What does linger.ms do` of a goal about Kafka 3.9 is a question about 3.9.
    """
    named = versions_in(goal)
    return f"{question} {named[0]}" if len(named) == 1 and not versions_in(question) else question


def _closeness(result: SearchResult) -> float | None:
    closest = None if result.signals is None else result.signals.closeness
    return None if closest is None else round(min(1.0, closest), 4)


def _note(evidence: Evidence) -> str:
    if not evidence.passages:
        return f"no evidence in {evidence.documents_searched} documents"
    documents = {ranked.passage.document_id for ranked in evidence.passages}
    return f"{len(evidence.passages)} passages from {len(documents)} documents ({evidence.mode})"


def _ranked(hits: tuple[Hit, ...], versions: tuple[str, ...]) -> tuple[RankedPassage, ...]:
    """Hits as evidence; a text that several versions share is cited for each version that the question names."""
    ranked: list[RankedPassage] = []
    for hit in hits:
        sources = hit.sources[:1]
        if len(versions) > 1:
            sources = tuple(source for source in hit.sources if _names(versions, source)) or sources
        ranked.extend(
            RankedPassage(passage=_passage(source), score=max(0.0, hit.score), coverage=hit.coverage)
            for source in sources
        )
    return tuple(ranked[: limits.MAX_PASSAGES])


def _names(versions: tuple[str, ...], source: FoundPassage) -> bool:
    version = source.document.version
    return version is not None and any(same_version(version, other) for other in versions)


def _passage(source: FoundPassage) -> Passage:
    passage, document = source.passage, source.document
    name = hashlib.sha256(f"{document.document_id}\0{document.sha256}".encode()).hexdigest()[:16]
    return Passage(
        passage_id=f"{name}-{passage.start}-{passage.end}",
        document_id=document.document_id,
        title=document.title,
        heading=passage.heading,
        version=document.version,
        date=document.date,
        start=passage.start,
        end=passage.end,
        text=passage.text,
        sha256=passage.sha256,
        document_sha256=document.sha256,
    )
