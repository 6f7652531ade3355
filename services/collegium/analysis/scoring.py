"""How much a statement bears on a question."""

import re
from itertools import pairwise
from typing import Final

from collegium.analysis.addressing import order_in
from collegium.analysis.question import Question, keys_of
from collegium.analysis.reaches import leans_back
from collegium.analysis.statements import Statement
from collegium.language.plain import trimmed
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

_UNSPOKEN: Final = 0.9
"""A factor for a sentence that holds no word of the question, below a heading that does."""
_SLIGHT_WORDS: Final = 2
"""A sentence of so few, or a line of code, bears on a question only if one of the words that tell is among them."""
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
    return share(worth(question, statement, coverage))


def share(worth: float) -> float:
    """A worth from 0 to about 1.3 as a share of 1, in the same order."""
    return max(0.0, min(1.0, worth if worth < _FULL else _FULL + _BEYOND * (worth - _FULL)))


def worth(question: Question, statement: Statement, coverage: float) -> float:
    """The score before it is cut at 1: what is still better than a perfect fit is preferred."""
    if statement.setting is not None and fold(statement.setting.name) in question.mentioned:
        named = _NAMED_SETTING if question.wants == "default" else _NAMED_BUT_NOT_ASKED
        return named * standing(question, statement)
    slight = statement.line or len(content(statement.terms)) <= _SLIGHT_WORDS
    if slight and not question.about & _with_joined(question, statement.keys):
        return 0.0
    total = sum(question.weights.values())
    keys = _with_joined(question, statement.keys)
    spoken = bool(question.weights.keys() & keys)
    if total <= 0 or not (spoken or _headed(question, statement)):
        return 0.0
    held = sum(weight * _holding(question, statement, key, keys) for key, weight in question.weights.items())
    base = held / total * ((1 - _COVERAGE) + _COVERAGE * coverage) * (1.0 if spoken else _UNSPOKEN)
    return (base + _bonus(question, statement)) * standing(question, statement)


def _headed(question: Question, statement: Statement) -> bool:
    """Whether a plain sentence stands in a section whose heading speaks of what is asked.

    The heading above a whole page is no section's: what stands below it may speak of anything.
    """
    if is_plain(statement) and _names_setting(question, statement):
        return True
    named = (question.weights.keys() - question.weak) & _with_joined(question, statement.heading)
    return in_section(statement) and bool(named) and is_plain(statement)


def in_section(statement: Statement) -> bool:
    """Whether a statement stands below a heading other than its page's."""
    return " > " in statement.passage.heading


def _names_setting(question: Question, statement: Statement) -> bool:
    """Whether a statement describes a setting that the question names in full."""
    heading = statement.passage.heading.rsplit(" > ", 1)[-1]
    return fold(heading) in question.mentioned and bool(settings(statement.passage.text, statement.passage.heading))


def is_plain(statement: Statement) -> bool:
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


def standing(question: Question, statement: Statement) -> float:
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
