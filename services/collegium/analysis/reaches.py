"""What a sentence is quoted with: the sentence before that it leans on, the one after that completes it, its list.

`The port the server listens on.` answers nothing without the `Defaults to 8080.` that follows, and a lead-in (`To add
partitions you can do`) nothing without what it leads to.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from collegium.language.quantities import measures
from collegium.language.sentences import Span

_MOST_WORDS: Final = 52
_MOST_FOLLOWING: Final = 2
"""Lines of code or list items that a lead-in is quoted with: a review compares three neighbouring sentences at most."""
_FEW_WORDS: Final = 14

_LEANS: Final = re.compile(
    r"(?:[-*•]\s+)?(?:(?:however|thus|therefore|instead|also|note that|hence|then|but|and|so)\b,?\s+)?"
    r"(?:(?:this|it|they|these|those|such|he|she|that|its|their|otherwise|once you|the (?:latter|former|same))\b"
    r"|(?:for (?:example|instance)|i\.e\.|e\.g\.|in (?:that|other) \w+|as a result|hence)"
    r"|(?:if|when|in|for|with|by|on|to|after)\b.{0,25}\b(?:this|these|those|so|it)\b)",
    re.IGNORECASE,
)
_COMPLETES: Final = re.compile(
    r"(?:The )?(?:default|defaults|by default|possible values|valid values|minimum|maximum|the default)\b",
    re.IGNORECASE,
)
_LISTED: Final = re.compile(r"[-*+•]\s|\d{1,2}[.)]\s")


def leans_back(text: str) -> bool:
    """Whether a sentence begins with words that point to the one before it."""
    return _LEANS.match(text) is not None


def counts(text: str) -> bool:
    """Whether a text counts things: `four core APIs`."""
    return any(measure.noun for measure in measures(text))


def reaches(text: str, spans: Sequence[Span], at: int) -> tuple[Span, ...]:
    """The longer stretches that one sentence of a text may be quoted with, each of at most 52 words.

    Args:
        text: the passage's text.
        spans: its sentences, in order.
        at: which of them.
    """
    return tuple(one for one in _candidates(text, spans, at) if len(one.of(text).split()) <= _MOST_WORDS)


def _candidates(text: str, spans: Sequence[Span], at: int) -> Iterator[Span]:
    this = spans[at]
    if leads(text, spans, at):
        following = [span for span in spans[at + 1 : at + 1 + _MOST_FOLLOWING] if _led(text, span)]
        for last in following[: len(following) if _is_code(text, spans[at + 1]) else 1]:
            yield Span(this.start, last.end)
        return
    before = spans[at - 1] if at else None
    after = spans[at + 1] if at + 1 < len(spans) else None
    if before is not None and _flows(text, before, this) and leans_back(this.of(text)):
        yield Span(before.start, this.end)
    if after is not None and _flows(text, this, after):
        if _belongs(after.of(text)):
            yield Span(this.start, after.end)
        last = spans[at + 2] if at + 2 < len(spans) else None
        if last is not None and _flows(text, after, last) and _completes(last.of(text)):
            yield Span(this.start, last.end)


def leads(text: str, spans: Sequence[Span], at: int) -> bool:
    """Whether a sentence leads to lines of code or list items right below it."""
    if at + 1 >= len(spans) or _is_code(text, spans[at]):
        return False
    said, following = spans[at].of(text), spans[at + 1]
    return (said.endswith(":") or (not said.endswith((".", "!", "?")) and _is_code(text, following))) and _led(
        text, following
    )


def _led(text: str, span: Span) -> bool:
    return _is_code(text, span) or _LISTED.match(span.of(text)) is not None


def _is_code(text: str, span: Span) -> bool:
    """Whether a span is an indented line."""
    begin = text.rfind("\n", 0, span.start) + 1
    return span.start - begin >= 4 and not text[begin : span.start].strip()


def _belongs(text: str) -> bool:
    """Whether a sentence completes the one before it: it leans on it, or states the value of what it names."""
    return leans_back(text) or _completes(text)


def _completes(text: str) -> bool:
    return _COMPLETES.match(text) is not None and len(text.split()) <= _FEW_WORDS


def lead_of(text: str, spans: Sequence[Span], at: int) -> Span | None:
    """The sentence that leads to the list in which one sentence of a text is an item; None where it is none."""
    if _LISTED.match(spans[at].of(text)) is None:
        return None
    for before in reversed(spans[:at]):
        said = before.of(text)
        if _LISTED.match(said) is None and "\n\n" in text[before.end : spans[at].start] and not said.endswith(":"):
            return None
        if said.endswith(":") and _LISTED.match(said) is None:
            return before
    return None


def leads_of(text: str, spans: Sequence[Span]) -> tuple[Span | None, ...]:
    """`lead_of` every sentence of a text, in one pass over a list without empty lines: an item has its neighbour's."""
    found: list[Span | None] = []
    for at, span in enumerate(spans):
        before = spans[at - 1] if at else None
        joined = before is not None and "\n\n" not in text[before.end : span.start]
        items = joined and before is not None and all(_LISTED.match(one.of(text)) for one in (before, span))
        found.append(found[-1] if items else lead_of(text, spans, at))
    return tuple(found)


def _flows(text: str, one: Span, other: Span) -> bool:
    """Whether two sentences stand in one paragraph."""
    return "\n" not in text[one.end : other.start]
