"""Bytes of a text file into characters, without guessing in silence."""

import codecs
import re

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
_NOT_TEXT = DocumentError("it is binary data, not text", "give it the extension of its real type or leave it out")


def decode(data: bytes, *, html: bool = False) -> tuple[str, tuple[str, ...]]:
    """Decode a text file: byte order mark, UTF-8, UTF-16 without a mark, a page's own charset, then Latin-1.

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
            pass  # the page is wrong about itself; Latin-1 below reads it and the note says so
    try:
        text, encoding = data.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        text, encoding = data.decode("latin-1"), "Latin-1"
    return text, (f"read as {encoding}: byte {error.start} is not UTF-8; save it as UTF-8 if letters look wrong",)
