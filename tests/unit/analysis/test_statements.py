"""What of a passage is a statement, and what is only a line."""

import pytest

from collegium.analysis.examine import examine
from collegium.analysis.statements import statements
from collegium_schemas.evidence import Passage, QuestionAnalysis
from report_worlds import evidence, passage


def _page(text: str, version: str) -> Passage:
    return passage(text, document=f"kafka/{version}/guide.html", version=version, heading="Guide > Contents")


def _asked(question: str, *passages: Passage) -> QuestionAnalysis:
    return examine([evidence(question, *passages)]).questions[0]


@pytest.mark.parametrize("text", ["- The log compaction", "- 4.8 Log compaction"])
def test_an_item_of_two_words_is_a_line(text: str) -> None:
    """It names something, and says nothing of it."""
    assert [one.line for one in statements(passage(text))] == [True]


def test_two_words_and_a_version_are_a_sentence() -> None:
    """`Require Go 1.16+` says what is required."""
    assert [one.line for one in statements(passage("- Require Go 1.16+."))] == [False]


def test_an_item_of_a_table_of_contents_answers_nothing() -> None:
    """It may be quoted."""
    found = _asked("What is log compaction?", passage("Contents\n\n- The log compaction\n- The producer\n"))
    assert [claim.text for claim in found.claims] == ["- The log compaction"]
    assert not found.answered


def test_another_number_of_a_chapter_is_no_contradiction() -> None:
    """An item that is no sentence is not compared."""
    old = _page("- 4.8 Log compaction\n- 4.9 Quotas", "2.8")
    new = _page("- 4.9 Log compaction\n- 4.10 Quotas", "3.9")
    assert _asked("Where is log compaction?", old, new).contradictions == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Copyright of Kafka {version}.0", 0),
        ("The documentation of Kafka v{version} is for its users.", 0),
        ("The documentation of Kafka {version} has {count} chapters.", 1),
    ],
)
def test_the_version_of_ones_own_document_alone_is_no_contradiction(text: str, told: int) -> None:
    """Each page names the version that it is of."""
    old = _page(text.format(version="2.8", count=7), "2.8")
    new = _page(text.format(version="3.9", count=9), "3.9")
    found = _asked("What is the copyright and documentation of Kafka?", old, new)
    assert len(found.claims) == 2
    assert len(found.contradictions) == told
