"""A corpus grows, shrinks and changes without ever being half written."""

import json
import os
from pathlib import Path

import pytest

from collegium.retrieval.corpus import Corpus, corpora, snapshot_id_of
from collegium.retrieval.documents import FileStatus
from collegium.retrieval.errors import CorpusBusy, CorpusDamaged, CorpusMissing, InvalidCorpusName
from collegium.retrieval.files import Limits
from collegium.retrieval.store import CorpusStore


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A folder with two versions of a page, a note, and things that are no documents."""
    root = tmp_path / "docs"
    (root / "2.8").mkdir(parents=True)
    (root / "3.9").mkdir()
    (root / "2.8" / "acks.md").write_text("# acks\n\nThe default of acks is 1.\n")
    (root / "3.9" / "acks.md").write_text("# acks\n\nThe default of acks is all.\n")
    (root / "notes.txt").write_text("Notes on brokers\n\nA broker keeps partitions.\n")
    (root / "picture.png").write_bytes(b"\x89PNG")
    (root / ".hidden.md").write_text("hidden")
    (root / ".git").mkdir()
    (root / ".git" / "x.md").write_text("hidden")
    return root


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """An empty corpus."""
    return Corpus(tmp_path / "data", "kafka")


def test_adding_a_folder(corpus: Corpus, docs: Path, tmp_path: Path) -> None:
    """Known files are read, hidden ones left out, others counted; versions come from paths."""
    report = corpus.add([docs])
    assert [(file.document_id, file.status) for file in report.files] == [
        ("docs/notes.txt", FileStatus.ADDED),
        ("docs/2.8/acks.md", FileStatus.ADDED),
        ("docs/3.9/acks.md", FileStatus.ADDED),
    ]
    assert (report.documents, report.passages, report.ignored) == (3, 3, 1)
    found = {document.document_id: document for document in corpus.documents()}
    assert found["docs/3.9/acks.md"].version == "3.9"
    assert found["docs/notes.txt"].version is None
    assert found["docs/notes.txt"].title == "Notes on brokers"
    assert corpora(tmp_path / "data") == ("kafka",)


def test_an_unchanged_file_is_not_read_again(corpus: Corpus, docs: Path) -> None:
    """Adding again publishes nothing; a changed file alone is parsed again and keeps its id."""
    first = corpus.add([docs])
    revision = corpus.revision()
    again = corpus.add([docs])
    assert {file.status for file in again.files} == {FileStatus.UNCHANGED}
    assert (again.snapshot_id, corpus.revision()) == (first.snapshot_id, revision)
    (docs / "2.8" / "acks.md").write_text("# acks\n\nThe default of acks is one.\n")
    changed = corpus.add([docs])
    assert [file.status for file in changed.files].count(FileStatus.UPDATED) == 1
    assert changed.documents == 3
    assert changed.snapshot_id != first.snapshot_id


def test_stored_text_is_used_instead_of_the_parser(corpus: Corpus, docs: Path, tmp_path: Path) -> None:
    """What is stored under a file's hash is what a rebuild indexes."""
    corpus.add([docs])
    store = CorpusStore(tmp_path / "data" / "corpora" / "kafka")
    document = corpus.documents()[0]
    text = corpus.text(document)
    times = {path: path.stat().st_mtime_ns for path in store.directory.glob("texts/*.json")}
    corpus.add([docs])
    assert times == {path: path.stat().st_mtime_ns for path in store.directory.glob("texts/*.json")}
    assert text.text.startswith("acks")


def test_the_snapshot_id_names_the_content(corpus: Corpus, docs: Path, tmp_path: Path) -> None:
    """The same files give the same id anywhere, in any order; one byte changes it."""
    one = corpus.add([docs])
    other = Corpus(tmp_path / "elsewhere", "other")
    two = other.add([docs / "3.9", docs])
    assert two.documents == 3
    assert one.snapshot_id == snapshot_id_of(reversed(corpus.documents()))
    assert one.snapshot_id == Corpus(tmp_path / "third", "kafka").add([docs]).snapshot_id


