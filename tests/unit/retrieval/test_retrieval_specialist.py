"""The specialist: a task in, evidence out."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from threading import Event
from typing import TypeVar

import numpy as np
import pytest

from collegium.agent.effects import Effects
from collegium.agent.specialist import SpecialistFailure, Success
from collegium.retrieval.composition import build
from collegium.retrieval.corpus import Corpus
from collegium.retrieval.index import Floats
from collegium.retrieval.library import Library
from collegium.retrieval.settings import RetrievalSettings
from collegium.retrieval.specialist import Retrieval, with_context
from collegium_schemas.base import Message
from collegium_schemas.evidence import Evidence
from collegium_schemas.tasks import FailureKind, TaskRequested

M = TypeVar("M", bound=Message)
T = TypeVar("T")


class ThreadBench:
    """A workbench without inputs that runs tools in threads, and notes their names."""

    def __init__(self) -> None:
        self.tools: list[str] = []
        self.timeouts_ms: list[int | None] = []

    async def inputs(self, kind: type[M], *, step: str | None = None) -> Sequence[M]:
        """None."""
        return ()

    async def input_sha256(self, kind: type[Message]) -> Sequence[str]:
        """None."""
        return ()

    async def tool(self, name: str, function: Callable[[], T], *, timeout_ms: int | None = None) -> T:
        """Run it in a thread."""
        self.tools.append(name)
        self.timeouts_ms.append(timeout_ms)
        return await asyncio.to_thread(function)

    async def call(self, name: str, function: Callable[[], Awaitable[T]], *, timeout_ms: int | None = None) -> T:
        """Await it."""
        return await function()

    @property
    def effects(self) -> Effects:
        """None: searching changes nothing."""
        raise AssertionError("a search asked for an effect")

    async def progress(self, note: str) -> None:
        """Nobody watches."""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with a corpus of two versions."""
    docs = tmp_path / "docs"
    for version, default in (("2.8", "1"), ("3.9", "all")):
        (docs / version).mkdir(parents=True)
        (docs / version / "acks.md").write_text(f"# acks\n\nThe default of acks is {default}.\n")
        (docs / version / "log.md").write_text("# Log\n\nThe log is split into segments of equal size.\n")
    Corpus(tmp_path / "data", "kafka").add([docs])
    return tmp_path / "data"


def task(
    question: str, *, corpus: str = "kafka", goal: str = "Report on Kafka.", round_number: int = 1
) -> TaskRequested:
    """One attempt at a retrieval."""
    return TaskRequested(
        run_id="0192f0c4-0000-7000-8000-000000000000",
        subtask_id="retrieve.1",
        attempt=1,
        role="retrieval",
        step="retrieve",
        instruction="Find passages",
        goal=goal,
        corpus=corpus,
        params={"question": question, "question_id": "q3"},
        outputs=("evidence",),
        round=round_number,
        dispatched_at_ms=0,
        deadline_at_ms=60_000,
    )


async def perform(data: Path, requested: TaskRequested) -> tuple[Success, Evidence]:
    """The outcome of one attempt, and its evidence as another process would read it."""
    specialist = build(data, RetrievalSettings(vectors="off"))
    bench = ThreadBench()
    try:
        success = await specialist.perform(requested, bench)
    finally:
        specialist.close()
    assert bench.tools == ["search_corpus"]
    (output,) = success.outputs
    assert output.name == "evidence"
    return success, Evidence.read(output.content.to_json())


async def test_a_search_is_bounded_in_time(data: Path) -> None:
    """The tool is given the bound, so that a search that hangs fails the attempt as `timeout`."""
    specialist = build(data, RetrievalSettings(vectors="off"))
    bench = ThreadBench()
    try:
        await specialist.perform(task("What is the default of acks?"), bench)
    finally:
        specialist.close()
    assert bench.timeouts_ms == [30_000]


async def test_evidence_cites_what_it_found(data: Path) -> None:
    """Each passage names document, version, span and hashes that fit the corpus."""
    success, evidence = await perform(data, task("What is the default of acks in Kafka 3.9?"))
    corpus = Corpus(data, "kafka")
    first = evidence.passages[0].passage
    (document,) = [d for d in corpus.documents() if d.document_id == first.document_id]
    assert (first.document_id, first.version, first.heading) == ("docs/3.9/acks.md", "3.9", "acks")
    assert corpus.text(document).text[first.start : first.end] == first.text == "The default of acks is all."
    assert first.document_sha256 == document.sha256
    assert (evidence.question_id, evidence.corpus, evidence.documents_searched, evidence.mode) == (
        "q3",
        "kafka",
        4,
        "bm25",
    )
    assert evidence.corpus_snapshot == corpus.open().snapshot_id
    assert success.evidence_count == len(evidence.passages)
    assert success.confidence > 0.9
    assert success.note.endswith("documents (bm25)")


