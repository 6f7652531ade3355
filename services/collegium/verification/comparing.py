"""Does a span of a source carry a sentence? Compared term by term, by rules; in doubt the answer is no.

The sentence is supported when every one of its terms stands in the span, in order, and the span holds no number,
version, date or operator (negation, quantifier, modality, condition, comparison) that the sentence leaves out. It
is refuted when the two say nearly the same but differ in an amount, a date, a version, a name, an opposite word or
a negation. Everything else is not enough evidence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from collegium.language.alignment import align
from collegium.language.operators import Operator, opposite
from collegium.language.opposites import opposed
from collegium.language.terms import Term, TermKind, matches
from collegium_schemas.evidence import Verdict

_LEAST_SHARE: Final = 0.7
"""The share of the sentence's words that a span must hold to speak of the same thing at all."""
_LEAST_SPAN_SHARE: Final = 0.6
"""The share of the span's words that a sentence may not fall below: leaving out more may change what is said."""
_LEAST_SPAN_SHARE_OF_PAIRS: Final = 0.85
"""The same where the span is two sentences: a sentence that only needs one of them is compared with that one."""
_FEWEST_WORDS: Final = 2


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one span says about a sentence; `share` is how much of the sentence it holds."""

    verdict: Verdict
    reason: str
    share: float


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
    share = sum(i in held for i in words) / len(words) if words else 0.0
    added = [term for i, term in enumerate(sentence.terms) if i not in held]
    left_out = [term for j, term in enumerate(span.terms) if j not in used]
    if share < _LEAST_SHARE or len(words) < _FEWEST_WORDS:
        return Comparison(Verdict.NOT_ENOUGH_EVIDENCE, "no sentence of the cited passage says this", share)
    found = _difference(sentence, span, added, left_out)
    if found is not None:
        verdict, reason = found
        # In two sentences some other number or negation is always near: they can support, but not refute.
        return Comparison(verdict if span.sentences == 1 else Verdict.NOT_ENOUGH_EVIDENCE, reason, share)
    span_words = [j for j, term in enumerate(span.terms) if not term.exact]
    least = _LEAST_SPAN_SHARE if span.sentences == 1 else _LEAST_SPAN_SHARE_OF_PAIRS
    if sum(j in used for j in span_words) < least * len(span_words):
        return Comparison(Verdict.NOT_ENOUGH_EVIDENCE, "it leaves out much of what the source says with it", share)
    return Comparison(Verdict.SUPPORTED, "the cited passage says this", share)


def _difference(
    sentence: Said, span: Said, added: Sequence[Term], left_out: Sequence[Term]
) -> tuple[Verdict, str] | None:
    """The most telling difference between two texts that speak of the same thing; None when there is none."""
    for stated, source in _opposed_pairs(added, left_out):
        reason = f"it says “{sentence.quote(stated)}” where the source says “{span.quote(source)}”"
        return Verdict.REFUTED, reason
    if _denials(added) % 2 != _denials(left_out) % 2:
        return Verdict.REFUTED, "one of the sentence and its source denies what the other states"
    if added:
        first = added[0]
        return Verdict.NOT_ENOUGH_EVIDENCE, f"the source does not say “{sentence.quote(first)}” there"
    missing = next((term for term in left_out if term.exact), None)
    if missing is not None:
        return Verdict.NOT_ENOUGH_EVIDENCE, f"it leaves out “{span.quote(missing)}”, on which its meaning may depend"
    return None


def _opposed_pairs(added: Sequence[Term], left_out: Sequence[Term]) -> list[tuple[Term, Term]]:
    """Terms of the sentence beside terms of the span that cannot both be right."""
    found: list[tuple[Term, Term]] = []
    for stated in added:
        for source in left_out:
            if _exclude(stated, source):
                found.append((stated, source))
    return found


def _exclude(stated: Term, source: Term) -> bool:
    if stated.kind is not source.kind:
        return False
    if stated.kind is TermKind.OPERATOR:
        return opposite(Operator(stated.key), Operator(source.key))
    if stated.kind is TermKind.WORD:
        return opposed(stated.key, source.key) or (stated.name and source.name)
    return True


def _denials(found: Sequence[Term]) -> int:
    return sum(term.key == Operator.NOT for term in found)