def test_bad_files_are_reported_and_skipped(corpus: Corpus, docs: Path) -> None:
    """Whatever is wrong with a file, the others are added, and the report says what to do."""
    (docs / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    (docs / "binary.txt").write_bytes(bytes(range(256)) * 10)
    (docs / "empty.md").write_text("")
    (docs / "old.html").write_bytes("<p>Größe".encode("latin-1"))
    os.mkfifo(docs / "pipe.md")
    report = corpus.add([docs, docs / "missing.md", docs / "picture.png"])
    skipped = {Path(file.path).name: file for file in report.skipped}
    assert set(skipped) == {"broken.pdf", "binary.txt", "empty.md", "missing.md", "picture.png"}
    assert all(file.reason and file.advice for file in skipped.values())
    assert report.documents == 4
    (old,) = [file for file in report.files if file.path.endswith("old.html")]
    assert "not UTF-8" in old.notes[0]


def test_a_broken_file_keeps_its_last_good_version(corpus: Corpus, docs: Path) -> None:
    """A file that became unreadable does not remove what was known."""
    corpus.add([docs])
    (docs / "notes.txt").write_bytes(bytes(range(256)) * 10)
    report = corpus.add([docs])
    assert [Path(file.path).name for file in report.skipped] == ["notes.txt"]
    assert report.documents == 3


def test_a_new_data_directory_is_private(corpus: Corpus, docs: Path, tmp_path: Path) -> None:
    """Nobody else reads the copies of the documents; a directory that exists keeps its mode."""
    corpus.add([docs])
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    (tmp_path / "data").chmod(0o750)
    corpus.add([docs])
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o750


def test_limits_are_kept(tmp_path: Path, docs: Path) -> None:
    """Files too large and documents too many are reported with the bound."""
    (docs / "big.txt").write_text("word " * 100)
    corpus = Corpus(tmp_path / "data", "small", limits=Limits(max_document_bytes=200, max_documents=2))
    report = corpus.add([docs])
    assert report.documents == 2
    reasons = {Path(file.path).name: file.reason for file in report.skipped}
    assert "larger than" in reasons["big.txt"]
    assert any("already has 2 documents" in reason for reason in reasons.values())


def test_a_manifest_describes_files(corpus: Corpus, docs: Path) -> None:
    """Title, version and date of a manifest go before the file's own; its bad lines are reported once."""
    lines = [
        json.dumps({"path": "notes.txt", "title": "Broker notes", "version": "1.0", "date": "2024-11-06"}),
        "not json",
        json.dumps({"path": 5}),
    ]
    (docs / "manifest.jsonl").write_text("\n".join(lines))
    report = corpus.add([docs])
    (notes,) = [document for document in corpus.documents() if document.document_id == "docs/notes.txt"]
    assert (notes.title, notes.version, notes.date) == ("Broker notes", "1.0", "2024-11-06")
    assert [file.reason for file in report.skipped] == [
        "line 2 of the manifest is no JSON object with a path",
        "line 3 of the manifest is no JSON object with a path",
    ]
    (docs / "manifest.jsonl").write_text(json.dumps({"path": "notes.txt", "title": "New title"}))
    assert FileStatus.UPDATED in {file.status for file in corpus.add([docs]).files}
    assert "New title" in {document.title for document in corpus.documents()}


def test_two_folders_of_one_name(corpus: Corpus, docs: Path, tmp_path: Path) -> None:
    """Documents of different sources never replace each other."""
    twin = tmp_path / "other" / "docs"
    twin.mkdir(parents=True)
    (twin / "notes.txt").write_text("Other notes entirely.")
    corpus.add([docs])
    report = corpus.add([twin])
    assert report.documents == 4
    assert [file.document_id for file in report.files] == ["docs/notes.txt~2"]


def test_removing(corpus: Corpus, docs: Path) -> None:
    """Documents go by id, folder or path; what is not there changes nothing."""
    corpus.add([docs])
    assert corpus.remove(["docs/3.9"]).removed == ("docs/3.9/acks.md",)
    assert corpus.remove([str(docs / "notes.txt")]).removed == ("docs/notes.txt",)
    revision = corpus.revision()
    assert corpus.remove(["docs/2"]).removed == ()
    assert corpus.revision() == revision
    last = corpus.remove(["docs"])
    assert (last.removed, last.documents) == (("docs/2.8/acks.md",), 0)
    assert len(corpus.open().index) == 0


def test_a_missing_corpus_says_what_to_run(tmp_path: Path, corpus: Corpus, docs: Path) -> None:
    """The error names what exists and the command that creates it."""
    corpus.add([docs])
    with pytest.raises(CorpusMissing) as caught:
        Corpus(tmp_path / "data", "nothing").open()
    assert caught.value.known == ("kafka",)
    assert "collegium corpus add --corpus nothing" in str(caught.value)


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "x" * 65, "ä", "a b", "a\n"])
def test_a_name_cannot_leave_the_data_directory(tmp_path: Path, name: str) -> None:
    """Only plain names are corpora."""
    with pytest.raises(InvalidCorpusName):
        Corpus(tmp_path, name)


