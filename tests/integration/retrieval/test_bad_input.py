"""Whatever a folder holds, it is taken in file by file: what cannot be read is named, the rest is found."""

import io
import json
import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from pypdf import PdfWriter

from collegium.retrieval.corpus import AddReport, Corpus
from collegium.retrieval.documents import FileReport, FileStatus
from collegium.retrieval.library import Library
from collegium.retrieval.search import Searcher
from collegium.retrieval.specialist import MIN_COVERAGE

GOOD = "# Acknowledgements\n\nThe default of acks is all, so that every replica confirms a write.\n"


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A folder with one good page."""
    root = tmp_path / "docs"
    root.mkdir()
    (root / "good.md").write_text(GOOD)
    return root


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """An empty corpus."""
    return Corpus(tmp_path / "data", "hard")


def found(corpus: Corpus, question: str) -> list[str]:
    """The files of the hits of a question that the corpus answers."""
    hits = Searcher(corpus.open()).search(question, 5, min_coverage=MIN_COVERAGE).hits
    return [Path(source.document.document_id).name for hit in hits for source in hit.sources]


def encrypted_pdf() -> bytes:
    """A PDF of one page that asks for a password."""
    writer = PdfWriter()
    writer.add_blank_page(width=200, height=200)
    writer.encrypt("secret", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def enormous(path: Path) -> None:
    """A file of 65 MiB without a block on disk."""
    with path.open("wb") as file:
        file.truncate(65 * 2**20)


def written(data: bytes) -> Callable[[Path], None]:
    """What writes the bytes to a file."""

    def write(path: Path) -> None:
        path.write_bytes(data)

    return write


BAD: list[tuple[str, Callable[[Path], None], str]] = [
    ("secret.pdf", written(encrypted_pdf()), "it is encrypted"),
    ("torn.pdf", written(encrypted_pdf()[:150]), "it is damaged"),
    ("enormous.txt", enormous, "it is larger than 64 MiB"),
    ("picture.md", written(b"\x89PNG\r\n\x1a\n" + zlib.compress(bytes(range(256)) * 64)), "it is binary data"),
    ("program.html", written(b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00\x3e\x00" * 500), "it is binary data"),
    ("archive.txt", written(b"PK\x03\x04" + zlib.compress(os.urandom(4000))), "it is binary data"),
    ("page.docx", written(b"<html><p>Not a Word file.</p></html>"), "it is damaged"),
    ("nothing.md", written(b""), "it is empty"),
    ("blank.html", written(b"<html><script>var a = 1;</script></html>"), "it holds no readable text"),
    ("lost.md", lambda path: path.symlink_to("nowhere.md"), "it is a link to a file that does not exist"),
]


def test_files_that_cannot_be_read_are_named_and_the_rest_is_found(corpus: Corpus, docs: Path) -> None:
    """Encrypted, torn, enormous, binary and empty files each get a reason and advice; the good page is indexed."""
    for name, make, _ in BAD:
        make(docs / name)
    report = corpus.add([docs])
    reasons = {Path(file.path).name: file.reason for file in report.skipped}
    assert reasons.keys() == {name for name, _, _ in BAD}
    for name, _, reason in BAD:
        assert reasons[name].startswith(reason)
    assert all(file.advice for file in report.skipped)
    assert report.documents == 1
    assert found(corpus, "What is the default of acks?") == ["good.md"]


def test_a_file_that_vanishes_while_others_are_read_is_named(corpus: Corpus, docs: Path) -> None:
    """What was there when the folder was searched need not be there when its turn comes."""
    (docs / "later.md").write_text("# Later\n\nThis page is taken away.\n")

    def take_away(_: FileReport) -> None:
        (docs / "later.md").unlink(missing_ok=True)

    (skipped,) = corpus.add([docs], take_away).skipped
    assert (Path(skipped.path).name, skipped.reason) == (
        "later.md",
        "it cannot be read (No such file or directory)",
    )
    assert found(corpus, "What is the default of acks?") == ["good.md"]


def test_a_file_without_permission_is_named(docs: Path, tmp_path: Path) -> None:
    """A file that we may not read is skipped with the system's words; root is given no more rights than others here."""
    (docs / "private.md").write_text("# Private\n\nNot for us.\n")
    (docs / "private.md").chmod(0)
    plain = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    home = f"COLLEGIUM_DATA_DIR={tmp_path / 'data'}"
    done = subprocess.run(
        [*plain, "env", home, sys.executable, "-m", "collegium.cli", "corpus", "add", "--json", str(docs)],
        capture_output=True,
        timeout=60,
        check=True,
    )
    (skipped,) = [file for file in json.loads(done.stdout)["files"] if file["status"] == "skipped"]
    assert skipped["path"].endswith("private.md")
    assert skipped["reason"] == "it cannot be read (Permission denied)"
    assert skipped["advice"] == "check its permissions"


