"""How much a statement bears on a question."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from collegium.analysis.addressing import order_in
from collegium.analysis.question import Question, keys_of
from collegium.analysis.reaches import counts, leans_back
from collegium.analysis.statements import Statement, reaching
from collegium.language.plain import trimmed
from collegium.language.sentences import Span
from collegium.language.settings import settings
from collegium.language.terms import TermKind, content, terms
from collegium.language.tokens import fold, stem
from collegium.language.versions import same_version, version_key

_CONTEXT_SHARE: Final = 0.5
"""How much a question's word counts that stands only in the headings above the sentence."""
_HEADING_SHARE: Final = 0.7
"""The same for a word of the innermost heading: it says what the whole section is about."""
_NEIGHBOUR_SHARE: Final = 0.4
"""The same for a word that stands only in other sentences of the passage."""
_SETTING_CONTEXT_SHARE: Final = 0.9
_NAMED_SETTING: Final = 0.97
_NAMED_BUT_NOT_ASKED: Final = 0.6
"""The scores of a labelled value whose setting the question names in full, asking for its default or something else."""
_PHRASE: Final = 0.06
_COVERAGE: Final = 0.2
"""What the passage's coverage of the question is worth."""
_MOST_PER_PASSAGE: Final = 8
_LENGTH: Final = 0.05
"""What a quote of `_FULL_WORDS` words is worth more than an empty one: of two alike the one that says more."""
_FULL_WORDS: Final = 40
_LEAST_SAID: Final = 0.15
"""A sentence that bears less on the question by what it says is none of its claims, wherever it stands."""

_PRIOR: Final = 0.25
"""What standing in the passage that the search ranked first is worth to whether a sentence answers."""
_PLACE: Final = 0.9
"""What it is worth to which sentences are the best, where a sentence's own words are worth 1.

A page that answers a question says so in sentences that hold few of its words; sentences elsewhere hold more of them by
chance. Of the facts that 50 questions ask for, so many are among the best 8 and 12 claims: 77 and 82 without, 87 and 89
with 0.6, 87 and 90 with 0.9. The cosine of a question and a sentence, by MiniLM, added nothing to it.
"""
_UNSPOKEN: Final = 0.9
"""A factor for a sentence that holds no word of the question, below a heading that does."""
_LONGER: Final = 0.04
"""What a sentence must gain by what it is quoted with."""
_SIBLING: Final = 0.98
"""Of its description's score, what a setting's default is worth to a question about an amount."""
_POINTS_BACK: Final = re.compile(r"(?:Here|The following)\b")
_OTHER_VERSION: Final = 0.6
_OLDER: Final = 0.95
_NO_AMOUNT: Final = 0.8
"""A factor for a sentence without any number, where the question wants one."""
_SPEAKS_OF_DEFAULT: Final = 0.12
_LONG_WORDS: Final = 50
_ABOUT_THE_TEXT: Final = re.compile(
    r"(?:Let['’]?s|As (?:described|mentioned|noted|discussed)|In (?:this|the following) section|Now that|We will)\b"
    r"|For now\b|.*\b(?:described|discussed|explained|covered)\b.{0,30}\b(?:section|below|later|next)\b"
    r"|.*\b(?:picture|figure|diagram|table|image)s? (?:above|below)\b"
)
_CROSS_REFERENCE: Final = re.compile(
    r"\b(?:see|refer to|click|visit|read more|for more (?:information|details))\b", re.I
)
_DEFAULT: Final = re.compile(r"\bdefaults?\b", re.IGNORECASE)
_INSTRUCTS: Final = re.compile(
    r"\byou (?:can|must|should|need|may|have to|will need|might)\b|\b(?:must|should|needs? to|has to|have to) be\b"
    r"|\bby (?:\w+ly )?(?:adding|setting|running|using|specifying|changing|editing|passing|providing)\b"
    r"|\bcan be used to\b|\buse the\b|\brun\b|\bcommand\b|\n\s+[$>#]?\s*\S"
    r"|^(?:First|Next|Then|Finally|Before|After|Once|To \w+)\b"
    r"|^(?:Add|Set|Start|Stop|Run|Use|Make|Ensure|Create|Edit|Change|Configure|Install|Download|Enable|Disable|Update"
    r"|Restart|Specify|Provide|Check|Verify|Open|Connect|Remove|Delete)\b"
)
_IS: Final = re.compile(
    r"((?:\S+\s+){1,4}?)(?:is|are|means|refers to|was|were)\s+(?:an?|the|one|any|used|non|\w+ly|when)\b", re.IGNORECASE
)
_DEFINES: Final = 0.15
"""What saying what a thing is is worth to a question about what it is."""
_FULL: Final = 0.8
_BEYOND: Final = 0.4
"""What is better than this is told apart by so much: many sentences hold all words of a short question."""
_TELLS_HOW: Final = 0.12
"""What telling the reader what to do is worth to a question about how to do it."""
_REASON: Final = re.compile(r"\b(?:because|since|so that|in order to|reason|due to)\b")
_PLAIN_END: Final = re.compile(r"[^.]\.['\")\]]*$")
_ENDS: Final = re.compile(r"[.!?…]['\")\]]*$")


