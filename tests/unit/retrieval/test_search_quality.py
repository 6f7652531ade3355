"""The demo corpus answers what it can, from the right page, and nothing else."""

from pathlib import Path

import pytest

from collegium.retrieval.corpus import Corpus
from collegium.retrieval.search import Searcher
from collegium.retrieval.specialist import MIN_COVERAGE

DEMO = Path(__file__).parents[3] / "examples" / "corpora" / "kafka-docs"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    """The repository's demo corpus, indexed."""
    corpus = Corpus(tmp_path_factory.mktemp("data"), "kafka-docs")
    report = corpus.add([DEMO])
    assert report.skipped == ()
    assert report.documents == 22
    return Searcher(corpus.open())


@pytest.mark.parametrize(
    ("question", "document", "words"),
    [
        ("What is the default value of acks in Kafka 3.9?", "3.9/producer_config.html", "Default: all"),
        ("What is the default value of acks in Kafka 2.8?", "2.8/producer_config.html", "Default: 1;"),
        ("What is the default of enable.idempotence in Kafka 2.8?", "2.8/producer_config.html", "Default: false"),
        ("What is the default of enable.idempotence in Kafka 3.9?", "3.9/producer_config.html", "Default: true"),
        ("How does a broker in Kafka 2.8 show that it is alive?", "2.8/design.html", "session with ZooKeeper"),
        ("How does Kafka use sendfile for zero copy?", "3.9/design.html", "sendfile"),
        ("How do I start a Kafka 3.9 broker with KRaft?", "3.9/quickstart.html", "config/kraft"),
        ("What does log compaction guarantee?", "3.9/design.html", "compaction"),
        ("How do you migrate a cluster from ZooKeeper to KRaft?", "3.9/ops.html", "migrat"),
        ("How long are messages retained by default?", "3.9/topic_config.html", "retention"),
        ("What is tiered storage?", "3.9/ops.html", "tier"),
        ("What are the limitations of quotas for clients?", "3.9/design.html", "quota"),
    ],
)
def test_known_questions_find_their_page(demo: Searcher, question: str, document: str, words: str) -> None:
    """The page that answers is among the first five hits, with the words that answer."""
    hits = demo.search(question, 5, min_coverage=MIN_COVERAGE).hits
    texts = [
        source.passage.text
        for hit in hits
        for source in hit.sources
        if source.document.document_id == f"kafka-docs/{document}"
    ]
    assert any(words.lower() in text.lower() for text in texts)


@pytest.mark.parametrize(
    "question",
    [
        "What is the boiling point of gallium?",
        "Who won the football world cup in 2014?",
        "How do I bake sourdough bread?",
        "What are the side effects of aspirin?",
        "What is the default heap size of Elasticsearch?",
        "How does Redis persist data to disk?",
        "What is the price of Confluent Cloud?",
        "Which Kafka novels were published posthumously?",
        "How tall is Mount Everest?",
        "Does Kafka support FPGA acceleration?",
        "Wie hoch ist der Eiffelturm?",
        "東京の人口は何人ですか",
    ],
)
def test_unanswerable_questions_find_nothing(demo: Searcher, question: str) -> None:
    """A question that the corpus does not cover has no hit above the threshold, so no evidence is made up."""
    assert demo.search(question, 10, min_coverage=MIN_COVERAGE).hits == ()


def test_a_comparison_finds_the_sources_that_conflict(demo: Searcher) -> None:
    """Both defaults of a setting are among the first hits of a question about two versions."""
    hits = demo.search("Compare the default of acks in Kafka 2.8 and Kafka 3.9", 6, min_coverage=MIN_COVERAGE).hits
    first = {
        (hit.sources[0].document.version, text) for hit in hits for text in hit.sources[0].passage.text.split("; ")
    }
    assert ("2.8", "Default: 1") in first
    assert ("3.9", "Default: all") in first


def test_the_corpus_carries_its_licence() -> None:
    """Whoever redistributes the pages finds licence, notice and origin beside them."""
    assert "Apache License" in (DEMO / "LICENSE").read_text()
    assert "The Apache Software Foundation" in (DEMO / "NOTICE").read_text()
    assert "github.com/apache/kafka-site" in (DEMO / "ATTRIBUTION").read_text()
