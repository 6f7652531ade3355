"""What a review asks for: another search for what has no answer, another draft for what does not hold."""

from collections.abc import Sequence
from typing import Final

from collegium.language.terms import IGNORED, TermKind, terms
from collegium.language.tokens import STOPWORDS
from collegium_schemas import limits
from collegium_schemas.evidence import Draft, Evidence, SentenceVerdict, Verdict
from collegium_schemas.tasks import FollowUp

MOST_ROUNDS: Final = 3
"""Rounds after which nothing further is asked for: what is not supported then is withheld at delivery."""
_MOST_SEARCHES: Final = 2
"""Searches per question, the first included."""
_KEYWORDS: Final = 4
_NAMED_IDS: Final = 8

_ASKING: Final = (
    STOPWORDS
    | IGNORED
    | frozenset(
        """compare comparison contrast describe difference differences discuss explain give list main outline please
    question report say summarise summarize tell versus across regarding change changes changed way does used use using
    many much long between need required requires""".split()
    )
)


def follow_ups(
    draft: Draft,
    verdicts: Sequence[SentenceVerdict],
    unanswered: Sequence[str],
    evidence: Sequence[Evidence],
    round_number: int,
) -> tuple[FollowUp, ...]:
    """What to repeat; nothing when all is supported or another try cannot help."""
    if round_number >= MOST_ROUNDS:
        return ()
    proposed = [
        FollowUp(
            step="retrieve",
            question=wording,
            question_id=question_id,
            reason=f"no supported sentence answers it; searched again in other words: {wording}"[:1000],
        )
        for question_id in unanswered
        if not _settled(question_id, draft, evidence)
        and (wording := another_wording(question_id, evidence)) is not None
    ]
    failed = [v.sentence_id for v in verdicts if v.verdict is not Verdict.SUPPORTED]
    if failed:
        named = ", ".join(failed[:_NAMED_IDS]) + (", …" if len(failed) > _NAMED_IDS else "")
        reason = f"{len(failed)} of {len(verdicts)} sentences are not supported by what they cite: {named}"
        proposed = [*proposed[: limits.MAX_FOLLOW_UPS - 1], FollowUp(step="draft", reason=reason)]
    return tuple(proposed[: limits.MAX_FOLLOW_UPS])


def _settled(question_id: str, draft: Draft, evidence: Sequence[Evidence]) -> bool:
    """Whether passages were found in which analysis saw no answer: fewer words of the question find the same ones."""
    found = any(one.passages for one in evidence if one.question_id == question_id)
    stated = any(section.sentences for section in draft.sections if section.question_id == question_id)
    return found and not stated


def another_wording(question_id: str, evidence: Sequence[Evidence]) -> str | None:
    """A broader wording of a question that was not searched yet; None when another search cannot help.

    It keeps the question's names and versions and its longest words, so that a passage needs to hold less of the
    question to be found.
    """
    searched = [found.question for found in evidence if found.question_id == question_id]
    if not searched or len(searched) >= _MOST_SEARCHES:
        return None
    wording = broadened(searched[0])
    return None if wording is None or any(_keys(wording) == _keys(text) for text in searched) else wording


def broadened(question: str) -> str | None:
    """The question reduced to keywords; None when it hardly holds more than those."""
    found = [t for t in terms(question) if t.kind in {TermKind.WORD, TermKind.VERSION}]
    words = [t for t in found if question[t.start : t.end].lower() not in _ASKING]
    ranked = sorted(words, key=lambda t: (t.kind is not TermKind.VERSION, not t.name, t.start - t.end, t.start))
    versions = sum(t.kind is TermKind.VERSION for t in words)
    kept = sorted(ranked[: _KEYWORDS + versions], key=lambda t: t.start)
    if not kept or len({t.key for t in kept}) >= len({t.key for t in words}):
        return None
    return " ".join(dict.fromkeys(question[t.start : t.end] for t in kept))


def _keys(text: str) -> frozenset[str]:
    return frozenset(t.key for t in terms(text) if text[t.start : t.end].lower() not in _ASKING)
