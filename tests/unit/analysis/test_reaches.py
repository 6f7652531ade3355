"""What a sentence is quoted with."""

import pytest

from collegium.analysis.reaches import counts, lead_of, leads, leads_of, leans_back, reaches
from collegium.language.sentences import sentences

COMMAND = (
    "To add partitions you can do\n\n    $ topics.sh --alter --topic t \\\n        --partitions 40\n\nBe aware of keys."
)
LIST = "ZooKeeper gives these guarantees:\n\n- Order: Updates are applied in order.\n- Atomicity: No partial results."


def _reached(text: str, at: int) -> list[str]:
    return [" ".join(span.of(text).split()) for span in reaches(text, sentences(text), at)]


def test_a_sentence_is_quoted_with_the_value_that_follows() -> None:
    """A default right after a description belongs to it, and so does one after a sentence about the same."""
    near = "The port that the server listens on. Defaults to 8080. Other text follows here."
    far = "Limits the connections of one client. This prevents attacks. The default is 60."
    assert _reached(near, 0) == ["The port that the server listens on. Defaults to 8080."]
    assert far in _reached(far, 0)


def test_a_sentence_that_leans_back_is_quoted_with_the_one_before() -> None:
    """Its first words point there."""
    text = "Set acks to all. This guarantees that no record is lost."
    assert text in _reached(text, 1)


def test_sentences_of_two_paragraphs_do_not_belong_together() -> None:
    """What stands in another paragraph completes nothing."""
    assert _reached("The port that the server listens on.\n\nDefaults to 8080.", 0) == []


def test_a_lead_in_is_quoted_with_its_lines_of_code() -> None:
    """One line, or two where a command goes on."""
    assert _reached(COMMAND, 0) == [
        "To add partitions you can do $ topics.sh --alter --topic t \\",
        "To add partitions you can do $ topics.sh --alter --topic t \\ --partitions 40",
    ]
    assert leads(COMMAND, sentences(COMMAND), 0)


def test_a_lead_in_is_quoted_with_the_first_item_of_its_list() -> None:
    """The items after it are sentences of their own, which know what leads to them."""
    assert _reached(LIST, 0) == ["ZooKeeper gives these guarantees: - Order: Updates are applied in order."]
    spans = sentences(LIST)
    lead = lead_of(LIST, spans, len(spans) - 1)
    assert lead is not None
    assert lead.of(LIST) == "ZooKeeper gives these guarantees:"
    assert lead_of(LIST, spans, 0) is None


def test_what_is_quoted_together_stays_short() -> None:
    """Nothing longer than 52 words."""
    long = f"The setting {'very ' * 60}much. Defaults to 8080."
    assert _reached(long, 0) == []


@pytest.mark.parametrize(
    ("text", "leaning"),
    [("It is on.", True), ("However, this is off.", True), ("In this case it waits.", True), ("Brokers wait.", False)],
)
def test_leaning_is_told_by_the_first_words(text: str, leaning: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Pronouns and connectives point back; names do not."""
    assert leans_back(text) is leaning


def test_a_number_that_counts_says_something() -> None:
    """`Four core APIs` does, a bare number does not."""
    assert counts("Kafka has four core APIs:")
    assert not counts("Kafka has core APIs:")


def test_the_leads_of_a_text_are_those_of_each_sentence() -> None:
    """Items of one list have one lead; an empty line, a sentence between and a second lead change it."""
    text = "It has:\n\n- a part\n- a second. More.\n- a third\n\n- a fourth\n\nProse.\n\n- alone\n\nOthers:\n\n- a\n- b"
    spans = sentences(text)
    found = leads_of(text, spans)
    assert found == tuple(lead_of(text, spans, at) for at in range(len(spans)))
    assert {one.of(text) for one in found if one is not None} == {"It has:", "Others:"}