SCRIPTS = {
    "chinese": ("消息默认保留七天,之后旧的日志段会被删除。", "消息默认保留多久?", "gb18030"),
    "japanese": ("東京都の人口は約千四百万人です。", "東京の人口は何人ですか", "shift_jis"),
    "korean": ("서울은 대한민국의 수도이며 한강이 흐른다.", "대한민국의 수도", "euc_kr"),
    "thai": ("กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย", "เมืองหลวงของไทยคืออะไร", "utf-16"),
    "hebrew": (
        "ירושלים היא בירת ישראל. הכנסת יושבת בעיר.",
        "מהי בירת ישראל?",
        "cp1255",
    ),
    "arabic": ("القاهرة هي عاصمة مصر وتقع على نهر النيل.", "ما هي عاصمة مصر؟", "cp1256"),
    "persian": ("تهران پایتخت ایران است و در دامنهٔ البرز قرار دارد.", "پایتخت ایران کجاست؟", "utf-8"),
    "russian": ("Москва является столицей России и стоит на реке.", "Какой город столица России?", "cp1251"),
    "greek": ("Η Αθήνα είναι η πρωτεύουσα της Ελλάδας.", "Ποια είναι η πρωτεύουσα της Ελλάδας;", "cp1253"),
    "hindi": ("नई दिल्ली भारत की राजधानी है।", "भारत की राजधानी क्या है?", "utf-8"),
    "german": ("Die größte Länge einer Nachricht beträgt ein Megabyte.", "größte Länge der Nachricht", "cp1252"),
}


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Corpus, AddReport]:
    """Texts in many scripts, each in the encoding that files in that language had before UTF-8 or have now."""
    root = tmp_path_factory.mktemp("scripts") / "docs"
    root.mkdir()
    for name, (text, _, encoding) in SCRIPTS.items():
        (root / f"{name}.txt").write_bytes(f"{text}\n".encode(encoding))
    (root / "good.md").write_text(GOOD)
    corpus = Corpus(root.parent / "data", "scripts")
    return corpus, corpus.add([root])


@pytest.mark.parametrize("language", SCRIPTS)
def test_a_question_in_any_script_finds_its_document(scripts: tuple[Corpus, AddReport], language: str) -> None:
    """Left to right or right to left, with spaces or without: the words of the question are those of the text."""
    corpus, report = scripts
    assert report.skipped == ()
    assert found(corpus, SCRIPTS[language][1])[:1] == [f"{language}.txt"]


def test_one_line_of_five_megabytes_is_cut_and_found(corpus: Corpus, docs: Path) -> None:
    """A document without line ends is indexed to its end, in passages of bounded length."""
    words = " ".join(f"Sentence number {number} says nothing new." for number in range(130_000))
    (docs / "line.txt").write_text(f"{words} The cormorant dives to forty metres.")
    assert (docs / "line.txt").stat().st_size > 5_000_000
    assert corpus.add([docs]).skipped == ()
    index = corpus.open().index
    assert max(len(index.passage(position).text) for position in range(0, len(index), 97)) < 4_000
    assert found(corpus, "How deep does the cormorant dive?") == ["line.txt"]


