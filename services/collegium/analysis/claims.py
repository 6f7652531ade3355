"""Sentences of the evidence that bear on a question, scored."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from collegium.analysis.question import Question, keys_of
from collegium.language.operators import Operator
from collegium.language.plain import trimmed
from collegium.language.sentences import Span, sentences
from collegium.language.settings import Setting, settings
from collegium.language.terms import Term, TermKind, content, terms
from collegium.language.tokens import fold, stem
from collegium.language.versions import same_version
from collegium_schemas.evidence import Passage

_SHORTEST_CHARS: Final = 20
_LONGEST_CHARS: Final = 600
_FEWEST_WORDS: Final = 3
_CONTEXT_SHARE: Final = 0.6
"""How much a question's word counts that stands only in the headings above the sentence."""
_SETTING_CONTEXT_SHARE: Final = 0.9
_NAMED_SETTING: Final = 0.97
"""The score of a labelled value whose setting the question names in full."""
_PHRASE: Final = 0.06
_MOST_PER_PASSAGE: Final = 6

_POINTS_BACK: Final = re.compile(
    r"(?:This|It|They|These|Those|Such|He|She|That|Here|Its|Their|Otherwise|The (?:latter|former|following))\b"
)
_ABOUT_THE_TEXT: Final = re.compile(
    r"(?:Let['’]?s|As (?:described|mentioned|noted|discussed)|In (?:this|the following) section|Now that|We will)\b"
    r"|.*\b(?:picture|figure|diagram|table|image)s? (?:above|below)\b"
)
_CROSS_REFERENCE: Final = re.compile(
    r"\b(?:see|refer to|click|visit|read more|for more (?:information|details))\b", re.I
)
_REASON: Final = re.compile(r"\b(?:because|since|so that|in order to|reason|due to)\b")
_CODE: Final = re.compile(r"^(?: {4,}|\t)|^\S+=\[|[{};]\s*$|^\s*[$#>]\s|\\$|=>|\bbin/\w+\.sh\b|--\w+", re.MULTILINE)
_ENDS: Final = re.compile(r"[.!?…]['\")\]]*$")
# Text that addresses whoever processes it instead of saying something about its subject is never a claim.
_ADDRESSES_READER: Final = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:instructions?|prompts?|rules|above|previous|context)\b"
    r"|\byou are (?:now|an?)\b.{0,30}\b(?:assistant|ai|model|agent|bot)\b|\bsystem prompt\b|<\|?(?:im_start|system)"
    r"|\b(?:assistant|ai model|language model)s?\b.{0,30}\b(?:must|should|reply|respond|answer|report|output)\b",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of a passage, ready to be compared. `setting` is set for a labelled value (`Default: | 1`)."""

    passage: Passage
    span: Span
    text: str
    terms: tuple[Term, ...]
    keys: frozenset[str]
    context: frozenset[str]
    setting: Setting | None = None

    @property
    def place(self) -> tuple[str, int]:
        """What identifies the sentence in the corpus."""
        return self.passage.passage_id, self.span.start


@dataclass(frozen=True, slots=True)
class Scored:
    """A statement with how much it bears on a question, 0 to 1."""

    statement: Statement
    score: float


def statements(passage: Passage) -> tuple[Statement, ...]:
    """The sentences of a passage that state something on their own, and its labelled values, in order."""
    context = keys_of(terms(f"{passage.title}\n{passage.heading}"))
    return tuple(
        Statement(passage, one.span, one.span.of(passage.text), one.terms, keys_of(one.terms), context, one.setting)
        for one in _read(passage.text, passage.heading)
    )


@dataclass(frozen=True, slots=True)
class _Stated:
    span: Span
    terms: tuple[Term, ...]
    setting: Setting | None = None


@lru_cache(maxsize=1024)
def _read(text: str, heading: str) -> tuple[_Stated, ...]:
    rows = settings(text, heading)
    found = [_Stated(row.span, terms(row.statement()), row) for row in rows]
    for span in sentences(text):
        if any(span.start < row.span.end and row.span.start < span.end for row in rows):
            continue
        said = terms(span.of(text)) if _states_something(span.of(text)) else ()
        if len(content(said)) >= _FEWEST_WORDS:
            found.append(_Stated(span, said))
    return tuple(sorted(found, key=lambda one: one.span.start))


def addresses_reader(text: str) -> bool:
    """Whether a text gives orders to whoever processes it, as planted instructions do."""
    return _ADDRESSES_READER.search(text) is not None


def _states_something(text: str) -> bool:
    """Prose of one sentence: no heading, code, table row, question, lead-in, or order to the reader."""
    if not _SHORTEST_CHARS <= len(text) <= _LONGEST_CHARS or text.endswith((":", "?")) or " | " in text:
        return False
    letters = sum(character.isalpha() or character == " " for character in text)
    return letters >= 0.7 * len(text) and _CODE.search(text) is None and not addresses_reader(text)


def score(question: Question, statement: Statement, coverage: float) -> float:
    """How much a statement bears on a question: the weighted share of the question's words that it holds.

    Words only in the headings above count less, except for a labelled value, which its heading names. What the
    question wants (a default, a number, a reason) raises it; a sentence that leans on another one, names another
    version than asked, or sends the reader elsewhere is lowered.

    Args:
        question: what is asked.
        statement: the sentence.
        coverage: the share of the question that the search found in the passage as a whole.
    """
    if statement.setting is not None and fold(statement.setting.name) in question.mentioned:
        return _NAMED_SETTING * _standing(question, statement)
    total = sum(question.weights.values())
    keys = _with_joined(question, statement.keys)
    if total <= 0 or not (question.weights.keys() & keys):
        return 0.0
    context = _with_joined(question, statement.context)
    share = _SETTING_CONTEXT_SHARE if statement.setting else _CONTEXT_SHARE
    held = sum(
        weight if key in keys else share * weight if key in context else 0.0 for key, weight in question.weights.items()
    )
    base = held / total * (0.8 + 0.2 * coverage)
    return max(0.0, min(1.0, (base + _bonus(question, statement)) * _standing(question, statement)))


def _with_joined(question: Question, keys: frozenset[str]) -> frozenset[str]:
    """The stems, and both halves of each compound that the question writes apart."""
    halves = [half for compound, pair in question.joined.items() if compound in keys for half in pair]
    return keys.union(halves) if halves else keys


def _bonus(question: Question, statement: Statement) -> float:
    words = content(statement.terms)
    side_by_side = sum((a.key, b.key) in question.phrases for a, b in pairwise(words))
    return min(2, side_by_side) * _PHRASE + _wanted(question, statement)


def _wanted(question: Question, statement: Statement) -> float:
    """What having the kind of answer that the question wants is worth."""
    setting = statement.setting
    kinds = {term.kind for term in statement.terms}
    match question.wants:
        case "default":
            named = setting is not None and bool(question.weights.keys() & keys_of(terms(setting.name)))
            return 0.2 if setting is not None and setting.label == "default" and named else 0.0
        case "number":
            return 0.1 if TermKind.NUMBER in kinds else 0.0
        case "date":
            return 0.15 if TermKind.DATE in kinds else 0.0
        case "reason":
            return 0.08 if _REASON.search(statement.text) else 0.0
        case _:
            return 0.0


def _standing(question: Question, statement: Statement) -> float:
    """A factor below 1 for what makes a sentence a poor one to quote."""
    factor = 1.0
    version = statement.passage.version
    if version and question.versions and not any(same_version(version, asked) for asked in question.versions):
        factor *= 0.6
    if statement.setting is not None:
        label = statement.setting.label
        asked = label == "default" or stem(label.split()[0]) in question.weights
        return factor if asked else 0.5 * factor
    text = trimmed(statement.text)
    if _POINTS_BACK.match(text):
        factor *= 0.85
    if _ABOUT_THE_TEXT.match(text):
        factor *= 0.6
    if _CROSS_REFERENCE.search(text):
        factor *= 0.75
    return factor if _ENDS.search(text) else factor * 0.9


def best(question: Question, found: Iterable[tuple[Statement, float]], *, limit: int, least: float) -> Sequence[Scored]:
    """The statements that bear most on a question, best first, each place once, a few per passage at most."""
    scored: dict[tuple[str, int], Scored] = {}
    for statement, coverage in found:
        value = score(question, statement, coverage)
        known = scored.get(statement.place)
        if value >= least and (known is None or known.score < value):
            scored[statement.place] = Scored(statement, value)
    ranked = sorted(scored.values(), key=lambda one: (-one.score, *one.statement.place))
    taken: list[Scored] = []
    per_passage: dict[str, int] = {}
    for one in ranked:
        passage_id = one.statement.passage.passage_id
        if per_passage.get(passage_id, 0) < _MOST_PER_PASSAGE and len(taken) < limit:
            per_passage[passage_id] = per_passage.get(passage_id, 0) + 1
            taken.append(one)
    return taken


def denies(statement: Statement) -> bool:
    """Whether the sentence holds a negation."""
    return any(term.key == Operator.NOT for term in statement.terms)