@dataclass(frozen=True, slots=True)
class Scored:
    """A statement with how much it bears on a question, 0 to 1.

    Attributes:
        statement: what was scored.
        score: what it says and where it stands: the order in which statements are worth reporting.
        quoted: the statement with what it is quoted with.
        said: by what it says, nearly alone: whether it answers the question.
    """

    statement: Statement
    score: float
    quoted: Statement
    said: float


def score(question: Question, statement: Statement, coverage: float) -> float:
    """How much a statement bears on a question: the weighted share of the question's words that it holds.

    Words only in the headings above, or elsewhere in the passage, count less, except for a labelled value, which its
    heading names. What the
    question wants (a default, a number, a reason) raises it; a sentence that leans on another one, names another
    version than asked, or sends the reader elsewhere is lowered.

    Args:
        question: what is asked.
        statement: the sentence.
        coverage: the share of the question that the search found in the passage as a whole.
    """
    return _share(_worth(question, statement, coverage))


def _share(worth: float) -> float:
    """A worth from 0 to about 1.3 as a share of 1, in the same order."""
    return max(0.0, min(1.0, worth if worth < _FULL else _FULL + _BEYOND * (worth - _FULL)))


def _worth(question: Question, statement: Statement, coverage: float) -> float:
    """The score before it is cut at 1: what is still better than a perfect fit is preferred."""
    if statement.setting is not None and fold(statement.setting.name) in question.mentioned:
        named = _NAMED_SETTING if question.wants == "default" else _NAMED_BUT_NOT_ASKED
        return named * _standing(question, statement)
    total = sum(question.weights.values())
    keys = _with_joined(question, statement.keys)
    spoken = bool(question.weights.keys() & keys)
    if total <= 0 or not (spoken or _headed(question, statement)):
        return 0.0
    held = sum(weight * _holding(question, statement, key, keys) for key, weight in question.weights.items())
    base = held / total * ((1 - _COVERAGE) + _COVERAGE * coverage) * (1.0 if spoken else _UNSPOKEN)
    return (base + _bonus(question, statement)) * _standing(question, statement)


def _headed(question: Question, statement: Statement) -> bool:
    """Whether a plain sentence stands in a section whose heading speaks of what is asked.

    The heading above a whole page is no section's: what stands below it may speak of anything.
    """
    if _plain(statement) and _names_setting(question, statement):
        return True
    named = (question.weights.keys() - question.weak) & _with_joined(question, statement.heading)
    return " > " in statement.passage.heading and bool(named) and _plain(statement)


def _names_setting(question: Question, statement: Statement) -> bool:
    """Whether a statement describes a setting that the question names in full."""
    heading = statement.passage.heading.rsplit(" > ", 1)[-1]
    return fold(heading) in question.mentioned and bool(settings(statement.passage.text, statement.passage.heading))


