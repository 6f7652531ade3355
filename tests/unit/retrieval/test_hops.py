"""The second hop: what the best passages name, and what names them."""

from pathlib import Path

import pytest

from collegium.retrieval.corpus import Corpus
from collegium.retrieval.search import Searcher
from collegium.retrieval.specialist import MIN_COVERAGE

PAGES = {
    "film": ("Creature Comforts", "Creature Comforts is a film of animated zoo animals, made by Nick Park."),
    "maker": ("Nick Park", "Nick Park was born in Preston, where his father kept bees and took photographs."),
    "prizes": ("Prizes", "Prizes are given each year in many cities; some are silver."),
    "town": ("Leeds", "Leeds has a museum of photographs, and people who were born there."),
}
QUESTION = "Where was the maker of the film of animated zoo animals born?"


def page(title: str, text: str) -> str:
    """A page with a title and one paragraph."""
    return f"---\ntitle: {title}\n---\n{text}\n"


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """A folder of pages, most of them about none of it."""
    root = tmp_path / "docs"
    root.mkdir()
    for name, (title, text) in PAGES.items():
        (root / f"{name}.md").write_text(page(title, text))
    for number in range(30):
        text = f"Person {number} was born in town {number}, has a zoo, and makes a film of it."
        (root / f"other{number}.md").write_text(page(f"Somebody {number} Else", text))
    return root


def found(tmp_path: Path, pages: Path, question: str, limit: int, min_coverage: float = 0.0) -> list[str]:
    """The pages that are found, best first."""
    corpus = Corpus(tmp_path / "data", "films")
    corpus.add([pages])
    hits = Searcher(corpus.open()).search(question, limit, min_coverage=min_coverage).hits
    return [Path(hit.sources[0].document.document_id).stem for hit in hits]


def test_a_page_that_the_best_passage_names_is_found(tmp_path: Path, pages: Path) -> None:
    """The page of the maker shares one word with the question, thirty others three; the film's page names him."""
    assert found(tmp_path, pages, QUESTION, 2) == ["film", "maker"]


def test_without_the_name_it_is_not_found(tmp_path: Path, pages: Path) -> None:
    """What brings the page up is the link, not its words."""
    title, text = PAGES["film"]
    (pages / "film.md").write_text(page(title, text.replace("Nick Park", "someone")))
    assert "maker" not in found(tmp_path, pages, QUESTION, 5)


def test_a_page_that_names_the_best_one_is_found(tmp_path: Path, pages: Path) -> None:
    """Links count in both directions: a question about the maker's bees finds the film that names him."""
    assert found(tmp_path, pages, "Whose father kept bees and took photographs in Preston?", 2) == ["maker", "film"]


def test_a_page_whose_title_the_question_names_comes_first(tmp_path: Path, pages: Path) -> None:
    """A name in the question is worth more than words around it."""
    (pages / "bees.md").write_text(page("Bees", "Nick Park likes bees. In a park, Nick sat: Nick Park, Park, Nick."))
    assert found(tmp_path, pages, "Who is Nick Park?", 1) == ["maker"]


def test_a_linked_page_is_evidence_when_it_holds_what_the_other_lacks(tmp_path: Path, pages: Path) -> None:
    """It may cover little of the question itself; a linked page that adds nothing is left out."""
    (pages / "prizes.md").write_text(page("Prizes", "It is said that Creature Comforts was a commission."))
    kept = found(tmp_path, pages, QUESTION, 10, MIN_COVERAGE)
    assert "maker" in kept
    assert "prizes" in found(tmp_path, pages, QUESTION, 10)
    assert "prizes" not in kept


def test_links_stay_inside_the_version_that_is_asked_for(tmp_path: Path) -> None:
    """A page of 3.9 leads to the page of 3.9 that it names, not to its namesake of 2.8."""
    root = tmp_path / "docs"
    for version, word in (("2.8", "ZooKeeper"), ("3.9", "KRaft")):
        folder = root / version
        folder.mkdir(parents=True)
        (folder / "a.md").write_text(page("Broker registration", "A broker registers with the Quorum Keeper."))
        (folder / "b.md").write_text(page("Quorum Keeper", f"It is {word}, which stores metadata on several nodes."))
        for number in range(20):
            (folder / f"{number}.md").write_text(page(f"Page {number}", f"Consumers of group {number} read on."))
    hits = found_ids(tmp_path, root, "With what does a broker register in 3.9?")
    assert hits[:2] == ["docs/3.9/a.md", "docs/3.9/b.md"]
    assert not any(name.startswith("docs/2.8/") for name in hits)


def found_ids(tmp_path: Path, root: Path, question: str) -> list[str]:
    """The ids of the documents that are found."""
    corpus = Corpus(tmp_path / "data", "versions")
    corpus.add([root])
    return [hit.sources[0].document.document_id for hit in Searcher(corpus.open()).search(question, 5).hits]
