"""Dead letters hold whatever a topic took."""

import pytest

from collegium.log.dead_letters import DROPPED_BYTES_HEADER, DROPPED_SHA256_HEADER, PREFIX, dead_letter
from collegium.log.port import MAX_RECORD_BYTES, Headers, Outgoing, Record
from collegium.log.sizes import MAX_TOPIC_RECORD_BYTES, record_bytes


def letter(key: bytes | None, value: bytes | None, headers: Headers = (), reason: str = "no sense") -> Outgoing:
    """The letter for a record."""
    record = Record("t", 3, 7, 0, key, value, headers)
    return dead_letter(record, topic="d", stage="test", error_class="Poison", reason=reason)


def test_bytes_and_headers_are_kept_and_the_place_is_told() -> None:
    """Headers of an earlier letter are replaced."""
    made = letter(b"k", b"\xff", (("x", b"\x00"), (f"{PREFIX}topic", b"old")))
    assert (made.key, made.value, made.headers[0]) == (b"k", b"\xff", ("x", b"\x00"))
    assert dict(made.headers)[f"{PREFIX}topic"] == b"t"
    assert dict(made.headers)[f"{PREFIX}offset"] == b"7"


def test_a_record_without_key_and_value_becomes_one_that_can_be_written() -> None:
    """An adapter refuses a record that has neither."""
    assert letter(None, None).value == b""
    assert letter(b"k", None).value is None


def test_a_reason_that_is_no_unicode_is_still_told() -> None:
    """A lone surrogate, as some JSON holds, has no UTF-8 form."""
    assert dict(letter(b"k", b"", reason="bad \ud800").headers)[f"{PREFIX}exception.message"] == b"bad ?"


@pytest.mark.parametrize("part", ["key", "value", "headers"])
def test_the_largest_record_that_a_topic_takes_is_kept_whole(part: str) -> None:
    """Whatever it is that is large, and however long the reason."""
    large = b"x" * (MAX_TOPIC_RECORD_BYTES - 200)
    key, value = (large if part == "key" else b"k"), (large if part == "value" else b"v")
    made = letter(key, value, (("h", large),) if part == "headers" else (), reason="\u20ac" * 10_000)
    assert (made.key, made.value) == (key, value)
    assert record_bytes(made) <= MAX_RECORD_BYTES


@pytest.mark.parametrize("part", ["key", "value", "headers"])
def test_what_only_compression_made_small_is_told_by_length_and_hash(part: str) -> None:
    """No record can hold it; its letter can be written, and says where it lies."""
    large = b"x" * (2 * MAX_RECORD_BYTES)
    key, value = (large if part == "key" else b"k"), (large if part == "value" else b"v")
    made = letter(key, value, (("h", large),) if part == "headers" else ())
    assert record_bytes(made) <= MAX_RECORD_BYTES
    told = dict(made.headers)
    assert int(told[DROPPED_BYTES_HEADER]) == len(value)
    assert len(told[DROPPED_SHA256_HEADER]) == 64
    assert told[f"{PREFIX}offset"] == b"7"