def _plain(statement: Statement) -> bool:
    """Whether a statement is a whole sentence that orders nothing, or a value."""
    whole = statement.setting is not None or _PLAIN_END.search(statement.text) is not None
    return whole and order_in(statement.text) is None


def _holding(question: Question, statement: Statement, key: str, keys: frozenset[str]) -> float:
    """How much a statement holds of one word: 1 itself, less where only its surroundings do."""
    if key in keys:
        return 1.0
    if key in _with_joined(question, statement.heading) and statement.setting is None:
        return _HEADING_SHARE
    if key in _with_joined(question, statement.context):
        return _SETTING_CONTEXT_SHARE if statement.setting else _CONTEXT_SHARE
    return _NEIGHBOUR_SHARE if key in statement.around and statement.setting is None else 0.0


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
            if setting is None:
                return _SPEAKS_OF_DEFAULT if _DEFAULT.search(statement.text) else 0.0
            return 0.2 if setting.label == "default" and named else 0.0
        case "number":
            return 0.1 if TermKind.NUMBER in kinds else 0.0
        case "date":
            return 0.15 if TermKind.DATE in kinds else 0.0
        case "reason":
            return 0.08 if _REASON.search(statement.text) else 0.0
        case "definition":
            return _DEFINES if _defines(question, statement) else 0.0
        case "steps":
            return _TELLS_HOW if _INSTRUCTS.search(trimmed(statement.text)) else 0.0
        case _:
            return 0.0


def _defines(question: Question, statement: Statement) -> bool:
    """Whether a sentence begins with what is asked about and says what it is."""
    head = _IS.match(trimmed(statement.text))
    return head is not None and any(key in question.weights for key in keys_of(terms(head[1])) - question.weak)


def _standing(question: Question, statement: Statement) -> float:
    """A factor below 1 for what makes a sentence a poor one to quote."""
    factor = version_share(question, statement)
    if statement.setting is not None:
        label = statement.setting.label
        asked = label == "default" or stem(label.split()[0]) in question.weights
        return factor if asked else 0.5 * factor
    kinds = {term.kind for term in statement.terms}
    if question.wants == "number" and TermKind.NUMBER not in kinds:
        factor *= _NO_AMOUNT
    if question.wants == "date" and TermKind.DATE not in kinds:
        factor *= 0.7
    named = [term.key for term in statement.terms if term.kind is TermKind.VERSION]
    if named and question.versions and not any(same_version(a, b) for a in named for b in question.versions):
        factor *= 0.7
    return factor * _wording(trimmed(statement.text))


def version_share(question: Question, statement: Statement) -> float:
    """A factor below 1 for another version than the question names, and for an older one if it names none."""
    version = statement.passage.version
    if not version:
        return 1.0
    if question.versions:
        return 1.0 if any(same_version(version, asked) for asked in question.versions) else _OTHER_VERSION
    return _OLDER if question.newest is not None and version_key(version) < question.newest else 1.0


def _wording(text: str) -> float:
    """A factor below 1 for a sentence that does not stand on its own."""
    factor = 1.0
    if leans_back(text) or _POINTS_BACK.match(text):
        factor *= 0.85
    if len(text.split()) > _LONG_WORDS:
        factor *= 0.9
    if _ABOUT_THE_TEXT.match(text):
        factor *= 0.6
    if _CROSS_REFERENCE.search(text):
        factor *= 0.75
    return factor if _ENDS.search(text) else factor * 0.9


def best(
    question: Question, found: Iterable[tuple[Statement, float, float]], *, limit: int, least: float
) -> Sequence[Scored]:
    """The statements that bear most on a question, best first, each place once, a few per passage at most.

    Args:
        question: what is asked.
        found: statements, each with the coverage of its passage and the passage's rank from 0 to 1, 1 for the first.
        limit: the most to return.
        least: the score below which none is.
    """
    scored: dict[tuple[str, int], Scored] = {}
    for statement, coverage, rank in found:
        one = _quoted(question, statement, coverage, rank)
        known = scored.get(statement.place)
        if known is None or known.score < one.score:
            scored[statement.place] = one
    bearing = [one for one in _with_siblings(question, scored) if one.score >= least and _bears(one, least)]
    return _few_per_passage(bearing, limit)


