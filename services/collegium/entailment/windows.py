"""Windows of a document: what one judgement of the model sees."""

from collections.abc import Sequence
from dataclasses import dataclass

from collegium.language.sentences import sentences


@dataclass(frozen=True, slots=True)
class WindowRule:
    """`sentences` of a row make a window, the next begins `step` later; longer than `max_chars` gives fewer."""

    sentences: int = 3
    step: int = 2
    max_chars: int = 480


def split(text: str) -> list[str]:
    """The sentences of a text as the product finds them."""
    return [span.of(text) for span in sentences(text)]


def windows(rows: Sequence[str], rule: WindowRule) -> list[str]:
    """Overlapping windows that together hold every sentence; a sentence alone may exceed `max_chars`."""
    found: list[str] = []
    start = 0
    while start < len(rows):
        end = start + 1
        while end < min(start + rule.sentences, len(rows)) and len(" ".join(rows[start : end + 1])) <= rule.max_chars:
            end += 1
        found.append(" ".join(rows[start:end]))
        if end == len(rows):
            break
        start = min(start + rule.step, end)
    return found
