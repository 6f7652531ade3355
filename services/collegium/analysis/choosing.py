"""Which statements bear most on a question: each by what it says and where it stands, once, few of one passage."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from collegium.analysis.question import Question
from collegium.analysis.reaches import counts
from collegium.analysis.scoring import in_section, is_plain, share, standing, worth
from collegium.analysis.statements import Statement, reaching
from collegium.language.sentences import Span
from collegium.language.terms import TermKind

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
_LENT: Final = 0.8
"""What the better of a sentence's two neighbours is worth to it: a page names its subject once, then goes on."""
_BLANK_LINE: Final = re.compile(r"\n[^\S\n]*\n")
_LONGER: Final = 0.04
"""What a sentence must gain by what it is quoted with."""
_SIBLING: Final = 0.98
"""Of its description's score, what a setting's default is worth to a question about an amount."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A statement with how much it bears on a question, 0 to 1.

    Attributes:
        statement: what was scored.
        score: what it says and where it stands: the order in which statements are worth reporting.
        quoted: the statement with what it is quoted with.
        said: by what it says, nearly alone: whether it answers the question.
        own: by what it says alone: the worth of its words.
        rank: the search's score of its passage as a share of the best one's.
        lent: it holds none of the question's words: what stands beside it does.
    """

    statement: Statement
    score: float
    quoted: Statement
    said: float
    own: float = 0.0
    rank: float = 0.0
    lent: bool = False


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
    bearing = [
        one for one in _with_siblings(question, _lending(question, scored)) if one.score >= least and _bears(one, least)
    ]
    return _few_per_passage(bearing, limit)


def _bears(one: Scored, least: float) -> bool:
    """Whether a statement bears on the question: by itself, or, if it is plain, by where it stands.

    A planted order stands wherever its author likes.
    """
    return one.said >= least or ((one.lent or one.said >= _LEAST_SAID) and is_plain(one.statement))


def _quoted(question: Question, statement: Statement, coverage: float, rank: float) -> Scored:
    """A statement with its score, quoted with what stands around it where that raises the score."""
    quoted, value = statement, worth(question, statement, coverage)
    leads = _only_leads(statement)
    for span in statement.reaches:
        longer = reaching(statement, span)
        more = worth(question, longer, coverage) - _LONGER
        if leads or more > value:
            quoted, value = longer, max(value, more)
    own = share(value)
    said = own * ((1 - _PRIOR) + _PRIOR * rank)
    return Scored(statement, _order(own, rank, quoted.text) if own > 0 else 0.0, quoted, said, own, rank)


def _lending(question: Question, scored: Mapping[tuple[str, int], Scored]) -> Mapping[tuple[str, int], Scored]:
    """The statements, each plain sentence with a share of what the ones right before and after it are worth.

    `The zxid has two parts. The high order 32 bits are the epoch.`: the second holds no word of a question about zxids.
    Without any it must stand in a section of its page: a planted sentence stands beside what answers, too.
    """
    lent: dict[tuple[str, int], Scored] = dict(scored)
    for before, one, after in _neighbours(scored.values()):
        own = _LENT * max(before, after) * standing(question, one.statement)
        if own > one.own and is_plain(one.statement) and (one.own > 0 or in_section(one.statement)):
            order = _order(own, one.rank, one.quoted.text)
            lent[one.statement.place] = replace(one, score=order, lent=one.own == 0)
    return lent


def _neighbours(scored: Iterable[Scored]) -> Iterator[tuple[float, Scored, float]]:
    """Each sentence with the worth of the ones right before and after it; 0 where there is none."""
    sentences = [one for one in scored if one.statement.setting is None]
    ordered = sorted(sentences, key=lambda one: one.statement.place)
    beside = [_adjoin(one.statement, other.statement) for one, other in pairwise(ordered)]
    for at, one in enumerate(ordered):
        before = ordered[at - 1].own if at and beside[at - 1] else 0.0
        after = ordered[at + 1].own if at < len(beside) and beside[at] else 0.0
        yield before, one, after


def _adjoin(one: Statement, other: Statement) -> bool:
    """Whether the second stands right after the first, in its paragraph or list."""
    if one.passage.passage_id != other.passage.passage_id:
        return False
    between = one.passage.text[one.span.end : other.span.start]
    return one.span.end <= other.span.start and not between.strip() and _BLANK_LINE.search(between) is None


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
    return [one for one in taken if not one.lent or any(_stands_beside(one, other) for other in taken)]


def _stands_beside(one: Scored, other: Scored) -> bool:
    """Whether the second is a sentence right before or after the first that holds words of the question itself."""
    this, that = one.statement, other.statement
    return not other.lent and (_adjoin(this, that) or _adjoin(that, this))


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