def _bears(one: Scored, least: float) -> bool:
    """Whether a statement bears on the question: by itself, or, if it is plain, by where it stands.

    A planted order stands wherever its author likes.
    """
    return one.said >= least or (one.said >= _LEAST_SAID and _plain(one.statement))


def _quoted(question: Question, statement: Statement, coverage: float, rank: float) -> Scored:
    """A statement with its score, quoted with what stands around it where that raises the score."""
    quoted, value = statement, _worth(question, statement, coverage)
    leads = _only_leads(statement)
    for span in statement.reaches:
        longer = reaching(statement, span)
        more = _worth(question, longer, coverage) - _LONGER
        if leads or more > value:
            quoted, value = longer, max(value, more)
    own = _share(value)
    said = own * ((1 - _PRIOR) + _PRIOR * rank)
    return Scored(statement, _order(own, rank, quoted.text) if own > 0 else 0.0, quoted, said)


def _only_leads(statement: Statement) -> bool:
    """Whether a sentence says nothing without what it leads to: `Start the container:`."""
    return statement.text.endswith(":") and not counts(statement.text)


def _order(own: float, rank: float, text: str) -> float:
    """The score by which statements are chosen: what one says, where it stands, and how much it says."""
    length = min(1.0, len(text.split()) / _FULL_WORDS) - 0.5
    return max(0.0, min(1.0, (own + _PLACE * rank) / (1 + _PLACE) + _LENGTH * length))


def _with_siblings(question: Question, scored: Mapping[tuple[str, int], Scored]) -> Iterable[Scored]:
    """A question about an amount is answered by the default of the setting that its best sentence describes."""
    if question.wants not in {"default", "number"}:
        return scored.values()
    described: dict[str, Scored] = {}
    for one in scored.values():
        if one.statement.setting is None:
            passage_id = one.statement.passage.passage_id
            known = described.get(passage_id)
            described[passage_id] = one if known is None or known.score < one.score else known
    return [
        _raised(one, described.get(one.statement.passage.passage_id))
        if one.statement.setting is not None and one.statement.setting.label == "default" and _fits(question, one)
        else one
        for one in scored.values()
    ]


def _raised(one: Scored, description: Scored | None) -> Scored:
    if description is None:
        return one
    score, said = _SIBLING * description.score, _SIBLING * description.said
    return replace(one, score=max(one.score, score), said=max(one.said, said))


def _fits(question: Question, one: Scored) -> bool:
    return question.wants != "number" or any(term.kind is TermKind.NUMBER for term in one.statement.terms)


def _few_per_passage(scored: Sequence[Scored], limit: int) -> Sequence[Scored]:
    taken: list[Scored] = []
    per_passage: dict[str, int] = {}
    for one in sorted(scored, key=lambda one: (-one.score, *one.statement.place)):
        passage_id = one.statement.passage.passage_id
        if per_passage.get(passage_id, 0) < _MOST_PER_PASSAGE and len(taken) < limit:
            per_passage[passage_id] = per_passage.get(passage_id, 0) + 1
            _tell(one, taken)
    return taken


def _tell(one: Scored, taken: list[Scored]) -> None:
    """Add a statement to better ones of which none is to be quoted twice.

    If it is quoted with a better one, that is quoted with it; if with a part of one, it is quoted alone.
    """
    span = one.quoted.span
    at = [n for n, other in enumerate(taken) if _same_place(one, other) and _overlap(span, other.quoted.span)]
    within = [n for n in at if span.start <= taken[n].quoted.span.start and taken[n].quoted.span.end <= span.end]
    if within and len(within) == len(at):
        taken[at[0]] = replace(taken[at[0]], quoted=one.quoted)
    alone = at and not any(_overlap(one.statement.span, taken[n].quoted.span) for n in at)
    taken.append(replace(one, quoted=one.statement) if alone else one)


def _same_place(one: Scored, other: Scored) -> bool:
    return one.quoted.passage.passage_id == other.quoted.passage.passage_id


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end
