"""Numbers with units."""

from fractions import Fraction

import pytest

from collegium.language.quantities import Measure, measures, same_measure


def _only(text: str) -> Measure:
    (found,) = measures(text)
    return found


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("5 minutes", "300 s"),
        ("300 s", "300,000 ms"),
        ("5 min", "300000 ms"),
        ("1 KB", "1024 bytes"),
        ("1 KB", "1000 bytes"),
        ("1 KiB", "1024 B"),
        ("1 MiB", "1024 KiB"),
        ("64MB", "64 megabytes"),
        ("10%", "10 percent"),
        ("10 per cent", "10 percent"),
        ("two days", "48 hours"),
        ("1.5 seconds", "1500ms"),
        ("3 million", "3,000,000"),
        ("10k", "10000"),
        ("10 MB/s", "10 MB per second"),
        ("a dozen", "12"),
        ("two hundred and five", "205"),
        ("twenty-five", "25"),
        ("1e3", "1000"),
        ("−5", "-5"),
    ],
)
def test_one_amount_in_two_spellings_is_the_same(one: str, other: str) -> None:
    """Amounts are compared after their units are resolved."""
    assert same_measure(_only(one), _only(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("5 minutes", "5 s"),
        ("1 KiB", "1000 bytes"),
        ("1 kbit", "1 KB"),
        ("10%", "10"),
        ("9223372036854775807", "9223372036854775808"),
        ("2147483647", "2147483648"),
        ("0.1", "0.10000000000000001"),
        ("10 MB/s", "10 MB"),
        ("1st", "1"),
        ("-1", "1"),
        ("$5", "€5"),
    ],
)
def test_different_amounts_are_not_the_same(one: str, other: str) -> None:
    """Comparison is exact, and a unit is part of the amount."""
    assert not same_measure(_only(one), _only(other))


def test_numbers_that_share_a_unit_both_have_it() -> None:
    """In `2 to 3 seconds` both numbers are seconds."""
    first, second = measures("wait 2 to 3 seconds")
    assert (first.value, first.unit, second.value, second.unit) == (2000, "ms", 3000, "ms")


def test_a_bare_number_keeps_what_it_counts() -> None:
    """The noun after a number is its unit in comparisons of counts."""
    assert _only("3 brokers are up").noun == "broker"


@pytest.mark.parametrize("text", ["log4j2 and p99", "max.in.flight.requests", "server-side", ""])
def test_digits_inside_names_are_no_numbers(text: str) -> None:
    """Identifiers are words."""
    assert measures(text) == ()


def test_a_hyphen_between_numbers_is_no_sign() -> None:
    """A range has two positive ends; a minus stands before a number alone."""
    assert [m.value for m in measures("2-3 and -1, acks=-1")] == [2, 3, -1, -1]


def test_money_and_scale() -> None:
    """A currency sign before and a scale after the digits belong to the amount."""
    money = _only("$2.5 million")
    assert (money.value, money.unit) == (Fraction(2_500_000), "usd")


def test_a_span_covers_sign_number_and_unit() -> None:
    """The characters of an amount can be quoted."""
    text = "at most 1,048,576 bytes each"
    found = _only(text)
    assert text[found.start : found.end] == "1,048,576 bytes"
