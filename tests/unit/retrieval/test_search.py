"""What search does with questions, versions and equal texts."""

import json
from pathlib import Path

import pytest

from collegium.retrieval.corpus import Corpus
from collegium.retrieval.query import read_query
from collegium.retrieval.search import Searcher

SHARED = "Kafka replicates the log of each partition across a configurable number of servers."


def searcher(tmp_path: Path, files: dict[str, str]) -> Searcher:
    """A search over files by name and text."""
    root = tmp_path / "docs"
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    corpus = Corpus(tmp_path / "data", "test")
    corpus.add([root])
    return Searcher(corpus.open())


@pytest.fixture
def kafka(tmp_path: Path) -> Searcher:
    """Two versions that share a page and disagree on another, and a page without a version."""
    files = {f"{version}/replication.md": f"# Replication\n\n{SHARED}\n" for version in ("2.8", "3.9")}
    files["2.8/acks.md"] = "# acks\n\nThe default value of acks is 1, so only the leader confirms.\n"
    files["3.9/acks.md"] = "# acks\n\nThe default value of acks is all, so every replica confirms.\n"
    files["general.md"] = "# Durability\n\nacks decides how many replicas confirm a write before it counts.\n"
    for number in range(20):
        files[f"other/{number}.md"] = f"# Topic {number}\n\nConsumers of group {number} read partitions in order.\n"
    return searcher(tmp_path, files)


def ids(searcher: Searcher, question: str, limit: int = 10) -> list[str]:
    """The document of each hit."""
    return [hit.sources[0].document.document_id for hit in searcher.search(question, limit).hits]


def test_a_named_version_restricts(kafka: Searcher) -> None:
    """A question about one version gets that version's documents, and those without one, but no other version's."""
    found = ids(kafka, "What is the default value of acks in Kafka 3.9?")
    assert found[0] == "docs/3.9/acks.md"
    assert "docs/general.md" in found
    assert not any(name.startswith("docs/2.8/") for name in found)
    assert ids(kafka, "What is the default value of acks in Kafka 2.8?")[0] == "docs/2.8/acks.md"


def test_two_named_versions_both_come_first(kafka: Searcher) -> None:
    """A comparison finds both sides at the top."""
    found = ids(kafka, "Compare the default of acks in Kafka 2.8 and 3.9")
    assert set(found[:2]) == {"docs/2.8/acks.md", "docs/3.9/acks.md"}


def test_without_a_version_all_are_searched(kafka: Searcher) -> None:
    """Both versions are found when none is named."""
    assert {"docs/2.8/acks.md", "docs/3.9/acks.md"} <= set(ids(kafka, "What is the default value of acks?"))


def test_an_unknown_version_is_a_word(kafka: Searcher) -> None:
    """A version that no document has lowers coverage instead of restricting."""
    known = kafka.search("What is the default value of acks in Kafka 3.9?", 1).hits[0].coverage
    unknown = kafka.search("What is the default value of acks in Kafka 7.7?", 1).hits[0].coverage
    assert unknown < known


def test_equal_texts_are_one_hit_with_all_sources(kafka: Searcher) -> None:
    """A page that did not change between versions is listed once, with each version as a source."""
    question = "How does Kafka replicate the log across servers?"
    hits = [hit for hit in kafka.search(question, 10).hits if hit.sources[0].passage.text == SHARED]
    (hit,) = hits
    assert [source.document.version for source in hit.sources] == ["3.9", "2.8"]
    (older,) = kafka.search(f"{question} Kafka 2.8", 1).hits
    assert [source.document.version for source in older.sources] == ["2.8", "3.9"]


def dated(tmp_path: Path, texts: dict[str, str]) -> Searcher:
    """Reports by year whose text does not say which."""
    lines = [json.dumps({"path": f"{year}.md", "title": "Report", "date": f"{year}-03-31"}) for year in texts]
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "manifest.jsonl").write_text("\n".join(lines))
    return searcher(tmp_path, {f"{year}.md": text for year, text in texts.items()})


def test_documents_of_the_year_that_is_named_come_first(tmp_path: Path) -> None:
    """A date in a manifest counts for a question, although the page does not repeat it."""
    texts = {f"20{n}": f"The plant made {n} turbines, and revenue was {n} million." for n in range(19, 24)}
    reports = dated(tmp_path, texts)
    for year in texts:
        assert ids(reports, f"What was the revenue of the plant in {year}?")[0] == f"docs/{year}.md"


def test_of_equal_texts_the_newest_is_cited_first(tmp_path: Path) -> None:
    """When documents that say the same have dates, the last one is the source."""
    reports = dated(tmp_path, dict.fromkeys(("2021", "2023", "2022"), "The plant makes turbines."))
    (hit,) = reports.search("What does the plant make?", 5).hits
    assert [source.document.date for source in hit.sources] == ["2023-03-31", "2022-03-31", "2021-03-31"]


def test_hits_are_ordered_and_limited(kafka: Searcher) -> None:
    """Best first, never more than asked for, the same each time."""
    hits = kafka.search("Which consumers read partitions in order?", 5).hits
    assert len(hits) == 5
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert hits == kafka.search("Which consumers read partitions in order?", 5).hits


