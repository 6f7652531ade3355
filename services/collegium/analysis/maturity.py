"""Sentences that disagree on how far a thing has come: production ready in one place, experimental in another."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from collegium.analysis.comparing import CONDITION, HEDGES, READ_AS_TRUE, Conflict, of_two_things, written
from collegium.analysis.mismatch import Marks, marks_of
from collegium.analysis.question import keys_of
from collegium.analysis.statements import Statement
from collegium.language.terms import terms

_READY: Final = re.compile(
    r"\bproduction[- ]ready\b|\bready for production\b|\bgenerally available\b|\bGA\b"
    r"|\bno longer (?:in )?(?:early access|experimental|a preview|deprecated)\b"
    r"|\b(?:is|are) (?:now )?(?:fully |officially )?(?:supported|stable|complete)\b"
    r"|\brecommended for (?:new|production|all)\b|\bsuitable for production\b"
    r"|(?<!not )\b(?:highly|strongly) recommended\b(?! (?:against|not|that\b|(?:to|you) (?:not|never|avoid)))"
)
_NOT_READY: Final = re.compile(
    r"\bnot (?:yet )?(?:\w+ )?(?:recommended|suitable|ready|supported|stable|implemented|complete|available)\b"
    r"|\bearly access\b|\bexperimental\b|\b(?:a )?(?:technical )?preview\b"
    r"|\b(?:alpha|beta) (?:feature|release|quality)\b|\bdeprecated\b|\bunsupported\b|\bunstable\b|\bin development\b",
    re.IGNORECASE,
)
_ELSEWHERE: Final = re.compile(
    r"\b(?:for more (?:information|details?)|for details|(?:please|can) (?:check|see|refer))\b"
    r".*?(?=[.;!?](?:\s|$)|\n\n|$)",
    re.IGNORECASE | re.DOTALL,
)
"""What sends its reader elsewhere, to the sentence's end."""
_SPELT: Final = re.compile(r"(?<!\w)--\w\S*")
"""An option of a command: that it is called experimental says nothing of how far its subject has come."""
_FEWEST_COMMON: Final = 2
_MOST: Final = 2
"""Pairs that are told: more of them say the same again."""
_SWITCH_WORDS: Final = keys_of(terms("enabled disabled enable disable default really still setting set on off"))
_STAGE_WORDS: Final = keys_of(
    terms(
        """production ready available access experimental preview deprecated supported stable recommended new complete
        still"""
    )
)


_ON: Final = re.compile(
    r"\b(?:is|are|been|be)\s+(?:now\s+|also\s+)?(?:enabled|turned on|switched on)\b|(?<!not )\benabled by default\b"
    r"|\benables\b[^.;]{1,60}\bby default\b|\bnow set to true\b|\bdefaults? to true\b",
    re.IGNORECASE,
)
_OFF: Final = re.compile(
    r"\b(?:is|are|been|be|remain(?:s|ed)?)\s+(?:now\s+|also\s+)?(?:disabled|turned off|switched off)\b"
    r"|(?<!not )\bdisabled by default\b|\bnow set to false\b|\bdefaults? to false\b",
    re.IGNORECASE,
)
_SENTENCE_END: Final = re.compile(r"[.;!?](?:\s|$)|\n{2,}")
_CLAUSE_END: Final = re.compile(r",\s(?:and\s)?|\sand\s")
_OWN_VERB: Final = re.compile(r"\b(?:is|are|was|were|has|have|enables|(?<!by )defaults?|remains?)\b", re.IGNORECASE)
"""Of a clause with a verb of its own: in `may be enabled and be disabled` the second has none."""
_BY_DEFAULT: Final = re.compile(r"\bby default\b", re.IGNORECASE)
_SET_DEFAULT: Final = re.compile(
    rf"[^,;:]*?{_OWN_VERB.pattern}[^,;:]*?\b(?:is|are|has been|have been)\s+(?P<value>now set to (?:true|false))\b",
    re.IGNORECASE,
)
"""What follows a condition: its own verb, and then the default's value."""
_DEFAULT_OF: Final = re.compile(r"\s*(?:[-*•]\s+)?(?:the )?default(?: value)? (?:for|of)\b", re.IGNORECASE)


def switch(text: str) -> int:
    """1 where a text says that something is on, -1 where it says that it is off, else 0.

    Sentences with a condition say neither, nor do clauses with a possibility (`can be enabled`); but what is so by
    default, or `unless` something, is so where nobody changes it. Two that are so by default, each on a condition, are
    left (`only_on_condition`).
    """
    if _ON.search(text) is None and _OFF.search(text) is None:
        return 0
    return _told(_plain_clauses(text))


def only_on_condition(text: str) -> bool:
    """Whether a text says that something is on or off, but nowhere without a condition."""
    return switch(text) != 0 and _told(_plain_clauses(text, conditional=False)) == 0


def _told(clauses: Iterable[str]) -> int:
    plain = "; ".join(clauses)
    return int(_ON.search(plain) is not None) - int(_OFF.search(plain) is not None)


