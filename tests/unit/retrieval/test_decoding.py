"""Bytes of text files into characters."""

import codecs

import pytest

from collegium.retrieval.errors import DocumentError
from collegium.retrieval.parsing.decoding import decode

TEXT = "Größe und “Länge” der Nachricht.\n" * 3


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode("utf-8"),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
    ],
)
def test_unicode_encodings_need_no_note(data: bytes) -> None:
    """UTF-8 and whatever a byte order mark announces is read as it is."""
    assert decode(data) == (TEXT, ())


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_recognised(encoding: str) -> None:
    """The zeros of UTF-16 tell its byte order; the note says what was assumed."""
    text = "Plain letters only.\n" * 5
    assert decode(text.encode(encoding)) == (text, (f"read as {encoding}: it has no byte order mark",))


def test_other_bytes_are_latin_1_and_reported() -> None:
    """A file in an old encoding is read, and its owner is told."""
    text, (note,) = decode("Grösse".encode("latin-1"))
    assert text == "Grösse"
    assert "byte 2 is not UTF-8" in note


def test_undefined_windows_bytes_fall_back_to_latin_1() -> None:
    """Bytes that Windows-1252 does not define still do not stop us."""
    text, (note,) = decode(b"text \x81 \xe9")
    assert text == "text \x81 é"
    assert note.startswith("read as Latin-1")


@pytest.mark.parametrize(
    "data",
    [
        bytes(range(256)) * 20,
        b"\x7fELF" + b"\x00\x01\x02\x00" * 500,
        b"text " * 10 + b"\x00" * 100,
        b"\x89PNG\r\n\x1a\n" + bytes(1000),
        b"\x01\x02\x03\x04" * 100,
    ],
)
def test_binary_data_is_refused(data: bytes) -> None:
    """Binary data under a text extension is no document."""
    with pytest.raises(DocumentError, match="binary data"):
        decode(data)


def test_a_mark_that_lies_is_reported() -> None:
    """A byte order mark before other bytes is an error with a place."""
    with pytest.raises(DocumentError, match="byte order mark says utf-8"):
        decode(codecs.BOM_UTF8 + b"ok \xff")