@pytest.mark.parametrize("question", ["", "???", "What is it?", "how and why", " \n", "🙂"])
def test_a_question_without_content_finds_nothing(kafka: Searcher, question: str) -> None:
    """Function words alone ask for nothing."""
    assert kafka.search(question, 5).hits == ()


def test_an_identifier_is_found_whole_and_by_parts(tmp_path: Path) -> None:
    """A setting's full name finds its page first; its parts find it too."""
    found = searcher(
        tmp_path,
        {
            "a.md": "# min.insync.replicas\n\nThe least number of replicas that must acknowledge.",
            "b.md": "# replicas\n\nThe insync replicas of a partition, and the min of them.",
            "c.md": "# other\n\nSomething about brokers.",
        },
    )
    assert ids(found, "What does min.insync.replicas do?")[0] == "docs/a.md"
    assert "docs/a.md" in ids(found, "insync replicas minimum")


def test_an_empty_corpus_finds_nothing(tmp_path: Path) -> None:
    """A corpus without passages answers every question with nothing."""
    assert searcher(tmp_path, {"readme.png": "x"}).search("acks?", 5).hits == ()


def test_too_little_coverage_is_no_hit_at_all(kafka: Searcher) -> None:
    """When the best passage holds too little of the question, the corpus does not answer it."""
    question = "What is the boiling point of gallium in order?"
    assert kafka.search(question, 5).hits
    assert kafka.search(question, 5, min_coverage=0.45).hits == ()


def test_the_corpus_name_is_no_news(tmp_path: Path) -> None:
    """Pages of a corpus named after a product need not name the product themselves."""
    docs = tmp_path / "pages"
    docs.mkdir()
    (docs / "acks.md").write_text("# acks\n\nThe default of acks is all.")
    question = "What is the default of acks in Zookafka?"
    coverages = list[float]()
    for name in ("zookafka-docs", "other"):
        corpus = Corpus(tmp_path / "data", name)
        corpus.add([docs])
        coverages.append(Searcher(corpus.open()).search(question, 1).hits[0].coverage)
    assert coverages[0] == 1.0
    assert coverages[1] < 0.6


def test_a_very_long_question_is_answered(kafka: Searcher) -> None:
    """Length alone is no error."""
    assert kafka.search("acks default value " * 500, 3).hits


def test_query_words_that_only_ask_are_left_out() -> None:
    """What a question asks for is no search word; names weigh more; versions restrict instead."""
    query = read_query("Compare the differences of acks between RabbitMQ and Kafka 3.9", ["3.9"])
    assert {term.token: term.weight for term in query.terms} == {"ack": 1.0, "rabbitmq": 2.0, "kafka": 2.0}
    assert query.versions == ("3.9",)


def test_title_case_names_nothing() -> None:
    """A question in title case has no names in particular."""
    query = read_query("What Is The Default Replication Factor", [])
    assert {term.weight for term in query.terms} == {1.0}


_WAITING = "\n\n".join(f"## Part {n}\n\nThe setting wait.ms of client {n} bounds how long it waits." for n in range(6))
_ASKED = "How long does the setting wait.ms bound what a client waits?"


def _note(release: str) -> str:
    return f"## Notable changes in {release}\n\n{'Many other things were mended. ' * 10}wait.ms is now 5.\n\n"


def test_notes_on_a_change_of_a_setting_take_the_last_place(tmp_path: Path) -> None:
    """A question about a setting is answered by its page and by what a release changed of it."""
    found = searcher(tmp_path, {"a.md": f"# Clients\n\n{_WAITING}\n", "b.md": f"# Guide\n\n{_note('2.1')}"})
    assert ids(found, _ASKED, 4)[-1].endswith("b.md")
    assert len(ids(found, _ASKED, 4)) == 4
    assert not any(one.endswith("b.md") for one in ids(found, "How long does the setting bound a client?", 4))


def test_no_more_notes_than_two_are_preferred(tmp_path: Path) -> None:
    """Those that were found anyway count, and no better hit makes room for a third."""
    notes = "".join(_note(f"{release}.0") for release in range(1, 7))
    found = searcher(
        tmp_path, {"a.md": "# Clients\n\nwait.ms bounds how long it waits.\n", "b.md": f"# Guide\n\n{notes}"}
    )
    asked = "What is wait.ms?"
    first = [hit.sources[0].passage.heading for hit in found.search(asked, 20).hits][:4]
    assert [hit.sources[0].passage.heading for hit in found.search(asked, 4).hits] == first


def test_a_question_that_names_versions_gets_each_in_turn_and_no_notes(tmp_path: Path) -> None:
    """A note would cost one of the versions its place."""
    pages = {f"{version}/a.md": f"# Clients\n\n{_WAITING.replace('client', version)}\n" for version in ("2.8", "3.9")}
    found = searcher(tmp_path, pages | {"notes.md": f"# Guide\n\n{_note('2.1')}"})
    asked = f"{_ASKED[:-1]} in 2.8 and 3.9?"
    assert sorted(one.split("/")[-2] for one in ids(found, asked, 2)) == ["2.8", "3.9"]
