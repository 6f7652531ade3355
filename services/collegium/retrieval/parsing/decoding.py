"""Bytes of a text file into characters, without guessing in silence."""

import codecs
import re
from typing import Final

from charset_normalizer import CharsetMatch, from_bytes

from collegium.retrieval.errors import DocumentError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE_BYTES = 1 << 16
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_MOST_CONTROL_SHARE = 0.005
_ENCODINGS: Final = (
    *("cp1252", "cp1251", "koi8_r", "cp1253", "cp1255", "cp1256"),
    *("gb18030", "big5", "shift_jis", "euc_jp", "euc_kr"),
)
"""Told apart by their letters; other Western encodings differ from the first in few characters, and guessing errs."""
_NOT_ASCII: Final = re.compile(rb"[\x80-\xff]+")
_LEAST_UTF8_SHARE: Final = 0.3
"""Of the runs of bytes that are not ASCII: in other encodings, few of them are UTF-8 by chance."""
_BEYOND_ASCII: Final = re.compile(r"\w*[^\W\x00-\x7f]\w*")
_GUESSED_BYTES: Final = 4_000
_LONGEST_CHAR_BYTES: Final = 4
_FEWEST_LETTERS: Final = 8
"""Beyond ASCII: fewer do not tell their language."""
_ASCII_LETTER: Final = re.compile(r"[A-Za-z]")
_WINDOWS_1252: Final = {0xDC00 + byte: bytes([byte]).decode("cp1252", "replace") for byte in range(0x80, 0x100)}
_NOT_TEXT = DocumentError("it is binary data, not text", "give it the extension of its real type or leave it out")


def decode(data: bytes, *, html: bool = False) -> tuple[str, tuple[str, ...]]:
    """Decode a text file.

    By its byte order mark, else as UTF-8, UTF-16 without a mark, a page's own charset, UTF-8 with other bytes in it,
    the encoding that its letters tell, and at last Latin-1.

    Returns:
        The text, and a note for each thing that its owner should know.

    Raises:
        DocumentError: when the bytes are no text.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _strict(data, encoding), ()
    try:
        text, notes = data.decode("utf-8"), ()
    except UnicodeDecodeError as error:
        text, notes = _fallback(data, error, html=html)
    else:
        if "\x00" in text[:_SAMPLE_BYTES]:
            text, notes = _utf16_without_mark(data)
    sample = text[:_SAMPLE_BYTES]
    if len(_CONTROL.findall(sample)) > _MOST_CONTROL_SHARE * max(200, len(sample)):
        raise _NOT_TEXT
    return text, notes


def _strict(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise DocumentError(
            f"its byte order mark says {encoding} but byte {error.start} is not", "save it as UTF-8"
        ) from error


def _utf16_without_mark(data: bytes) -> tuple[str, tuple[str, ...]]:
    """Text in which every other byte is NUL is UTF-16; the side of the NULs tells the byte order."""
    sample = data[:_SAMPLE_BYTES]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if max(even, odd) * 4 < len(sample) or min(even, odd) * 20 > len(sample):
        raise _NOT_TEXT
    encoding = "utf-16-be" if even > odd else "utf-16-le"
    return _strict(data, encoding), (f"read as {encoding}: it has no byte order mark",)


def _fallback(data: bytes, error: UnicodeDecodeError, *, html: bool) -> tuple[str, tuple[str, ...]]:
    sample = data[:_SAMPLE_BYTES]
    if b"\x00" in sample:
        return _utf16_without_mark(data)
    declared = _META_CHARSET.search(sample[:4096]) if html else None
    if declared:
        name = declared.group(1).decode("ascii")
        try:
            return data.decode(name), ()
        except (UnicodeDecodeError, LookupError):
            pass  # the page is wrong about itself; what follows reads it and the note says so
    mixed = _mostly_utf8(data)
    if mixed is not None:
        return mixed, (f"read as UTF-8 with Windows-1252 in it, from byte {error.start} on; save it as UTF-8",)
    return _by_letters(data, error.start)


def _mostly_utf8(data: bytes) -> str | None:
    """Text in UTF-8 into which lines of another encoding were copied; None when it is not that."""
    runs = _NOT_ASCII.findall(data[:_SAMPLE_BYTES])
    proper = sum(_is_utf8(run) for run in runs)
    if proper < _LEAST_UTF8_SHARE * len(runs):
        return None
    return data.decode("utf-8", "surrogateescape").translate(_WINDOWS_1252)


def _is_utf8(run: bytes) -> bool:
    try:
        run.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _guessed(data: bytes) -> CharsetMatch | None:
    """The encoding that makes words of the first bytes beyond ASCII; a last character that is cut is left out."""
    first = _NOT_ASCII.search(data)
    begin = first.start() if first else 0
    for left_out in range(_LONGEST_CHAR_BYTES):
        sample = data[begin : begin + _GUESSED_BYTES - left_out]
        found = from_bytes(sample, cp_isolation=list(_ENCODINGS)).best()
        if found is not None:
            return found
    return None


def _is_western(text: str) -> bool:
    """Whether most letters beyond ASCII stand beside ASCII ones: a word is not half Latin and half another script."""
    beyond = _BEYOND_ASCII.findall(text)
    if sum(map(len, beyond)) < _FEWEST_LETTERS:
        return True
    return 2 * sum(bool(_ASCII_LETTER.search(word)) for word in beyond) > len(beyond)


def _by_letters(data: bytes, wrong_at: int) -> tuple[str, tuple[str, ...]]:
    """Text in an older encoding, told by which one makes words of its bytes."""
    found = _guessed(data)
    if found is not None and found.encoding in _ENCODINGS[1:] and not _is_western(str(found)):
        try:
            text = data.decode(found.encoding)
        except UnicodeDecodeError:
            pass  # the sample was no sample of the rest
        else:
            note = f"read as {found.encoding}: byte {wrong_at} is not UTF-8; save it as UTF-8 if letters look wrong"
            return text, (note,)
    try:
        text, encoding = data.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        text, encoding = data.decode("latin-1"), "Latin-1"
    return text, (f"read as {encoding}: byte {wrong_at} is not UTF-8; save it as UTF-8 if letters look wrong",)
