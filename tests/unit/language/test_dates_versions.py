"""Dates and versions."""

import pytest

from collegium.language.dates import date_within, dates
from collegium.language.versions import same_version, version_key, versions


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("on 30 September 2021", "2021-09-30"),
        ("on September 30th, 2021", "2021-09-30"),
        ("Sept. 30, 2021", "2021-09-30"),
        ("released 2021-09-30.", "2021-09-30"),
        ("in September 2021", "2021-09"),
        ("since 2021", "2021"),
        ("May 3", "--05-03"),
    ],
)
def test_dates_are_read_as_iso_8601(text: str, iso: str) -> None:
    """Each common way of writing a date gives the same form."""
    assert [date.iso for date in dates(text)] == [iso]


@pytest.mark.parametrize("text", ["in 2048 bytes", "you may 3 times", "2021-02-30", "port 2021", "March on"])
def test_what_only_looks_like_a_date_is_none(text: str) -> None:
    """Amounts, modal verbs and impossible days are no dates."""
    assert dates(text) == ()


def test_a_coarser_date_is_within_a_finer_one() -> None:
    """A source that gives the day supports a sentence that gives the year, not the other way round."""
    assert date_within("2021", "2021-09-30")
    assert not date_within("2021-09-30", "2021")
    assert not date_within("2021", "20211")


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("In Kafka 2.8 and 3.9", ["2.8", "3.9"]),
        ("since 0.11.0.0", ["0.11.0.0"]),
        ("v3.1-rc1", ["3.1"]),
        ("the 3.9 documentation", ["3.9"]),
        ("version 4 and release 5", ["4", "5"]),
        ("2.8.x or later", ["2.8"]),
        ("brokers 2.8 or newer", ["2.8"]),
    ],
)
def test_versions_are_found_where_text_speaks_of_them(text: str, numbers: list[str]) -> None:
    """A dotted number is a version by its form or its neighbours."""
    assert [version.number for version in versions(text)] == numbers


@pytest.mark.parametrize(
    "text", ["a ratio of 0.5", "Kafka 2.5 GB", "127.0.0.1:9092", "192.168.0.1", "server-1.properties"]
)
def test_decimals_and_addresses_are_no_versions(text: str) -> None:
    """A decimal with a unit or without context stays a number."""
    assert versions(text) == ()


def test_a_shorter_version_names_its_patches() -> None:
    """`3.9` is the same version as `3.9.1`, but not as `3.90`."""
    assert same_version("3.9", "3.9.1")
    assert not same_version("3.9", "3.90")


def test_versions_are_ordered_by_their_numbers() -> None:
    """A prefix is before what it begins; what has no number is before all."""
    ordered = [None, "main", "0.11.0", "2.8", "v3.9", "3.9.1", "3.10"]
    assert sorted(reversed(ordered), key=version_key)[2:] == ordered[2:]
    assert version_key(None) == version_key("main") == ()