def test_an_open_corpus_survives_newer_snapshots(corpus: Corpus, docs: Path) -> None:
    """A reader keeps the snapshot that it opened, however many are published after it."""
    corpus.add([docs])
    opened = corpus.open()
    for number in range(4):
        (docs / "notes.txt").write_text(f"Edition {number} of the notes.")
        corpus.add([docs])
    assert len(opened.documents) == 3
    texts = [opened.index.passage(position).text for position in range(len(opened.index))]
    assert any("A broker keeps partitions." in text for text in texts)
    assert any("Edition 3" in corpus.open().index.passage(i).text for i in range(3))


def test_old_snapshots_and_texts_are_collected(corpus: Corpus, docs: Path, tmp_path: Path) -> None:
    """Two snapshots are kept, their texts too, and what a killed writer left is removed."""
    root = tmp_path / "data" / "corpora" / "kafka"
    corpus.add([docs])
    (root / "snapshots" / ".new-dead").mkdir()
    for number in range(5):
        (docs / "notes.txt").write_text(f"Edition {number} of the notes.")
        corpus.add([docs])
    assert len(list((root / "snapshots").iterdir())) == 2
    assert len(list((root / "texts").iterdir())) == 4


def test_an_index_of_an_older_format_is_rebuilt(
    corpus: Corpus, docs: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Opening a corpus of an older version rebuilds its index from the stored texts and says so."""
    corpus.add([docs])
    (directory,) = (tmp_path / "data" / "corpora" / "kafka" / "snapshots").iterdir()
    manifest = json.loads((directory / "manifest.json").read_text())
    (directory / "manifest.json").write_text(json.dumps(manifest | {"index_format": 0}))
    (directory / "offsets.npy").unlink()
    opened = corpus.open()
    assert len(opened.index) == 3
    assert opened.snapshot_id == manifest["snapshot_id"]
    assert "format 0, this version writes 2: rebuilding it" in caplog.text


@pytest.mark.parametrize("victim", ["CURRENT", "manifest.json", "documents.jsonl", "data.csc.index.npy", "offsets.npy"])
def test_damage_is_named_and_repaired_by_adding(corpus: Corpus, docs: Path, tmp_path: Path, victim: str) -> None:
    """A file that was overwritten gives an error that says what to run, and running it repairs the corpus."""
    corpus.add([docs])
    (path,) = (tmp_path / "data" / "corpora" / "kafka").rglob(victim)
    path.write_bytes(b"garbage")
    with pytest.raises(CorpusDamaged, match="add its documents again"):
        corpus.open()
    (docs / "more.txt").write_text("More text.")
    corpus.add([docs])
    assert len(corpus.open().index) == 4


def test_writers_wait_for_each_other(docs: Path, tmp_path: Path) -> None:
    """While one process writes, another waits for a bounded time and then says so."""
    store = CorpusStore(tmp_path / "kafka", lock_timeout_s=0.05)
    with store.writing(), pytest.raises(CorpusBusy), CorpusStore(store.directory, lock_timeout_s=0.05).writing():
        pass
    with store.writing():
        assert not store.exists()


def test_links_that_lead_out_of_a_folder_are_not_followed(corpus: Corpus, docs: Path, tmp_path: Path) -> None:
    """Whoever made the folder does not choose which other files are read; a link inside the folder is a file."""
    (tmp_path / "secret.txt").write_text("root:x:0:0 is nobody's business\n")
    (docs / "out.txt").symlink_to(tmp_path / "secret.txt")
    (docs / "inside.txt").write_text("This text stands inside the folder.\n")
    (docs / "in.txt").symlink_to("inside.txt")
    report = corpus.add([docs])
    (skipped,) = (file for file in report.skipped if file.path.endswith("out.txt"))
    assert "leads out of the directory" in (skipped.reason or "")
    ids = {document.document_id for document in corpus.documents()}
    assert f"{docs.name}/in.txt" in ids
    assert f"{docs.name}/out.txt" not in ids
