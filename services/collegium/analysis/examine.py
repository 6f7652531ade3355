"""From evidence to analysis: claims per question, clusters, contradictions. Pure and deterministic."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from collegium.analysis import code_lines, commands, led_commands, removals, stated
from collegium.analysis.answering import answering, is_answered, nearness, unknown_share
from collegium.analysis.choosing import Scored, best
from collegium.analysis.clusters import Place, conflicts, groups, same_pairs
from collegium.analysis.comparing import Conflict, statement_text, version_of, versions_differ
from collegium.analysis.maturity import disagreements
from collegium.analysis.mismatch import Exact, exact
from collegium.analysis.own_version import only_version_differs
from collegium.analysis.question import Question, read_question
from collegium.analysis.revisions import Revision, revisions
from collegium.analysis.scoring import score, version_share
from collegium.analysis.second_look import SecondLook
from collegium.analysis.statements import Statement, denies, overlap, statements
from collegium.language.quantities import Measure
from collegium.language.sentences import Span
from collegium.language.terms import TermKind
from collegium_schemas import limits
from collegium_schemas.evidence import (
    Analysis,
    Claim,
    ClaimCluster,
    Contradiction,
    Evidence,
    Quantity,
    QuestionAnalysis,
    RankedPassage,
)

MOST_CLAIMS: Final = 40
"""Claims kept per question."""
MOST_CLAIMS_IN_ALL: Final = 600
"""Claims kept of all questions, shared evenly: it keeps the analysis well below the largest message."""
LEAST_SCORE: Final = 0.3
"""A sentence below this does not bear on the question."""
_REPORTABLE: Final = 0.55
_MOST_CHOSEN: Final = 40
"""Claims of all questions whose counterparts in other versions are looked for: those that a report may quote."""
_COUNTERPART_SHARE: Final = 0.95
_WELL: Final = 0.7
"""Of claims whose counterparts the model is asked about: what else is worded anew tells a reader little."""
_LINE_SCORE: Final = 0.6
"""Of a line of code that begins with a word of the question, and that another version writes differently."""

_Read: TypeAlias = Mapping[str, Sequence[Statement]]
"""What each passage states, by its id; read once."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question with everything that was found for it, over all searches."""

    question_id: str
    question: str
    passages: tuple[RankedPassage, ...]
    closeness: float | None = None
    """The highest that a search for it found."""


@dataclass(frozen=True, slots=True)
class _Answers:
    asked: Asked
    question: Question
    scored: Sequence[Scored]
    unknown: float
    told: frozenset[Place] = frozenset()
    """Lines of code that versions write differently: they answer what names them, as no other line does."""


def gather(evidence: Sequence[Evidence]) -> tuple[Asked, ...]:
    """The evidence by question, in order of first appearance; a question asked again keeps its first wording."""
    by_question: dict[str, list[Evidence]] = {}
    for found in evidence:
        by_question.setdefault(found.question_id, []).append(found)
    asked: list[Asked] = []
    for question_id, searches in by_question.items():
        passages: dict[str, RankedPassage] = {}
        for search in searches:
            for ranked in search.passages:
                known = passages.get(ranked.passage.passage_id)
                if known is None or known.coverage < ranked.coverage:
                    passages[ranked.passage.passage_id] = ranked
        closeness = max((s.closeness for s in searches if s.closeness is not None), default=None)
        asked.append(Asked(question_id, searches[0].question, tuple(passages.values()), closeness))
    return tuple(asked[: limits.MAX_FAN_OUT])