def _plain_clauses(text: str, *, conditional: bool = True) -> Iterator[str]:
    """The clauses of a text without a possibility; `conditional` ones, too, of what is so by default.

    A default's value may stand behind its condition: `the default of audit when nobody is signed in is now set to
    false`.
    """
    for sentence in _SENTENCE_END.split(text):
        condition = CONDITION.search(sentence)
        if conditional and condition is not None and _DEFAULT_OF.match(sentence):
            value = _SET_DEFAULT.match(sentence, condition.end())
            if value is not None:
                yield value["value"]
        said = sentence if condition is None else sentence[: condition.start()]
        unbound = condition is None or condition.group().lower() == "unless"
        if unbound or (conditional and _BY_DEFAULT.search(said)):
            yield from _unhedged(said)


def _unhedged(sentence: str) -> Iterator[str]:
    """The clauses that say that something is so; a possibility goes on over `and` up to the next verb."""
    hedged, begin = False, 0
    for end in (*_CLAUSE_END.finditer(sentence), None):
        clause = sentence[begin : end.start()] if end else sentence[begin:]
        joined = sentence[:begin].endswith("and ")
        hedged = any(t.key in HEDGES for t in terms(clause)) or (hedged and joined and not _OWN_VERB.search(clause))
        if not hedged:
            yield clause
        begin = end.end() if end else len(sentence)


@dataclass(frozen=True, slots=True)
class Staged:
    """A statement, and the stage at which it, with what it is quoted with, puts what it speaks of: 1 or -1.

    Of two that are `bound`, each to a condition, neither excludes the other.
    """

    statement: Statement
    quoted: Statement
    stage: int
    bound: bool


def stage(text: str) -> int:
    """1 where a text says that something is ready, -1 where it says that it is not, else 0.

    What sends its reader elsewhere (`check the GA release notes`) says neither; what stands before it does.
    """
    plain = _SPELT.sub(" ", _ELSEWHERE.sub(" ", text))
    ready = _READY.search(plain) is not None
    late = _NOT_READY.search(_READY.sub(" ", plain)) is not None
    return int(ready) - int(late)


def disagreements(
    chosen: Sequence[tuple[Statement, Statement]], subjects: frozenset[str], marks: Marks = frozenset()
) -> list[tuple[Statement, Statement, Conflict]]:
    """Pairs of statements under different headings that put one thing at opposite stages, or on and off, each once.

    Args:
        chosen: statements with what they are quoted with, in order of how much they bear on the questions.
        subjects: stems of what the questions are about. Two statements are about one thing when they share two of
            them, counting the headings above, and at least one in their own words.
        marks: numbers in the questions with the word before each, such as `Java 8`: of those, both must speak.
    """
    return [
        *_opposite(chosen, stage, None, subjects - _STAGE_WORDS, marks, own=1),
        *_opposite(chosen, switch, only_on_condition, subjects - _SWITCH_WORDS, marks, own=_FEWEST_COMMON),
    ]


def _opposite(
    chosen: Sequence[tuple[Statement, Statement]],
    read: Callable[[str], int],
    bound: Callable[[str], bool] | None,
    subjects: frozenset[str],
    marks: Marks,
    *,
    own: int,
) -> list[tuple[Statement, Statement, Conflict]]:
    said = [(one, quoted) for one, quoted in chosen if one.setting is None and " | " not in quoted.text]
    staged = [
        Staged(one, quoted, at, bound is not None and bound(quoted.text))
        for one, quoted in said
        if (at := read(quoted.text))
    ]
    found: list[tuple[Statement, Statement, Conflict]] = []
    used: set[tuple[str, int]] = set()
    for one, other in combinations(staged, 2):
        if one.stage == other.stage or len(found) >= _MOST or {one.statement.place, other.statement.place} & used:
            continue
        if one.bound and other.bound:
            continue
        words = _shared(one.quoted, other.quoted, subjects, marks, min(own, len(subjects)))
        if words:
            used |= {one.statement.place, other.statement.place}
            found.append((one.statement, other.statement, Conflict("value", words, READ_AS_TRUE)))
    return found


def _shared(first: Statement, second: Statement, subjects: frozenset[str], marks: Marks, fewest_own: int) -> str:
    """What both speak of, in the first one's words; empty where they speak of two things."""
    if (first.passage.document_id, first.passage.heading) == (second.passage.document_id, second.passage.heading):
        return ""
    if of_two_things(first, second):
        return ""
    own = subjects & first.keys & second.keys
    marked = marks & marks_of(first.terms) & marks_of(second.terms)
    if not marked and any(word in own for word, _ in marks):
        return ""
    common = subjects & (first.keys | first.context) & (second.keys | second.context)
    if len(own) < max(1, fewest_own) or len(common) + len(marked) < min(_FEWEST_COMMON, len(subjects)):
        return ""
    return written(first.text, (term for term in first.terms if term.key in own))
