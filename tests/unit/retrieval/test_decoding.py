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


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("gb18030", "消息默认保留七天,之后旧的日志段会被删除。"),
        ("big5", "訊息預設保留七天,之後舊的日誌會被刪除。"),
        ("shift_jis", "東京都の人口は約千四百万人です。"),
        ("euc_jp", "東京都の人口は約千四百万人です。"),
        ("euc_kr", "서울은 대한민국의 수도이며 한강이 흐른다."),
        ("cp1251", "Москва является столицей России."),
        ("koi8_r", "Москва является столицей России."),
        ("cp1253", "Η Αθήνα είναι η πρωτεύουσα της Ελλάδας."),
        ("cp1255", "ירושלים היא בירת ישראל. הכנסת יושבת בעיר."),
        ("cp1256", "القاهرة هي عاصمة مصر وتقع على نهر النيل."),
    ],
)
@pytest.mark.parametrize("times", [1, 3000])
def test_older_encodings_are_told_by_their_letters(encoding: str, text: str, times: int) -> None:
    """A file from before UTF-8 is read in the encoding that makes words of it, and its owner is told which."""
    found, (note,) = decode((text * times).encode(encoding))
    assert found == text * times
    assert note.startswith(f"read as {encoding}")


@pytest.mark.parametrize("text", ["Grösse", "naïve café résumé", "El niño comió mañana", "Größe und Länge"])
def test_western_words_are_not_taken_for_another_script(text: str) -> None:
    """Letters with accents inside Latin words are Windows-1252."""
    assert decode(text.encode("cp1252"))[0] == text


def test_two_encodings_in_one_file_are_both_read() -> None:
    """Lines of Windows-1252 that were copied into UTF-8 spoil neither."""
    text, (note,) = decode("Größe in UTF-8.\n".encode() * 3 + "Größe in Latin-1.\n".encode("latin-1") * 3)
    assert text == "Größe in UTF-8.\n" * 3 + "Größe in Latin-1.\n" * 3
    assert note.startswith("read as UTF-8 with Windows-1252 in it, from byte 56 on")
