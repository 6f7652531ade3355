"""Does a span of a source carry a sentence? Compared term by term, by rules; in doubt the answer is no.

The sentence is supported when every one of its terms stands in the span, in order, and the span holds no number,
version, date or operator (negation, quantifier, modality, condition, comparison) that the sentence leaves out, nor
says that somebody says, thinks or hopes so. It is refuted when the two say nearly the same but differ, at the same
place, in an amount, a date, a version, a name or an opposite word, or when one denies what the other states.
Everything else is not enough evidence.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from collegium.language.alignment import align
from collegium.language.operators import Operator, opposite
from collegium.language.opposites import opposed
from collegium.language.terms import Term, TermKind, matches
from collegium.language.tokens import stem
from collegium_schemas.evidence import Verdict

_LEAST_SHARE: Final = 0.7
"""The share of the sentence's words that a span must hold to speak of the same thing at all."""
_LEAST_SPAN_SHARE: Final = 0.6
"""The share of the span's words that a sentence may not fall below: leaving out more may change what is said."""
_LEAST_SPAN_SHARE_OF_PAIRS: Final = 0.85
"""The same where the span is two sentences: a sentence that only needs one of them is compared with that one."""
_NARROWING: Final = frozenset(
    (
        *(Operator.NOT, Operator.ALL, Operator.ANY, Operator.FEW, Operator.ONLY, Operator.EITHER, Operator.ALWAYS),
        *(
            Operator.AT_MOST,
            Operator.LESS,
            Operator.EXACTLY,
            Operator.IF,
            Operator.UNLESS,
            Operator.UNTIL,
            Operator.WHEN,
        ),
    )
)
"""Beside these, leaving a word out says more than the source: `no broker restarted in time` is not `no broker
restarted` (downward monotonicity)."""
_FEWEST_WORDS: Final = 2
_REPORTS: Final = frozenset(
    stem(word)
    for word in """
    say said write wrote written claim allege argue assert believe think thought assume suppose suspect rumour rumor
    deny doubt propose hypothesise hypothesize speculate pretend expect hope predict
    """.split()
)
"""Of a source: what somebody says, thinks or hopes need not be so."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one span says about a sentence.

    Attributes:
        verdict: What the rules make of it.
        reason: In words.
        share: How much of the sentence the span holds.
        barred: The two are close and differ in something exact, or in what stands beside a negation or quantifier:
            nothing but the rules may find the sentence supported.
    """

    verdict: Verdict
    reason: str
    share: float
    barred: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """A text with its terms; `sentences` is how many it consists of."""

    text: str
    terms: tuple[Term, ...]
    sentences: int = 1

    def quote(self, term: Term) -> str:
        """A term as the text writes it."""
        return self.text[term.start : term.end]


def compare(sentence: Said, span: Said) -> Comparison:
    """What a span of a source says about a sentence."""
    pairs = align(sentence.terms, span.terms, matches)
    held, used = {i for i, _ in pairs}, {j for _, j in pairs}
    words = [i for i, term in enumerate(sentence.terms) if not term.exact]
    span_words = [j for j, term in enumerate(span.terms) if not term.exact]
    share = sum(i in held for i in words) / max(1, len(words))
    span_share = sum(j in used for j in span_words) / max(1, len(span_words))
    if share < _LEAST_SHARE or len(words) < _FEWEST_WORDS:
        reason = "no sentence of the cited passage says this"
        return Comparison(Verdict.NOT_ENOUGH_EVIDENCE, reason, share, _exchanged(sentence, span))
    found = _difference(sentence, span, pairs)
    if found is not None:
        verdict, reason, barred = found
        # In two sentences, or in much longer ones, some other number or negation is always near: they may
        # support a sentence, but they do not refute one.
        refutes = span.sentences == 1 and span_share >= _LEAST_SPAN_SHARE
        return Comparison(verdict if refutes else Verdict.NOT_ENOUGH_EVIDENCE, reason, share, barred)
    least = _least_span_share(span)
    if span_share < least:
        reason = "it leaves out much of what the source says with it"
        return Comparison(Verdict.NOT_ENOUGH_EVIDENCE, reason, share, least == 1.0)
    return Comparison(Verdict.SUPPORTED, "the cited passage says this", share)


def _exchanged(sentence: Said, span: Said) -> bool:
    """Whether the span holds most of the sentence's words, but names in another order: who does what to whom."""
    words = {term.key for term in sentence.terms if not term.exact}
    held = words & {term.key for term in span.terms}
    names = {term.key for said in (sentence, span) for term in said.terms if term.name} & held
    orders = [list(dict.fromkeys(term.key for term in said.terms if term.key in names)) for said in (sentence, span)]
    return len(held) >= _LEAST_SHARE * len(words) and orders[0] != orders[1]


def _least_span_share(span: Said) -> float:
    if any(term.key in _NARROWING for term in span.terms if term.kind is TermKind.OPERATOR):
        return 1.0
    return _LEAST_SPAN_SHARE if span.sentences == 1 else _LEAST_SPAN_SHARE_OF_PAIRS


def _difference(sentence: Said, span: Said, pairs: Sequence[tuple[int, int]]) -> tuple[Verdict, str, bool] | None:
    """The most telling difference between two texts that speak of the same thing; None when there is none.

    With it stands whether anything exact differs.
    """
    added = _unaligned(sentence.terms, [i for i, _ in pairs])
    left_out = _unaligned(span.terms, [j for _, j in pairs])
    missing = next((term for _, term in left_out if term.exact), None)
    exact = missing is not None or any(term.exact or term.name for _, term in added)
    for gap, stated in added:
        beside = [term for other, term in left_out if other == gap]
        source = next((term for term in beside if _exclude(stated, term)), None)
        if source is None and stated.name and len(beside) == 1 and beside[0].name:
            source = beside[0]
        if source is not None:
            reason = f"it says “{sentence.quote(stated)}” where the source says “{span.quote(source)}”"
            return Verdict.REFUTED, reason, True
    if _denials(added) % 2 != _denials(left_out) % 2:
        return Verdict.REFUTED, "one of the sentence and its source denies what the other states", True
    if added:
        reason = f"the source does not say “{sentence.quote(added[0][1])}” there"
        return Verdict.NOT_ENOUGH_EVIDENCE, reason, exact
    missing = missing or next((term for _, term in left_out if term.key in _REPORTS), None)
    if missing is not None:
        reason = f"it leaves out “{span.quote(missing)}”, on which its meaning may depend"
        return Verdict.NOT_ENOUGH_EVIDENCE, reason, exact
    return None


def _unaligned(found: Sequence[Term], aligned: Sequence[int]) -> list[tuple[int, Term]]:
    """The terms that have no counterpart, each with its place: how many aligned terms stand before it."""
    held = set(aligned)
    return [(bisect_left(aligned, at), term) for at, term in enumerate(found) if at not in held]


def _exclude(stated: Term, source: Term) -> bool:
    """Whether two terms at one place cannot both be right."""
    if stated.kind is not source.kind:
        return False
    if stated.kind is TermKind.OPERATOR:
        return opposite(Operator(stated.key), Operator(source.key))
    if stated.kind is TermKind.WORD:
        return opposed(stated.key, source.key)
    if stated.measure is not None and source.measure is not None:
        return stated.measure.unit == source.measure.unit
    return True


def _denials(found: Sequence[tuple[int, Term]]) -> int:
    return sum(term.key == Operator.NOT for _, term in found)
