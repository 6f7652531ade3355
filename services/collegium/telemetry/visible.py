"""Makes what would act on a terminal, or reorder its words, readable instead.

Goals, titles, file names and reasons come from others. An escape sequence in one of them could recolour, clear or
retitle the terminal that shows it, a line end could forge a line of a log, and a bidirectional override could hide
words (CVE-2021-42574).
"""

import re
from typing import Final

_ACTS: Final = "\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_IN_TEXT: Final = re.compile(f"[{_ACTS}]")
_IN_LINE: Final = re.compile(f"[{_ACTS}\n\t]")


def visible(text: str, *, one_line: bool = False) -> str:
    r"""The text with each acting character as its escape, such as `\x1b`; inside JSON see `visible_json`.

    Args:
        text: Anything.
        one_line: Whether line ends and tabs are escaped, too.
    """
    if text.isascii() and text.isprintable():
        return text
    return (_IN_LINE if one_line else _IN_TEXT).sub(lambda found: _escape(found.group()), text)


def visible_json(document: str) -> str:
    """A JSON document with the same value and no acting character in it."""
    if document.isascii():
        return document.replace("\x7f", "\\u007f")  # JSON's writers escape all others of ASCII themselves
    return _IN_TEXT.sub(lambda found: f"\\u{ord(found.group()):04x}", document)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
