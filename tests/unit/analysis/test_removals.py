"""What one document describes and another says to be gone."""

import pytest

from collegium.analysis.examine import examine
from collegium.analysis.removals import gone, read
from collegium.analysis.statements import statements
from collegium_schemas.evidence import Passage
from report_worlds import evidence, passage


def _page(text: str, number: int) -> Passage:
    return passage(text, document=f"page{number}.md", heading=f"Chapter {number}")


def _told(question: str, *texts: str) -> list[tuple[str, str]]:
    """Kind and subject of each contradiction."""
    found = examine([evidence(question, *(_page(text, number) for number, text in enumerate(texts)))])
    return [(c.kind, c.about) for c in found.questions[0].contradictions]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The Scala consumers, which have been deprecated since 0.11, have been removed.", {"scala", "consum"}),
        ("Removed etcdctl snapshot restore.", {"etcdctl", "snapshot", "restor"}),
        ("- Drop support for the old migration tool.", {"old", "migrat"}),
        ("The console no longer supports the Scala producer, it uses Java.", {"scala", "produc"}),
        ("The Zookeeper dependency was removed from the Streams API.", {"zookeep", "depend"}),
        ("The following flags have been removed: --enable-proxy", {"enabl", "proxi"}),
        ("The Scala consumers will be removed in a future release.", set[str]()),
        ("A broker that falls behind is removed from the set.", set[str]()),
        ("When the partition leader has been removed from the cluster, a follower is elected.", set[str]()),
        ("If the plugin is no longer supported, the start fails.", set[str]()),
        ("Once the console no longer accepts writes, it stops.", set[str]()),
        ("The leader is elected after the old one, which was slow, has been removed.", set[str]()),
        ("The partition leader has been removed from the cluster.", set[str]()),
        ("A follower was dropped from the ISR of this partition.", set[str]()),
        ("When the plugin was removed, it fails. The console was removed from 4.0.", {"consol"}),
        ("After a long wait, the console was removed from the codebase.", {"consol"}),
        ("The console was removed from Kafka.", {"consol"}),
        ("dropped-records-rate is the rate of records dropped here.", set[str]()),
    ],
)
def test_what_is_said_to_be_gone(text: str, words: set[str]) -> None:
    """Before `was removed` and after `removed`; what will go, may go, or goes while something runs, is not gone."""
    assert {term.key for term in gone(text).terms} == words


def test_what_another_document_speaks_of_is_a_contradiction_when_it_is_gone() -> None:
    """Whoever follows the first would look for something that is not there."""
    old = "The old Scala consumers are still supported in this release."
    new = "The Scala consumers have been removed from this project."
    assert _told("Are the Scala consumers supported?", old, new) == [("negation", "Scala consumers")]


def test_something_else_being_gone_is_no_contradiction() -> None:
    """Of another name, of another number, of another option, or only gone from what is spoken of."""
    question = "Is Java 8 supported by the Streams API with --enable-all?"
    assert _told(question, "Java 8 is supported by the Streams API.", "Support for Java 7 was dropped here.") == []
    assert _told(question, "The Streams API works with Java 8.", "Zookeeper was removed from the Streams API.") == []
    other = "The option --enable-proxy was removed from the Streams API."
    assert _told(question, "The option --enable-all turns on the Streams API.", other) == []


def test_statements_are_read_once_for_all_questions() -> None:
    """Each with what it says to be gone; the rows of a reference are left out."""
    found = statements(_page("The Scala consumers were removed here.\n\nJava is supported by the Streams API.", 1))
    row = statements(passage("How often.\n\nDefault: 600", heading="Settings > refresh.interval"))
    told = read([(one, one) for one in (*found, *row) if one in found or one.setting is not None])
    assert [bool(each.gone.terms) for each in told] == [True, False]


def test_being_gone_in_a_condition_is_no_contradiction() -> None:
    """It says what happens then, not that it is so."""
    then = "When the partition leader has been removed from the cluster, a follower is elected."
    assert _told("What does the partition leader do?", "The partition leader handles all reads.", then) == []


def test_two_documents_that_say_the_same_is_gone_agree() -> None:
    """Nobody speaks of it as of something there."""
    both = ("The Scala consumers have been removed here.", "The Scala consumers were removed in this release.")
    assert _told("Are the Scala consumers supported?", *both) == []


def test_a_sentence_about_an_option_is_a_statement_and_a_command_a_line() -> None:
    """What ends as a sentence and names an option or two says something; a line of a terminal is only quoted."""
    sentence, command = "The option --enable-v2 is deprecated in this release.", "etcd --enable-v2 --name one"
    found = statements(_page(f"{sentence}\n\n{command} --listen here.\n\n{command}", 1))
    assert [one.text for one in found if not one.line] == [sentence]
    assert [one.text for one in found if one.line] == [f"{command} --listen here.", command]
