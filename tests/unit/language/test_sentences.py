"""Sentence boundaries: what ends a sentence and what only looks like it."""

import pytest

from collegium.language.sentences import sentences


def split(text: str) -> list[str]:
    """The sentences as texts."""
    return [span.of(text) for span in sentences(text)]


def test_prose_is_split_at_full_stops() -> None:
    """Full stops, question and exclamation marks end sentences, closing quotes and brackets included."""
    text = 'It works. Does it? Yes! He said "stop." (See below.) Done'
    assert split(text) == ["It works.", "Does it?", "Yes!", 'He said "stop."', "(See below.)", "Done"]


@pytest.mark.parametrize(
    "sentence",
    [
        "Kafka 3.9.0 replaced version 2.8 in 2024.",
        "The default is 0.5 of the heap.",
        "Dr. Smith met Prof. J. R. R. Jones at St. Mary's.",
        "Use a strong setting, e.g. acks=all, i.e. the default.",
        "See Fig. 3 and No. 5 in vol. 2.",
        "The U.S. Army bought it from Foo Inc. Ltd. in May.",
        "Call foo.bar() and org.apache.kafka.Producer now.",
        "Set log.retention.ms to -1.",
        "It waits... then goes on.",
    ],
)
def test_inner_full_stops_do_not_split(sentence: str) -> None:
    """Abbreviations, initials, versions, decimals, code and ellipses stay inside their sentence."""
    assert split(sentence) == [sentence]
    assert split(f"Before. {sentence} After.") == ["Before.", sentence, "After."]


def test_a_sentence_may_begin_with_an_identifier() -> None:
    """Configuration names begin sentences in lower case."""
    text = "The record is lost. enable.idempotence prevents that. `acks` does too."
    assert split(text) == ["The record is lost.", "enable.idempotence prevents that.", "`acks` does too."]


def test_an_abbreviation_that_names_something_may_end_a_sentence() -> None:
    """After `U.S.` or `etc.` the next word decides."""
    assert split("He lived in the U.S. The end.") == ["He lived in the U.S.", "The end."]
    assert split("Logs, topics, etc. Brokers differ.") == ["Logs, topics, etc.", "Brokers differ."]


def test_lists_rows_headings_and_code_stand_alone() -> None:
    """Lines that are units are never joined with their neighbours; wrapped prose is."""
    text = (
        "Intro that is\nwrapped here.\n- first item\n- second item\n\n"
        "Type | string\nDefault | all\n\n## A heading. With a stop\nText\n\n    code.line(); x = 1\n    more. Code\n"
    )
    assert split(text) == [
        "Intro that is\nwrapped here.",
        "- first item",
        "- second item",
        "Type | string",
        "Default | all",
        "## A heading. With a stop",
        "Text",
        "code.line(); x = 1",
        "more. Code",
    ]


def test_a_numbered_item_keeps_its_number() -> None:
    """`1.` begins an item and ends no sentence."""
    assert split("1. Start the broker. Then wait.\n2. Stop it.") == [
        "1. Start the broker.",
        "Then wait.",
        "2. Stop it.",
    ]


def test_sentences_without_spaces_between() -> None:
    """Chinese and Japanese full stops need no space after them."""
    assert split("东京是首都。他来了！好") == ["东京是首都。", "他来了！", "好"]


def test_an_endless_sentence_is_cut() -> None:
    """A run without any boundary is cut, so that no sentence is longer than 4,000 characters."""
    spans = sentences("word " * 5_000 + "x" * 9_000)
    assert max(span.end - span.start for span in spans) <= 4_000
    assert len(spans) >= 9


@pytest.mark.parametrize("text", ["", " \n\t\n ", "\n"])
def test_blank_text_has_no_sentences(text: str) -> None:
    """White space is no sentence."""
    assert split(text) == []
