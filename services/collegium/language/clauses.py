"""The parts of a sentence that say something of their own, told by commas and by words that begin a clause."""

import re
from itertools import pairwise
from typing import Final

MOST_CLAUSES: Final = 6
"""Of a sentence; what follows stays with the last."""
_MOST_PIECES: Final = 200
_LEAST_WORDS: Final = 3
"""A shorter piece, as in a list or a date, says nothing alone."""
_BEGINNINGS: Final = ("and", "but", "while", "which", "who", "where", "when", "after", "before", "because")
_BEGINS: Final = rf"(?:{'|'.join(_BEGINNINGS)})\b"
_BEHIND_NONE: Final = "".join(rf"(?<!\b{word})" for word in _BEGINNINGS)
_BOUNDARY: Final = re.compile(rf"(?<=[,;])\s+(?![\s\d])|(?<!\s){_BEHIND_NONE}\s+(?={_BEGINS})", re.IGNORECASE)
_BEGINNING: Final = re.compile(rf"{_BEGINS}\s*", re.IGNORECASE)
_EDGES: Final = " \t\r\n,;."


def clauses(sentence: str) -> tuple[str, ...]:
    """The clauses of a sentence in order, without the punctuation around them; the sentence where it has only one.

    Pieces of fewer than three words, beside the one that begins them, stay with the one before; where such a piece
    comes first, the next stays with it. Two such words in a row (`before and after`) begin one clause.
    """
    cuts = [0, *[found.end() for found in _BOUNDARY.finditer(sentence)][:_MOST_PIECES], len(sentence)]
    begins = [0]
    for begin, end in pairwise(cuts[1:]):
        alone = not _short(sentence[begin:end]) and not _short(sentence[begins[-1] : begin])
        if alone and len(begins) < MOST_CLAUSES:
            begins.append(begin)
    return tuple(sentence[begin:end].strip(_EDGES) for begin, end in pairwise([*begins, len(sentence)]))


def _short(piece: str) -> bool:
    """Whether it says nothing alone."""
    bare = _BEGINNING.sub("", piece.strip(_EDGES), count=1)
    return len(bare.split()) < _LEAST_WORDS
