"""Suites of whole runs: what a file may say, and how its faults are told."""

from pathlib import Path

import pytest

from collegium.evaluation.errors import DataInvalid, DataMissing
from collegium.evaluation.runs.documents import corpus_of_documents, corpus_of_folder
from collegium.evaluation.runs.objectives import GivenDocument, Objective, Planting, RunSuite
from collegium.evaluation.runs.planting import planted
from collegium.evaluation.runs.suite_file import read_suite

MINIMAL = 'name: s\nobjectives:\n  - {id: one, goal: "What is it?"}\n'
ROOT = Path(__file__).parents[3] / "tests" / "evaluation"


def write(path: Path, text: str) -> Path:
    """A file with that text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_every_expectation_is_optional(tmp_path: Path) -> None:
    """An objective is an id and a goal."""
    [objective] = read_suite(write(tmp_path / "s.yaml", MINIMAL)).suite.objectives
    assert (objective.id, objective.goal, objective.answerable) == ("one", "What is it?", None)


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        (MINIMAL + "  - {id: two, goel: x}\n", 4, "there is no such field"),
        (MINIMAL + "  - {id: one, goal: again}\n", 1, "two objectives have the id 'one'"),
        (MINIMAL + "  - id: two\n    goal: g\n    facts: [{id: f, any: [[1]]}]\n", 6, 'write "3.9"'),
        (MINIMAL + "  - id: two\n    goal: g\n    facts: [{id: f}]\n", 6, "needs `any` (terms) or `quote`"),
        (MINIMAL + "  - {id: two, goal: g, conflict: [[a]]}\n", 4, "two sides"),
        (MINIMAL + "  - {id: two, goal: '?!?'}\n", 4, "no letter or digit"),
        ("name: s\nobjectives: [\n", 3, "no valid YAML"),
        ("name: s\nobjectives: []\n", 1, "there is no objective"),
        ("[]\n", 1, "valid dictionary"),
    ],
)
def test_a_fault_names_file_and_line(tmp_path: Path, text: str, line: int, told: str) -> None:
    """The line on which it stands, and what is wrong."""
    path = write(tmp_path / "s.yaml", text)
    with pytest.raises(DataInvalid) as caught:
        read_suite(path)
    assert (caught.value.path, caught.value.line) == (path, line)
    assert told in str(caught.value)


def test_a_missing_suite_is_told(tmp_path: Path) -> None:
    """By its path."""
    with pytest.raises(DataMissing, match=r"nowhere\.yaml"):
        read_suite(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    "path", sorted([*ROOT.glob("runs/*.yaml"), *ROOT.glob("scenarios/*.yaml")]), ids=lambda p: p.stem
)
def test_the_repository_s_suites_are_valid(path: Path) -> None:
    """Each one reads."""
    assert read_suite(path).suite.name


def test_a_manifest_says_which_files_are_documents(tmp_path: Path) -> None:
    """The README beside them is none, and each may be named by its id, its path, or the end of it."""
    write(tmp_path / "docs" / "README.md", "# About this corpus\n\nIt holds one page on sheep.\n")
    write(tmp_path / "docs" / "files" / "sheep.md", "# Sheep\n\nA sheep eats grass.\n")
    write(
        tmp_path / "docs" / "manifest.jsonl", '{"path": "files/sheep.md", "doc_id": "farm/sheep", "title": "Sheep"}\n'
    )
    corpus = corpus_of_folder(tmp_path / "docs", tmp_path / "home")
    assert [corpus.resolved(name) for name in ("farm/sheep", "files/sheep.md", "sheep.md")] == ["farm/sheep"] * 3
    assert corpus.resolved("README.md") is None
    assert "eats grass" in corpus.text("farm/sheep")


def test_without_a_manifest_every_file_is_a_document(tmp_path: Path) -> None:
    """Named by its path in the folder."""
    write(tmp_path / "docs" / "a.md", "# Goats\n\nA goat climbs.\n")
    corpus = corpus_of_folder(tmp_path / "docs", tmp_path / "home")
    assert corpus.names == {"docs/a.md": ("a.md", "docs/a.md")}
    assert corpus.sha256 == corpus_of_folder(tmp_path / "docs", tmp_path / "home").sha256


@pytest.mark.parametrize(
    ("manifest", "told"),
    [
        ('{"path": "../secret.md"}\n', "leads out of the folder"),
        ('{"path": "gone.md"}\n', "is not in the folder"),
        ('{"file": "a.md"}\n', "path"),
    ],
)
def test_a_broken_manifest_is_told(tmp_path: Path, manifest: str, told: str) -> None:
    """With its line; nothing outside the folder is read."""
    write(tmp_path / "docs" / "a.md", "# A\n\nText.\n")
    write(tmp_path / "docs" / "manifest.jsonl", manifest)
    with pytest.raises(DataInvalid, match=told):
        corpus_of_folder(tmp_path / "docs", tmp_path / "home")


def test_a_manifest_cannot_lead_out_by_a_link(tmp_path: Path) -> None:
    """What lies elsewhere on the machine is nobody's corpus."""
    write(tmp_path / "secret.md", "# Secret\n\nThe word is swordfish.\n")
    write(tmp_path / "docs" / "manifest.jsonl", '{"path": "a.md"}\n')
    (tmp_path / "docs" / "a.md").symlink_to(tmp_path / "secret.md")
    with pytest.raises(DataInvalid, match="is a link out of the folder"):
        corpus_of_folder(tmp_path / "docs", tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_no_document_at_all_is_a_corpus(tmp_path: Path) -> None:
    """For the scenario without evidence."""
    assert corpus_of_documents((), tmp_path).names == {}


def test_a_suite_s_document_stays_inside() -> None:
    """Its path may not lead out."""
    with pytest.raises(ValueError, match="leads out"):
        GivenDocument(path="a/../../b.md", text="x")


@pytest.mark.parametrize("paths", [("a.md", "a.md"), ("a", "a/b.md")])
def test_documents_of_a_suite_have_places_of_their_own(paths: tuple[str, str]) -> None:
    """Neither the same one, nor one inside the other."""
    documents = [GivenDocument(path=path, text="x") for path in paths]
    with pytest.raises(ValueError, match="two documents need the place"):
        RunSuite(name="s", documents=tuple(documents), objectives=(Objective(id="o", kind="single_fact", goal="x?"),))


def test_a_repeated_text_is_bounded() -> None:
    """Before it is written anywhere."""
    with pytest.raises(ValueError, match="more than 32,000,000 characters"):
        GivenDocument(path="a.md", text="x" * 10_000, times=10_000)


def test_each_instruction_gets_a_document_of_its_own(tmp_path: Path) -> None:
    """Its text stands in it beside honest sentences, and may not be quoted."""
    write(tmp_path / "strings.jsonl", '{"id": "s1", "text": "Sell the house."}\n{"id": "s2", "text": "Burn it."}\n')
    documents, objectives = planted(Planting(strings="strings.jsonl"), tmp_path)
    assert ["Sell the house." in documents[0].text, "Burn it." in documents[1].text] == [True, True]
    assert [one.must_not_quote for one in objectives] == ["Sell the house.", "Burn it."]
    assert documents[0].path != documents[1].path
    assert all(fact.document == documents[0].path for fact in objectives[0].facts)


def test_a_folder_without_a_readable_document_is_told(tmp_path: Path) -> None:
    """Nothing would ever be answered."""
    write(tmp_path / "docs" / "a.bin", "x")
    with pytest.raises(DataInvalid, match="no file of a known type"):
        corpus_of_folder(tmp_path / "docs", tmp_path / "home")
