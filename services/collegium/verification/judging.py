"""The verdict on one sentence of a draft."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from collegium.language.attribution import Attributed, read_attribution, short_title
from collegium.language.plain import plain, trimmed
from collegium.language.settings import Setting, read_statement, same_value, settings
from collegium.verification.comparing import Comparison, compare
from collegium.verification.second_opinion import Open, Opinion
from collegium.verification.signals import grounds_of, signals
from collegium.verification.sources import fault_of, readable, said_of
from collegium.verification.weighing import RULES_ALONE
from collegium_schemas.evidence import Passage, Sentence, SentenceVerdict, Verdict

_CLOSELY_COMPARED: Final = 3
"""Spans per passage that are aligned with the sentence: those that share most terms with it."""

_CONFIDENCE: Final = {Verdict.SUPPORTED: 0.99, Verdict.REFUTED: 0.99, Verdict.NOT_ENOUGH_EVIDENCE: 0.6}
"""How often each is right, as measured on true and tampered sentences (README); of what is left undecided, nobody
knows, and it is not counted."""
_SUPPORT: Final = {Verdict.SUPPORTED: 0.99, Verdict.REFUTED: 0.01, Verdict.NOT_ENOUGH_EVIDENCE: 0.0}
"""Of what the rules decide, and of a citation at fault; what they leave open is weighed."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The rules' verdict, and the sentence as a second opinion may take it up; None where that may not be."""

    verdict: SentenceVerdict
    open: Open | None = None


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges sentences against a draft's numbered sources.

    Attributes:
        sources: the draft's passages by number.
        retrieved: what the run's searches returned, by passage id.
    """

    sources: Mapping[int, Passage]
    retrieved: Mapping[str, Passage]

    def fact(self, sentence: Sentence) -> SentenceVerdict:
        """Whether the passages that a sentence cites carry it, by the rules.

        One of them has to, none may refute it, and each must be what was retrieved. A named source must be the
        one that is cited.
        """
        return self.judged(sentence).verdict

    def judged(self, sentence: Sentence) -> Judged:
        """As `fact`, with what is left open; a sentence whose citations are at fault is not."""
        if not sentence.citations:
            return Judged(_verdict(sentence, Verdict.NOT_ENOUGH_EVIDENCE, "it cites no source"))
        for number in sentence.citations:
            passage = self.sources.get(number)
            fault = "it cites a source that the draft does not list"
            fault = fault if passage is None else fault_of(passage, self.retrieved)
            if fault is not None:
                return Judged(_verdict(sentence, Verdict.NOT_ENOUGH_EVIDENCE, fault, number))
        attributed = read_attribution(sentence.text)
        for number in sentence.citations:
            fault = misattributed(attributed, self.sources[number])
            if fault is not None:
                return Judged(_verdict(sentence, Verdict.REFUTED, fault, number))
        compared = [(number, carries(attributed.said, self.sources[number])) for number in sentence.citations]
        number, found = _best(compared)
        verdict = _verdict(sentence, found.verdict, found.reason, number)
        if found.verdict is not Verdict.NOT_ENOUGH_EVIDENCE:
            return Judged(verdict)
        texts = tuple(self.sources[number].text for number in sentence.citations)
        said = trimmed(attributed.said)
        # A labelled value stands in its own row or nowhere: that is no matter of meaning.
        barred = found.barred or read_statement(said) is not None
        return Judged(verdict, Open(said, texts, barred, found.share))


def misattributed(attributed: Attributed, passage: Passage) -> str | None:
    """Why a passage is not the source that the sentence names; None when it is, or none is named."""
    if attributed.version is not None and attributed.version != passage.version:
        described = f"version {passage.version}" if passage.version else "no stated version"
        return f"it names the {attributed.version} documentation, but the source describes {described}"
    if attributed.title is not None and attributed.title != short_title(passage.title):
        return f"it names “{attributed.title}”, but the source is “{short_title(passage.title)}”"
    return None


def carries(said: str, passage: Passage) -> Comparison:
    """What a passage says about a sentence."""
    statement = read_statement(trimmed(said))
    row = None if statement is None else _same_setting(statement, passage)
    if statement is not None and row is not None:
        if same_value(statement, row):
            return Comparison(Verdict.SUPPORTED, "the cited passage lists this value", 1.0)
        reason = f"it says “{statement.value}” where the source says “{row.value}”"
        return Comparison(Verdict.REFUTED, reason, 1.0)
    source = readable(passage.text)
    if plain(said) in source.verbatim:
        return Comparison(Verdict.SUPPORTED, "the cited passage says this in the same words", 1.0)
    stated = said_of(said)
    keys = {term.key for term in stated.terms}
    nearest = sorted(range(len(source.spans)), key=lambda at: (-len(keys & source.keys[at]), at))[:_CLOSELY_COMPARED]
    compared = [compare(stated, source.spans[at]) for at in nearest if keys & source.keys[at]]
    if not compared:
        return Comparison(Verdict.NOT_ENOUGH_EVIDENCE, "the cited passage does not speak of this", 0.0)
    order = (Verdict.SUPPORTED, Verdict.REFUTED, Verdict.NOT_ENOUGH_EVIDENCE)
    return min(compared, key=lambda one: (order.index(one.verdict), -one.share))


def _same_setting(statement: Setting, passage: Passage) -> Setting | None:
    for row in settings(passage.text, passage.heading):
        if (row.name, row.label) == (statement.name, statement.label):
            return row
    return None


def _best(compared: Sequence[tuple[int, Comparison]]) -> tuple[int, Comparison]:
    order = (Verdict.REFUTED, Verdict.SUPPORTED, Verdict.NOT_ENOUGH_EVIDENCE)
    return min(compared, key=lambda one: (order.index(one[1].verdict), -one[1].share))


def seconded(judged: Judged, opinion: Opinion | None) -> SentenceVerdict:
    """The verdict of both layers: the rules' own where there is no second opinion."""
    if judged.open is None:
        return judged.verdict
    if opinion is None:
        return judged.verdict.model_copy(update={"support": _by_words(judged.open)})
    reason = judged.verdict.reason if opinion.verdict is Verdict.NOT_ENOUGH_EVIDENCE else opinion.reason[:1000]
    return judged.verdict.model_copy(
        update={
            "verdict": opinion.verdict,
            "confidence": opinion.confidence,
            "support": opinion.support,
            "reason": reason,
        }
    )


def _by_words(left: Open) -> float:
    """How likely an undecided sentence is carried, by the words and values that the nearest windows hold.

    Not at all where they hold none of its words.
    """
    grounds = grounds_of(left.said, left.sources)
    return round(RULES_ALONE.support(signals(grounds, None)), 4) if grounds.shared else 0.0


def _verdict(sentence: Sentence, verdict: Verdict, reason: str, citation: int | None = None) -> SentenceVerdict:
    return SentenceVerdict(
        sentence_id=sentence.sentence_id,
        verdict=verdict,
        reason=reason[:1000],
        citation=citation,
        confidence=_CONFIDENCE[verdict],
        support=_SUPPORT[verdict],
    )
