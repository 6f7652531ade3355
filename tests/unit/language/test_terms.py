"""Operators, names, terms and plain forms."""

import pytest

from collegium.language.alignment import align
from collegium.language.attribution import attribute, read_attribution
from collegium.language.entities import entities
from collegium.language.operators import Operator, operators
from collegium.language.plain import plain, trimmed
from collegium.language.settings import Setting, amount, read_statement, same_value, settings
from collegium.language.terms import terms


def _said(text: str) -> list[Operator]:
    return [mark.operator for mark in operators(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("it cannot", [Operator.CAN, Operator.NOT]),
        ("it can't", [Operator.CAN, Operator.NOT]),
        ("it won't", [Operator.WILL, Operator.NOT]),
        ("it doesn't", [Operator.NOT]),
        ("no fewer than 3", [Operator.AT_LEAST]),
        ("not more than 3", [Operator.AT_MOST]),
        ("up to 3", [Operator.AT_MOST]),
        ("up to date", []),
        ("acks=all for all", [Operator.ALL]),
        ("if-needed any.host", []),
        ("less than or equal to 5", [Operator.AT_MOST]),
        ("you need to", [Operator.MUST]),
    ],
)
def test_operators_are_read_in_all_their_ways_of_being_said(text: str, expected: list[Operator]) -> None:
    """Contractions and phrases give the operator that they mean; parts of identifiers give none."""
    assert _said(text) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("at least 3 brokers", "3 or more brokers"),
        ("The broker waits for 5 minutes.", "Broker waits 300 s"),
        ("it does not block", "it doesn't block"),
        ("Producers cannot write", "a producer can not write"),
    ],
)
def test_two_ways_of_saying_the_same_have_the_same_terms(one: str, other: str) -> None:
    """Articles, inflection, contraction, units and the place of a bound do not matter."""
    first, second = terms(one), terms(other)
    assert [t.key for t in first] == [t.key for t in second]


def test_names_are_found_and_sentence_starts_are_not() -> None:
    """Identifiers, acronyms and capitalised words are names; a capital that only begins a sentence is not."""
    text = "Brokers use enable.idempotence since KIP-98, as Apache Kafka does with ZooKeeper over TLS."
    assert [e.key for e in entities(text)] == ["enable.idempotence", "kip-98", "apache kafka", "zookeeper", "tls"]


def test_trimming_takes_only_what_ties_a_sentence_to_another() -> None:
    """List markers and connectives go; identifiers keep their case."""
    assert trimmed("- However, the broker\nstops.") == "The broker stops."
    assert trimmed("Note that enable.idempotence is set.") == "enable.idempotence is set."
    assert trimmed("3. Also, it's done") == "It's done"


def test_plain_forms_ignore_dress_but_no_digit_or_sign() -> None:
    """Emphasis, quotes and case do not matter; `10*5` is not `105`."""
    assert plain("**The** `acks` is “all”.") == plain('the acks is "all"')
    assert plain("10*5") != plain("105")
    assert plain("acks is -1") != plain("acks is 1")


def test_alignment_is_a_longest_common_subsequence() -> None:
    """Pairs ascend in both sequences and are as many as possible."""
    assert align("abcde", "xbxdex", lambda a, b: a == b) == [(1, 1), (3, 3), (4, 4)]


def test_an_attribution_is_read_back_as_written() -> None:
    """Version or title, and the sentence itself."""
    by_version = read_attribution(attribute("The default is 1.", "2.8", "Title"))
    assert (by_version.version, by_version.said) == ("2.8", "The default is 1.")
    by_title = read_attribution(attribute("The default is 1.", None, "A “quoted” title"))
    assert by_title.title is not None
    assert by_title.said == "The default is 1."


@pytest.mark.parametrize(
    "text",
    ["About it.\n\nType: string; Default: 1; Importance: high", "Type: | string\nDefault: | 1\nImportance: | high"],
)
def test_settings_are_read_from_one_line_and_from_rows(text: str) -> None:
    """Both forms of a reference entry give the same labelled values, with spans that quote the row."""
    found = {row.label: row for row in settings(text, "Producer Configs > acks")}
    assert (found["default"].name, found["default"].value) == ("acks", "1")
    assert found["default"].span.of(text).startswith("Default:")
    assert settings(text, "Some longer heading") == ()


def test_a_setting_s_name_gives_its_value_a_unit() -> None:
    """`300000 (5 minutes)` of a setting in ms is the same as 5 minutes; a changed bracket is another value."""
    (row,) = settings("Default: 300000 (5 minutes)", "metadata.max.age.ms")
    measure = amount(row)
    assert measure is not None
    assert (measure.value, measure.unit) == (300_000, "ms")

    def stated(value: str) -> Setting:
        found = read_statement(f"The default of metadata.max.age.ms is {value}.")
        assert found is not None
        return found

    assert same_value(stated("5 minutes"), row)
    assert not same_value(stated("300000 (6 minutes)"), row)
    assert not same_value(stated("300001"), row)
