"""What must hold of every run and of every report that it delivers, checked against topics, files and the corpus."""

import hashlib
from collections import Counter
from itertools import pairwise
from pathlib import Path

from collegium.cli.outputs import read_output
from collegium.delivery.report import Report
from collegium.ledger.views import RunView
from collegium.orchestrator.core.folding import evolve
from collegium.orchestrator.core.model import Run
from collegium.orchestrator.shell.parts import changed_parts
from collegium.retrieval.corpus import Corpus
from collegium_schemas.events import AttemptDispatched, AttemptSucceeded, RunEnded
from collegium_schemas.evidence import Delivery, Draft, Passage, ReportText, Review, Sentence, Verdict
from full_stack import CORPUS, EXAMPLES, FullStack


async def assert_sound_history(stack: FullStack, run_id: str) -> None:
    """One end, versions without gaps, each attempt dispatched and accepted once, and state that is the fold."""
    history = await stack.history(run_id)
    assert [decided.version for decided in history] == list(range(1, len(history) + 1))
    assert all(before.at_ms <= after.at_ms for before, after in pairwise(history))
    events = [event for decided in history for event in decided.events]
    assert sum(isinstance(event, RunEnded) for event in events) == 1
    dispatched = Counter((e.subtask_id, e.attempt) for e in events if isinstance(e, AttemptDispatched))
    assert set(dispatched.values()) <= {1}, dispatched
    accepted = Counter(e.subtask_id for e in events if isinstance(e, AttemptSucceeded))
    assert set(accepted.values()) <= {1}, accepted
    run: Run | None = None
    for decided in history:
        run = evolve(run, decided)
    folded = {name: part.to_json() for name, part in changed_parts(None, run) if part is not None}
    assert await stack.state(run_id) == folded


async def delivered_report(stack: FullStack, view: RunView) -> Report:
    """The report of a completed run, after checking that topic, files and delivery agree and nothing is made up."""
    text = await read_output(stack.log, stack.names, view, "report", ReportText)
    delivery = await read_output(stack.log, stack.names, view, "delivery", Delivery)
    files = _delivered_files(delivery)
    assert set(files) == {"report.md", "report.html", "report.json"}
    assert files["report.md"].decode() == text.markdown
    report = Report.read_strict(files["report.json"])
    assert report.run_id == view.run_id
    assert (report.sentences, len(report.sources)) == (delivery.sentences, delivery.sources)
    assert_all_cited(report, text.markdown)
    assert_passages_are_in_the_corpus(Corpus(stack.data_dir, CORPUS), report)
    await _assert_reviewed(stack, view, report)
    return report


def _delivered_files(delivery: Delivery) -> dict[str, bytes]:
    """Content by name, after checking that each file is the one that was delivered."""
    found: dict[str, bytes] = {}
    for file in delivery.files:
        content = Path(file.path).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.size_bytes, file.sha256)
        found[Path(file.path).name] = content
    return found


def sentences(report: Report) -> list[Sentence]:
    """Every sentence that a report states as a fact, in reading order."""
    return [
        *report.summary,
        *(sentence for section in report.sections for sentence in section.sentences),
        *(side for disagreement in report.disagreements for side in disagreement.sides),
    ]


def assert_all_cited(report: Report, markdown: str) -> None:
    """No sentence without a source, no source without a sentence, in the data and on the page."""
    stated = sentences(report)
    assert len(stated) == report.sentences
    assert all(sentence.kind == "fact" and sentence.citations for sentence in stated)
    cited = {number for sentence in stated for number in sentence.citations}
    assert cited == {source.number for source in report.sources}
    page = markdown.partition("## Limits")[0].partition("## Sources")[0]
    bullets = [line for line in page.splitlines() if line.startswith("- ")]
    assert len(bullets) == len(stated)
    assert all("](#source-" in line for line in bullets)
    assert all(f'<a id="source-{number}">' in markdown for number in cited)


def assert_passages_are_in_the_corpus(corpus: Corpus, report: Report) -> None:
    """Each cited passage is, byte for byte, where its citation says, in a document that is the file we gave."""
    documents = {document.document_id: document for document in corpus.documents()}
    originals = {hashlib.sha256(path.read_bytes()).hexdigest() for path in _corpus_files()}
    for source in report.sources:
        passage: Passage = source.passage
        document = documents[passage.document_id]
        text = corpus.text(document).text[passage.start : passage.end]
        assert text == passage.text
        assert hashlib.sha256(text.encode()).hexdigest() == passage.sha256
        assert passage.document_sha256 == document.sha256
        assert document.sha256 in originals


def _corpus_files() -> list[Path]:
    return [path for path in (EXAMPLES / "corpora" / CORPUS).rglob("*.html") if path.is_file()]


async def _assert_reviewed(stack: FullStack, view: RunView, report: Report) -> None:
    """Every delivered sentence stands in the reviewed draft, and the review supports it."""
    draft = await read_output(stack.log, stack.names, view, "draft", Draft)
    review = await read_output(stack.log, stack.names, view, "review", Review)
    assert report.draft_sha256 == review.draft_sha256
    supported = {v.sentence_id for v in review.verdicts if v.verdict is Verdict.SUPPORTED}
    drafted = {sentence.sentence_id: sentence.text for sentence in draft.sentences()}
    for sentence in sentences(report):
        assert sentence.sentence_id in supported
        assert drafted[sentence.sentence_id] == sentence.text
