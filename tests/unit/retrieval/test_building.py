"""What the next index takes over from the one before."""

import logging
from pathlib import Path

import pytest

from collegium.retrieval.building import Previous, build_index
from collegium.retrieval.documents import Block, BlockKind, Document, ParsedText
from collegium.retrieval.index import PassageIndex


def document(name: str) -> Document:
    """A document whose text is its name."""
    return Document(f"d/{name}.md", f"/d/{name}.md", name, None, None, "text/markdown", name, 1, name)


class Texts:
    """Gives each document its text, and notes which were read."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def __call__(self, of: Document) -> ParsedText:
        """One paragraph."""
        self.read.append(of.text_key)
        text = f"This page is about {of.text_key} and about nothing else."
        return ParsedText(text, (Block(BlockKind.PARAGRAPH, 0, len(text)),))


@pytest.fixture
def previous(tmp_path: Path) -> Previous:
    """An index of two documents."""
    documents = (document("acks"), document("brokers"))
    (tmp_path / "first").mkdir()
    build_index(tmp_path / "first", documents, Texts())
    return Previous(tmp_path / "first", documents)


def texts_of(index: PassageIndex) -> list[str]:
    """The passages' texts in order."""
    return [index.passage(position).text for position in range(len(index))]


def test_only_new_texts_are_read(previous: Previous, tmp_path: Path) -> None:
    """A document that was there before costs a copy; the one between them its reading."""
    read, target = Texts(), tmp_path / "second"
    target.mkdir()
    assert build_index(target, (document("acks"), document("batches"), document("brokers")), read, previous) == 3
    assert read.read == ["batches"]
    index = PassageIndex(target)
    assert [text.split()[4] for text in texts_of(index)] == ["acks", "batches", "brokers"]
    assert [index.frequency(word) for word in ("ack", "batch", "broker", "page")] == [1, 1, 1, 3]


@pytest.mark.parametrize("name", ["tokens.npy", "ends.npy", "vocab.index.json", "passages.jsonl"])
def test_a_damaged_index_is_not_taken_over(
    previous: Previous, tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Damage is said and not copied: all texts are read again."""
    (previous.directory / name).write_bytes(b"garbage")
    read, target = Texts(), tmp_path / "second"
    target.mkdir()
    with caplog.at_level(logging.WARNING):
        build_index(target, previous.documents, read, previous)
    assert read.read == ["acks", "brokers"]
    assert "the previous index is not taken over" in caplog.text
    assert len(texts_of(PassageIndex(target))) == 2


def test_a_vocabulary_that_is_mostly_stale_is_started_anew(previous: Previous, tmp_path: Path) -> None:
    """A corpus whose documents come and go does not carry all words that it ever had."""
    target, documents = tmp_path / "second", tuple(document(f"word{number}") for number in range(40))
    target.mkdir()
    build_index(target, documents, Texts(), previous)
    third, rest = tmp_path / "third", documents[:1]
    third.mkdir()
    build_index(third, rest, Texts(), Previous(target, documents))
    read, fourth = Texts(), tmp_path / "fourth"
    fourth.mkdir()
    build_index(fourth, rest, read, Previous(third, rest))
    assert read.read == ["word0"]
    assert "word7" not in PassageIndex(fourth).vocabulary


def test_documents_of_marks_alone_are_an_index(tmp_path: Path) -> None:
    """Texts without a word are passages that no question finds."""

    def marks(_: Document) -> ParsedText:
        return ParsedText("— § —", (Block(BlockKind.PARAGRAPH, 0, 5),))

    assert build_index(tmp_path, (document("…"),), marks) == 1
    index = PassageIndex(tmp_path)
    assert texts_of(index) == ["— § —"]
    assert index.scores(["anything"]).tolist() == [0.0]
