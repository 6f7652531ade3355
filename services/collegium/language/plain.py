"""Sentences without their dress: list markers, emphasis, quotation marks, leading connectives."""

import re
import unicodedata
from functools import lru_cache

_MARKER = re.compile(r"^(?:[-*+•‣▪·–>]\s+|\(?\d{1,3}[.)]\s+|\#{1,6}\s+)+")
_CONNECTIVE = re.compile(
    r"^(?:however|therefore|thus|hence|consequently|moreover|furthermore|in addition|additionally|also|besides|"
    r"nevertheless|nonetheless|similarly|likewise|as a result|accordingly|indeed|finally|lastly|note that|"
    r"please note that|note|that said|in fact|of course|in other words|and|but|so|yet)\s*(?:,|:|(?<=that))\s+",
    re.IGNORECASE,
)
_DRESS = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "`": None, "\u00a0": " "})
_EMPHASIS = re.compile(r"(?<!\w)[*_]+(?=\w)|(?<=\w)[*_]+(?!\w)")
_PLAIN_WORD = re.compile(r"[a-z]+(?=[\s,;:'’]|\.(?:\s|$)|$)")


@lru_cache(maxsize=1 << 13)
def trimmed(text: str) -> str:
    """The sentence without list markers and leading connectives, on one line, its first letter upper-case.

    What it says is unchanged: only words that tie it to a sentence before it go. An identifier at its start keeps
    its case.
    """
    one_line = " ".join(text.split())
    one_line = one_line[beginning(one_line) :]
    first = _PLAIN_WORD.match(one_line)
    return one_line[0].upper() + one_line[1:] if first and one_line else one_line


def beginning(text: str) -> int:
    """Where a sentence begins behind its list markers and leading connectives."""
    at = 0
    while found := _MARKER.match(text[at:]) or _CONNECTIVE.match(text[at:]):
        at += found.end()
    return at


@lru_cache(maxsize=1 << 13)
def plain(text: str) -> str:
    """A form in which two spellings of one sentence are equal: folded, trimmed, no emphasis, no final full stop."""
    bare = unicodedata.normalize("NFC", trimmed(_EMPHASIS.sub("", text.translate(_DRESS)))).casefold()
    return bare.rstrip(" .;,:")
