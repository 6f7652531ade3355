"""Versions and dates as texts and paths write them."""

from datetime import UTC, date, datetime
from pathlib import PurePosixPath

import pytest

from collegium.language.versions import same_version
from collegium.retrieval.parsing.metadata import iso_date, version_of_path, versions_in


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What is acks in Kafka 3.9?", ("3.9",)),
        ("from v2.8.1 to 3.9.x, or 0.10.2.1", ("2.8.1", "3.9", "0.10.2.1")),
        ("Kafka 2.8 and Kafka 2.8", ("2.8",)),
        ("port 9092, 10 MB, KIP-500, 127.0.0.1x, a1.2b", ()),
        ("version 3.", ()),
    ],
)
def test_versions_in_text(text: str, expected: tuple[str, ...]) -> None:
    """A version has at least two numbers and stands alone."""
    assert versions_in(text) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("kafka-docs/3.9/design.html", "3.9"),
        ("docs/v2.8.1/ops.md", "2.8.1"),
        ("kafka-3.9.0/README.md", "3.9.0"),
        ("docs/CHANGELOG-3.5.md", "3.5"),
        ("docs/3.9/notes-2.8.txt", "2.8"),
        ("docs/guide.html", None),
        ("docs/part1/chapter2.txt", None),
    ],
)
def test_version_of_a_path(path: str, expected: str | None) -> None:
    """The innermost name that has a version decides."""
    assert version_of_path(PurePosixPath(path)) == expected


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("3.9", "3.9", True),
        ("3.9", "3.9.1", True),
        ("3.9.1", "3.9.2", False),
        ("3.9", "3.90", False),
        ("2.8", "3.9", False),
    ],
)
def test_same_version(one: str, other: str, *, same: bool) -> None:
    """A shorter version names all its patches."""
    assert same_version(one, other) is same_version(other, one) is same


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-11-06T10:00:00Z", "2024-11-06"),
        ("2024-11", "2024-11"),
        (date(2024, 1, 2), "2024-01-02"),
        (datetime(2024, 1, 2, 23, tzinfo=UTC), "2024-01-02"),
        ("2024-13-45", None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_iso_date(value: object, expected: str | None) -> None:
    """Dates are ISO 8601 or nothing."""
    assert iso_date(value) == expected