class OneDirection:
    """Gives every text the same vector."""

    model_id = "one"
    dimensions = 2

    def embed(self, text: str) -> Floats:
        """East, for any text."""
        return np.array([1.0, 0.0] if text else [0.0, 1.0], dtype=np.float32)


async def test_evidence_says_how_close_the_closest_passage_is(data: Path) -> None:
    """By the cosine of sentence vectors; nothing without them."""
    library = Library(data, load_embedder=OneDirection)
    vectors = library.open("kafka").vectors
    assert vectors is not None
    vectors.build(Event())
    try:
        success = await Retrieval(library).perform(task("What is the default of acks in Kafka 3.9?"), ThreadBench())
    finally:
        library.close()
    assert Evidence.read(success.outputs[0].content.to_json()).closeness == 1.0
    _, without = await perform(data, task("What is the default of acks in Kafka 3.9?"))
    assert without.closeness is None


async def test_passage_ids_are_unique_and_stable(data: Path) -> None:
    """The same passage has the same id in every search, and no other has it."""
    one = (await perform(data, task("default of acks")))[1].passages
    two = (await perform(data, task("default of acks")))[1].passages
    ids = [ranked.passage.passage_id for ranked in one]
    assert ids == [ranked.passage.passage_id for ranked in two]
    assert len(set(ids)) == len(ids) == 2


async def test_a_shared_text_is_cited_for_each_version_that_is_asked_for(data: Path) -> None:
    """A comparison shows that both versions say the same, with one source of each."""
    _, evidence = await perform(data, task("Compare the segments of the log in Kafka 2.8 and 3.9"))
    same = [ranked.passage for ranked in evidence.passages if "segments" in ranked.passage.text]
    assert {passage.version for passage in same} == {"2.8", "3.9"}
    _, single = await perform(data, task("What are the segments of the log?"))
    assert [ranked.passage.version for ranked in single.passages] == ["3.9"]


async def test_no_evidence_is_a_success(data: Path) -> None:
    """A question that the corpus does not answer gives evidence without passages and no confidence."""
    success, evidence = await perform(data, task("What is the boiling point of gallium?"))
    assert evidence.passages == ()
    assert (success.confidence, success.evidence_count) == (0.0, 0)
    assert success.note == "no evidence in 4 documents"


@pytest.mark.parametrize("name", ["missing", "Other"])
async def test_a_missing_corpus_fails_for_good(data: Path, name: str) -> None:
    """Another attempt cannot help; the message says how to make the corpus."""
    with pytest.raises(SpecialistFailure) as caught:
        await perform(data, task("acks?", corpus=name))
    assert caught.value.permanent
    assert caught.value.kind is FailureKind.TOOL_ERROR
    assert f"collegium corpus add --corpus {name}" in caught.value.message


async def test_a_damaged_corpus_fails_for_good(data: Path) -> None:
    """Damage is a permanent failure that says what to run."""
    (data / "corpora" / "kafka" / "CURRENT").write_text("garbage")
    with pytest.raises(SpecialistFailure, match="add its documents again") as caught:
        await perform(data, task("acks?"))
    assert caught.value.permanent


async def test_later_rounds_dig_deeper(tmp_path: Path) -> None:
    """When the review asks again, more passages are returned."""
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(30):
        (docs / f"{number}.md").write_text(f"Brokers of rack {number} elect a leader.")
    Corpus(tmp_path / "data", "kafka").add([docs])
    counts = [
        len((await perform(tmp_path / "data", task("How do brokers elect a leader?", round_number=r)))[1].passages)
        for r in (1, 2)
    ]
    assert counts == [10, 20]


@pytest.mark.parametrize(
    ("question", "goal", "expected"),
    [
        ("What does linger.ms do?", "Explain Kafka 3.9", "What does linger.ms do? 3.9"),
        ("What does linger.ms do in 2.8?", "Explain Kafka 3.9", "What does linger.ms do in 2.8?"),
        ("What does linger.ms do?", "Compare Kafka 2.8 and 3.9", "What does linger.ms do?"),
        ("What does linger.ms do?", "Explain Kafka", "What does linger.ms do?"),
    ],
)
def test_a_sub_question_inherits_the_goals_version(question: str, goal: str, expected: str) -> None:
    """A goal about one version asks all its questions about it."""
    assert with_context(question, goal) == expected