def examine(evidence: Sequence[Evidence], second_look: SecondLook | None = None) -> Analysis:
    """Extract, group and compare the claims of all evidence.

    The same evidence in the same order gives the same analysis, byte for byte.
    """
    asked = gather(evidence)
    read = {ranked.passage.passage_id: statements(ranked.passage) for one in asked for ranked in one.passages}
    frequency, count = _frequencies(read)
    share = max(1, min(MOST_CLAIMS, MOST_CLAIMS_IN_ALL // max(1, len(asked))))
    answers = [_answer(one, read, frequency, count, share) for one in asked]
    changed = revisions(_distinct(answers, least=_REPORTABLE)[:_MOST_CHOSEN], _sentences(read))
    answers = [_with_counterparts(one, read, answers, changed, share) for one in answers]
    lines = [_lines(one, changed) for one in answers]
    answers = [_with_lines(one, pairs, share) for one, pairs in zip(answers, lines, strict=True)]
    claim_ids = _claim_ids(answers)
    every = _distinct(answers)
    subjects = frozenset(key for one in answers for key in one.question.names)
    changed += [Revision(*pair) for pairs in lines for pair in pairs]
    found = _conflicts(answers, every, subjects, changed)
    if second_look is not None:
        found += _reworded(answers, changed, found, second_look)
    contradictions = [
        (claim_ids[one.place], claim_ids[other.place], one, other, between) for one, other, between in found
    ]
    same = same_pairs(every)
    opposed = [(one.place, other.place) for one, other, _ in found]
    owner = {claim_ids[p]: a.asked.question_id for a in reversed(answers) for p in _places(a)}
    listed: dict[str, list[Contradiction]] = {}
    for first, second, one, other, between in contradictions:
        listed.setdefault(owner[first], []).append(
            Contradiction(
                first_claim_id=first,
                second_claim_id=second,
                kind=between.kind,
                about=between.about[: limits.MAX_TEXT_CHARS],
                explained_by_version=versions_differ(one, other),
                confidence=round(between.confidence, 4),
            )
        )
    return Analysis(
        questions=tuple(
            _question(one, claim_ids, same, opposed, listed.get(one.asked.question_id, [])) for one in answers
        )
    )


def _exact(answers: _Answers) -> Exact:
    return exact(answers.asked.question, answers.question.versions)


def _frequencies(read: _Read) -> tuple[Mapping[str, int], int]:
    """In how many sentences of the evidence each stem occurs, and how many sentences there are."""
    frequency: Counter[str] = Counter()
    sentences = _sentences(read)
    for statement in sentences:
        frequency.update(statement.keys)
    return frequency, len(sentences)


def _sentences(read: _Read) -> Sequence[Statement]:
    """The sentences of all passages, each place once."""
    return list({one.place: one for found in read.values() for one in found if not one.line}.values())


def _answer(asked: Asked, read: _Read, frequency: Mapping[str, int], count: int, share: int) -> _Answers:
    described = (ranked.passage.version for ranked in asked.passages)
    question = read_question(asked.question, frequency, count, [version for version in described if version])
    top = max((ranked.score for ranked in asked.passages), default=0.0)
    found = (
        (s, ranked.coverage, ranked.score / top if top > 0 else 1.0)
        for ranked in asked.passages
        for s in read[ranked.passage.passage_id]
    )
    unknown = unknown_share(question, asked.question, [ranked.passage for ranked in asked.passages])
    unknown -= nearness(asked.closeness)
    return _Answers(asked, question, best(question, found, limit=share, least=LEAST_SCORE), unknown)


def _with_counterparts(
    answers: _Answers, read: _Read, everyone: Sequence[_Answers], changed: Sequence[Revision], limit: int
) -> _Answers:
    """The answers to one question with what its documents say where another version's sentence was found to answer."""
    scored = {one.statement.place: one for one in answers.scored}
    scores: dict[Place, float] = {}
    for each in everyone:
        for one in each.scored:
            scores[one.statement.place] = max(scores.get(one.statement.place, 0.0), one.score)
    mine = {s.place for ranked in answers.asked.passages for s in read[ranked.passage.passage_id]}
    for revision in changed:
        for one, other in ((revision.one, revision.other), (revision.other, revision.one)):
            value = _COUNTERPART_SHARE * scores.get(one.place, 0.0) * version_share(answers.question, other)
            known = scored.get(other.place)
            if other.place in mine and value >= LEAST_SCORE and (known is None or known.score < value):
                quoted, said = (known.quoted, known.said) if known else (other, 0.0)
                scored[other.place] = Scored(other, value, quoted, said)
    ranked = sorted(scored.values(), key=lambda one: (-one.score, *one.statement.place))
    return replace(answers, scored=ranked[:limit])


def _lines(answers: _Answers, changed: Sequence[Revision]) -> list[tuple[Statement, Statement, Conflict]]:
    """Lines of code that two versions of a section, or of what leads to them, write differently."""
    ranked = sorted(answers.asked.passages, key=lambda one: -one.score)
    passages = [one.passage for one in ranked]
    mine = {one.passage_id for one in passages}
    worthy = {one.statement.place for one in answers.scored if one.score >= _REPORTABLE}
    led = [
        each
        for each in changed
        if each.conflict is None
        and {each.one.passage.passage_id, each.other.passage.passage_id} <= mine
        and worthy & {each.one.place, each.other.place}
    ]
    return [*code_lines.disagreements(passages, answers.question.about), *led_commands.disagreements(led)]


def _with_lines(answers: _Answers, lines: Sequence[tuple[Statement, Statement, Conflict]], limit: int) -> _Answers:
    """The answers with lines of code that versions write differently; nothing of them is quoted twice."""
    found = [(line, score(answers.question, line, 1.0)) for one, other, _ in lines for line in (one, other)]
    added = {line.place: Scored(line, max(_LINE_SCORE, value), line, value) for line, value in found}
    lines_of: dict[str, list[Span]] = {}
    for line, _ in found:
        lines_of.setdefault(line.passage.passage_id, []).append(line.span)
    others = (_beside(one, lines_of.get(one.statement.passage.passage_id, ())) for one in answers.scored)
    ranked = sorted(
        (*(one for one in others if one is not None), *added.values()),
        key=lambda one: (-one.score, *one.statement.place),
    )
    return replace(answers, scored=ranked[:limit], told=frozenset(added)) if added else answers


def _beside(one: Scored, lines: Sequence[Span]) -> Scored | None:
    """A claim that quotes none of the lines: alone where it is quoted with one, and none where it is one."""
    if any(overlap(one.statement.span, line) for line in lines):
        return None
    return replace(one, quoted=one.statement) if any(overlap(one.quoted.span, line) for line in lines) else one


def _conflicts(
    answers: Sequence[_Answers], every: Sequence[Statement], subjects: frozenset[str], changed: Sequence[Revision]
) -> list[tuple[Statement, Statement, Conflict]]:
    """Contradictions of any kind between claims, each pair once."""
    about = frozenset(key for one in answers for key in one.question.about)
    lines = (one.statement.place for each in answers for one in each.scored if one.statement.line)
    claimed = {*(statement.place for statement in every), *lines}
    quoted = {o.statement.place: o.quoted for one in answers for o in one.scored if o.score >= _REPORTABLE}
    chosen = [(one, quoted[one.place]) for one in every if one.place in quoted]
    told = removals.read(chosen)
    found = [
        *conflicts(every, subjects, frozenset(key for one in answers for key in one.question.weights)),
        *((one.one, one.other, one.conflict) for one in changed if one.conflict is not None),
        *disagreements(chosen, about, frozenset(mark for one in answers for mark in _exact(one).marks)),
        *commands.disagreements(chosen, frozenset(word for one in answers for word in one.question.mentioned)),
        *stated.disagreements([one for one, _ in chosen], about),
        *(pair for one in answers for pair in removals.disagreements(told, one.question.names, one.question.weights)),
    ]
    distinct = {frozenset((one.place, other.place)): (one, other, how) for one, other, how in reversed(found)}
    return [
        (one, other, how)
        for one, other, how in reversed(distinct.values())
        if one.place in claimed and other.place in claimed and not only_version_differs(one, other)
    ]


def _reworded(
    answers: Sequence[_Answers],
    changed: Sequence[Revision],
    known: Sequence[tuple[Statement, Statement, Conflict]],
    second_look: SecondLook,
) -> list[tuple[Statement, Statement, Conflict]]:
    """Counterparts that both answer well and that the rules take for two wordings of one thing: are they?"""
    well = {o.statement.place for one in answers for o in one.scored if o.score >= _WELL and not o.lent}
    told = {frozenset((one.place, other.place)) for one, other, _ in known}
    left = [
        (one.one, one.other)
        for one in changed
        if one.conflict is None
        and not one.repeated
        and {one.one.place, one.other.place} <= well
        and frozenset((one.one.place, one.other.place)) not in told
    ]
    judged = zip(left, second_look.counterparts(left), strict=True)
    found = [(*pair, conflict) for pair, conflict in judged if conflict is not None]
    once = {(how.about.casefold(), _versions(one, other)): (one, other, how) for one, other, how in reversed(found)}
    return list(reversed(once.values()))


def _versions(one: Statement, other: Statement) -> frozenset[str | None]:
    return frozenset((version_of(one), version_of(other)))


def _places(answers: _Answers) -> list[Place]:
    return [one.statement.place for one in answers.scored]


def _claim_ids(answers: Sequence[_Answers]) -> dict[Place, str]:
    """A claim is one place in the corpus: the same sentence under two questions has one id."""
    return {
        place: f"c-{hashlib.sha256(f'{place[0]}:{place[1]}'.encode()).hexdigest()[:16]}"
        for one in answers
        for place in _places(one)
    }


def _distinct(answers: Sequence[_Answers], least: float = 0.0) -> list[Statement]:
    """Every statement that may be compared once, the best-scored first, so that a bound on comparisons drops the least.

    A line of code states nothing, and a sentence that is a claim by what stands beside it speaks of something else.
    """
    scores: dict[Place, float] = {}
    found: dict[Place, Statement] = {}
    for one in answers:
        for scored in one.scored:
            if scored.score < least or scored.statement.line or scored.lent:
                continue
            place = scored.statement.place
            found[place] = scored.statement
            scores[place] = max(scores.get(place, 0.0), scored.score)
    return sorted(found.values(), key=lambda s: (-scores[s.place], *s.place))


def _question(
    answers: _Answers,
    claim_ids: Mapping[Place, str],
    same: Sequence[tuple[Place, Place]],
    opposed: Sequence[tuple[Place, Place]],
    contradictions: Sequence[Contradiction],
) -> QuestionAnalysis:
    places = _places(answers)
    asked = _exact(answers)
    documents = {one.statement.place: one.statement.passage.document_id for one in answers.scored}
    clusters: list[ClaimCluster] = []
    for number, members in enumerate(groups(places, [*same, *opposed]), 1):
        sources = len({documents[place] for place in members})
        fighting = any(one in members and other in members for one, other in opposed)
        clusters.append(
            ClaimCluster(
                cluster_id=f"{answers.asked.question_id[:100]}-k{number}",
                claim_ids=tuple(claim_ids[place] for place in members),
                agreement="contradict" if fighting else "agree" if sources > 1 else "single",
                sources=sources,
            )
        )
    return QuestionAnalysis(
        question_id=answers.asked.question_id,
        question=answers.asked.question,
        claims=tuple(_claim(one, claim_ids[one.statement.place]) for one in answers.scored),
        clusters=tuple(clusters),
        contradictions=tuple(contradictions[: limits.MAX_CLAIMS]),
        answered=is_answered(
            (one.statement, answering(answers.question, one, answers.unknown, asked))
            for one in answers.scored
            # a log names what it is about, and says nothing of it
            if not one.statement.line or one.statement.place in answers.told
        ),
    )


def _claim(scored: Scored, claim_id: str) -> Claim:
    statement = scored.quoted
    text = statement_text(statement)
    return Claim(
        claim_id=claim_id,
        text=statement.text,
        passage_id=statement.passage.passage_id,
        start=statement.span.start,
        end=statement.span.end,
        score=round(scored.score, 4),
        quantities=tuple(_quantity(t.measure, text[t.start : t.end]) for t in statement.terms if t.measure is not None)[
            :64
        ],
        dates=_keys(statement, TermKind.DATE),
        versions=_keys(statement, TermKind.VERSION),
        negated=denies(statement),
        beside=scored.lent,
    )


def _quantity(measure: Measure, text: str) -> Quantity:
    return Quantity(value=float(measure.value), unit=(measure.unit or measure.noun)[:32], text=text[:128])


def _keys(statement: Statement, kind: TermKind) -> tuple[str, ...]:
    return tuple(dict.fromkeys(t.key for t in statement.terms if t.kind is kind))[:64]
