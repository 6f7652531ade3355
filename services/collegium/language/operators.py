"""Small words that turn a sentence's meaning: negation, quantifiers, modality, comparison, condition, order.

Each operator stands for all its ways of being said: `at least 3`, `3 or more` and `no fewer than 3` are `>= 3`.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Operator(StrEnum):
    """What such a word does to the sentence."""

    NOT = "not"
    ALL = "all"
    ANY = "any"
    SOME = "some"
    MOST = "most"
    MANY = "many"
    FEW = "few"
    ONLY = "only"
    BOTH = "both"
    EITHER = "either"
    AT_LEAST = "at least"
    AT_MOST = "at most"
    MORE = "more than"
    LESS = "less than"
    EXACTLY = "exactly"
    ABOUT = "about"
    CAN = "can"
    MUST = "must"
    SHOULD = "should"
    WILL = "will"
    IF = "if"
    UNLESS = "unless"
    UNTIL = "until"
    WHEN = "when"
    BEFORE = "before"
    AFTER = "after"
    ALWAYS = "always"
    OFTEN = "often"
    SOMETIMES = "sometimes"


@dataclass(frozen=True, slots=True)
class Mark:
    """An operator and the characters [start, end) that say it; a `trailing` one follows the number it bounds."""

    operator: Operator
    start: int
    end: int
    trailing: bool = False


_NUMBER_FOLLOWS = (
    r"(?=\s+(?:[-+$€£]?\d|one\b|two\b|three\b|four\b|five\b|six\b|seven\b|eight\b|nine\b|ten\b|half\b|a\b))"
)
_NEGATION = (
    r"not|no|none|never|neither|nor|nobody|nothing|nowhere|without|"
    r"(?:do|does|did|is|are|was|were|has|have|had|need)n['’]t"
)

# The first pattern that matches at a place decides, so longer ways of saying come first.
_PATTERNS: tuple[tuple[Operator, str, bool], ...] = (
    (Operator.AT_LEAST, r"at\s+least|(?:no|not)\s+(?:less|fewer)\s+than|at\s+minimum|a\s+minimum\s+of|>=|≥", False),
    (Operator.AT_LEAST, r"(?:greater|more|larger|higher)\s+than\s+or\s+equal(?:\s+to)?", False),
    (Operator.AT_LEAST, r"or\s+(?:more|greater|higher|above)\b", True),
    (Operator.AT_MOST, r"at\s+most|(?:no|not)\s+(?:more|greater)\s+than|a\s+maximum\s+of|<=|≤", False),
    (Operator.AT_MOST, r"(?:less|fewer|smaller|lower)\s+than\s+or\s+equal(?:\s+to)?|up\s+to" + _NUMBER_FOLLOWS, False),
    (Operator.AT_MOST, r"or\s+(?:less|fewer|lower|below)\b", True),
    (Operator.MORE, r"(?:more|greater|larger|higher|longer)\s+than|over" + _NUMBER_FOLLOWS + r"|>(?=\s*\d)", False),
    (Operator.LESS, r"(?:less|fewer|smaller|lower|shorter)\s+than|under" + _NUMBER_FOLLOWS + r"|<(?=\s*\d)", False),
    (Operator.EXACTLY, r"exactly|precisely", False),
    (Operator.ABOUT, r"approximately|roughly|(?:about|around|nearly|almost|some)" + _NUMBER_FOLLOWS, False),
    (Operator.MUST, r"must|shall|(?:have|has|had)\s+to|needs?\s+to|(?:is|are)\s+required\s+to", False),
    (Operator.SHOULD, r"should|ought\s+to", False),
    (Operator.CAN, r"may|might|can|could", False),
    (Operator.WILL, r"will|would", False),
    (Operator.NOT, _NEGATION, False),
    (Operator.ALL, r"all|every|each|everything|everyone|entire|whole", False),
    (Operator.ANY, r"any|anything|anyone|whichever|whatever", False),
    (Operator.SOME, r"some|several|certain|something|someone", False),
    (Operator.MOST, r"most|mostly", False),
    (Operator.MANY, r"many|numerous", False),
    (Operator.FEW, r"few", False),
    (Operator.ONLY, r"only|solely|exclusively", False),
    (Operator.BOTH, r"both", False),
    (Operator.EITHER, r"either", False),
    (Operator.IF, r"if|whether|provided\s+that|assuming", False),
    (Operator.UNLESS, r"unless|except", False),
    (Operator.UNTIL, r"until|till", False),
    (Operator.WHEN, r"when|whenever|while", False),
    (Operator.BEFORE, r"before|prior\s+to", False),
    (Operator.AFTER, r"after", False),
    (Operator.ALWAYS, r"always", False),
    (Operator.OFTEN, r"often|usually|typically|generally|frequently", False),
    (Operator.SOMETIMES, r"sometimes|occasionally|rarely|seldom", False),
)
_TRAILING = frozenset(f"p{number}" for number, (_, _, trailing) in enumerate(_PATTERNS) if trailing)
_OPERATOR_OF = {f"p{number}": operator for number, (operator, _, _) in enumerate(_PATTERNS)}
# A word inside an identifier (`if-needed`, `any.host`) or a value (`acks=all`) is none; `acks=all` is compared
# as a word of its own.
_ANY_OPERATOR = re.compile(
    r"(?<![\w.\-=/])(?:"
    + "|".join(f"(?P<p{number}>{pattern})" for number, (_, pattern, _) in enumerate(_PATTERNS))
    + r")(?![\w=]|[.\-/]\w|['’]t\b)",
    re.IGNORECASE,
)
_DENIED_MODAL = re.compile(r"\b(can|wo|would|could|should|must|might)(not|n?['’]t)\b", re.IGNORECASE)
_MODALS = {
    "wo": Operator.WILL,
    "would": Operator.WILL,
    "should": Operator.SHOULD,
    "must": Operator.MUST,
}
_OPPOSITES = (
    {Operator.AT_LEAST, Operator.AT_MOST},
    {Operator.MORE, Operator.LESS},
    {Operator.BEFORE, Operator.AFTER},
    {Operator.AT_LEAST, Operator.LESS},
    {Operator.AT_MOST, Operator.MORE},
)


def operators(text: str) -> tuple[Mark, ...]:
    """The operators in a text, in order. `cannot` is CAN and NOT; `don't` is NOT."""
    found = [
        Mark(_OPERATOR_OF[name], match.start(), match.end(), trailing=name in _TRAILING)
        for match in _ANY_OPERATOR.finditer(text)
        if (name := match.lastgroup) is not None
    ]
    for match in _DENIED_MODAL.finditer(text):
        found.append(Mark(_MODALS.get(match.group(1).lower(), Operator.CAN), *match.span(1)))
        found.append(Mark(Operator.NOT, *match.span(2)))
    return tuple(sorted(found, key=lambda mark: mark.start))


def opposite(one: Operator, other: Operator) -> bool:
    """Whether the two cannot hold of the same thing at once, such as `at least` and `at most`."""
    return {one, other} in _OPPOSITES
