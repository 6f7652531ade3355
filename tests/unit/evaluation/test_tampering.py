"""Changes that make a true sentence false, and the suite that is made of them."""

from pathlib import Path

import pytest

from collegium.evaluation.errors import DataInvalid
from collegium.evaluation.evaluating import Plan, evaluate
from collegium.evaluation.tampering import Kind, tamperings
from collegium.evaluation.true_sentences import read_tampering, reworded
from judged_folders import write_lines

NAMES = ("RabbitMQ", "Solaris", "Pulsar")


def changed(sentence: str, source: str = "") -> dict[Kind, str]:
    """What each kind makes of a sentence, with one choice."""
    return {made.kind: made.text for made in tamperings(sentence, source, NAMES, "seed")}


@pytest.mark.parametrize(
    ("kind", "sentence", "expected"),
    [
        ("unit", "A client waits for 30 seconds.", "A client waits for 30 minutes."),
        ("negation", "A client does not wait.", "A client does wait."),
        ("negation", "A client cannot wait.", "A client can wait."),
        ("quantifier", "The leader waits for at least 2 of them.", "The leader waits for at most 2 of them."),
        ("quantifier", "Every broker is started.", "No broker is started."),
        ("order", "It stops before the leader does.", "It stops after the leader does."),
        ("only", "The leader is told.", "The leader is only told."),
    ],
)
def test_one_word_is_changed(kind: Kind, sentence: str, expected: str) -> None:
    """Where a sentence allows one change of a kind, that one is made."""
    assert changed(sentence)[kind] == expected


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("number", "It was released with 12 fixes."),
        ("date", "It was founded in 1985."),
        ("version", "It was removed in version 3.5.1."),
        ("name", "The clients of ZooKeeper wait."),
    ],
)
def test_another_value_is_put_in_its_place(kind: Kind, sentence: str) -> None:
    """A number, date, version or name becomes another one, and nothing else changes."""
    made = changed(sentence)[kind]
    assert made != sentence
    assert len(made.split()) == len(sentence.split())


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("unit", "The timeout is 0 ms."),
        ("number", "It is removed in version 3.5.1."),
        ("quantifier", "They find each other."),
    ],
)
def test_what_would_not_surely_be_false_is_not_made(kind: Kind, sentence: str) -> None:
    """Nothing of one unit is nothing of another, a version is no number, and `each other` is no quantifier."""
    assert kind not in changed(sentence)


def test_names_of_one_list_are_not_exchanged() -> None:
    """`A and B` is `B and A`; only another name makes it false."""
    assert changed("We use ZooKeeper and RocksDB.")["name"] != "We use RocksDB and ZooKeeper."


def test_a_change_that_the_source_holds_too_is_not_made() -> None:
    """It would be true as well."""
    assert "unit" not in changed("It waits 30 seconds.", "It waits 30 minutes.")


def test_the_same_seed_gives_the_same_changes() -> None:
    """The suite is the same everywhere."""
    sentence = "In version 3.5.1 the leader of ZooKeeper must wait for all 12 followers."
    assert changed(sentence) == changed(sentence)
    assert len(changed(sentence)) > 4


def test_other_dress_says_the_same() -> None:
    """Contractions, connectives, amounts."""
    assert reworded("The leader does not wait.") in {"The leader doesn't wait.", "However, The leader doesn't wait."}
    assert "300 seconds" in reworded("The leader waits 300000 ms.")


def test_a_folder_of_true_sentences_is_a_suite(tmp_path: Path) -> None:
    """True sentences are kept, tampered ones caught, by kind."""
    said = "The leader of ZooKeeper must wait 30 seconds for all 12 followers in version 3.5.1."
    other = "It is told by SolarisOS."
    records = [{"id": str(n), "sentence": text, "source": f"It ends. {text}"} for n, text in enumerate((said, other))]
    write_lines(tmp_path / "sentences.jsonl", records)
    report = evaluate(Plan("tampering", tmp_path))
    figures = {figure.name: figure.value for figure in report.parts[0].figures}
    assert figures["kept"] == figures["caught"] == 1.0
    assert {case.group for case in report.cases} >= {"untouched", "number", "unit", "version", "quantifier", "name"}


def test_an_id_leaves_room_for_its_kinds(tmp_path: Path) -> None:
    """A longer id is refused, with its line."""
    write_lines(tmp_path / "sentences.jsonl", [{"id": "i" * 120, "sentence": "It ends.", "source": "It ends."}])
    with pytest.raises(DataInvalid, match="100 characters"):
        read_tampering(tmp_path)