def test_five_megabytes_without_a_space_are_cut(corpus: Corpus, docs: Path) -> None:
    """Base64 in a text file costs neither a passage of its size nor the others their place."""
    (docs / "blob.txt").write_text("QUJDREVGR0hJSktM" * 330_000)
    assert corpus.add([docs]).skipped == ()
    index = corpus.open().index
    assert max(len(index.passage(position).text) for position in range(0, len(index), 97)) < 4_000
    assert found(corpus, "What is the default of acks?") == ["good.md"]


def test_documents_that_say_the_same_are_one_hit(corpus: Corpus, docs: Path) -> None:
    """Copies are cited together, once, in whatever encoding they are saved."""
    (docs / "copy.md").write_bytes((docs / "good.md").read_bytes())
    (docs / "wide.md").write_text(GOOD, encoding="utf-16")
    (docs / "other.md").write_text("# Idempotence\n\nThe default of enable.idempotence is true.\n")
    assert corpus.add([docs]).documents == 4
    hits = Searcher(corpus.open()).search("What is the default of acks?", 10).hits
    (hit,) = (hit for hit in hits if "acks is all" in hit.sources[0].passage.text)
    assert [Path(source.document.document_id).name for source in hit.sources] == ["copy.md", "good.md", "wide.md"]


def test_a_run_keeps_the_corpus_that_it_began_with(corpus: Corpus, docs: Path, tmp_path: Path) -> None:
    """Tasks of one run read one snapshot, in any process, however often the corpus changes; the next run reads anew."""
    first = corpus.add([docs]).snapshot_id
    one, another = Library(tmp_path / "data"), Library(tmp_path / "data")
    assert one.open("hard", "run-1").corpus.snapshot_id == first
    for number in range(5):
        (docs / "good.md").write_text(f"# Acknowledgements\n\nThe default of acks is now {number}.\n")
        corpus.add([docs])
    assert another.open("hard", "run-1").corpus.snapshot_id == first
    assert "acks is all" in another.open("hard", "run-1").corpus.index.passage(0).text
    newest = one.open("hard", "run-2").corpus
    assert newest.snapshot_id == corpus.open().snapshot_id != first
    assert "acks is now 4" in newest.index.passage(0).text


def test_a_run_whose_snapshot_is_gone_reads_the_current_one(
    corpus: Corpus, docs: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A pin is a wish: without its files the run goes on, and the log says so."""
    corpus.add([docs])
    revision = corpus.revision_for("run-1")
    assert revision is not None
    (docs / "good.md").write_text(GOOD.replace("all", "one"))
    after = corpus.add([docs])
    (tmp_path / "data" / "corpora" / "hard" / "snapshots" / revision / "manifest.json").unlink()
    assert Library(tmp_path / "data").open("hard", "run-1").corpus.snapshot_id == after.snapshot_id
    assert "is gone, reading the current one" in caplog.text


def test_an_index_of_an_older_version_is_rebuilt_and_said_so(
    corpus: Corpus, docs: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An upgrade needs no command: the first search rebuilds the index from the stored texts."""
    corpus.add([docs])
    (manifest,) = (tmp_path / "data").rglob("manifest.json")
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"index_format": 1}))
    assert found(corpus, "What is the default of acks?") == ["good.md"]
    assert "has format 1, this version writes" in caplog.text


def test_a_damaged_index_is_mended_by_adding_the_same_files(corpus: Corpus, docs: Path, tmp_path: Path) -> None:
    """The command that the error names repairs the corpus although no file has changed."""
    corpus.add([docs])
    (path,) = (tmp_path / "data").rglob("documents.npy")
    path.write_bytes(b"garbage")
    assert [file.status for file in corpus.add([docs]).files] == [FileStatus.UNCHANGED]
    assert found(corpus, "What is the default of acks?") == ["good.md"]
