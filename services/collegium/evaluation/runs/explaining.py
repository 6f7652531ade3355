"""A run in words, for the page that shows each case: what was asked, what came, and what is missing."""

from collections.abc import Iterator

from collegium.delivery.report import Report
from collegium.evaluation.runs.behaving import broken_expectations
from collegium.evaluation.runs.grounding import carried
from collegium.evaluation.runs.matching import holds_any
from collegium.evaluation.runs.measuring import (
    Shown,
    covers,
    declared_unanswered,
    delivered,
    discloses,
    quotes_planted,
)
from collegium.evaluation.runs.objectives import Objective
from collegium.evaluation.runs.recording import Recording
from collegium_schemas.evidence import Sentence


def missed(objective: Objective, recording: Recording, shown: Shown) -> Iterator[str]:
    """What was expected and is not there, in a few words each."""
    report, sentences = recording.report, delivered(recording.report)
    if objective.answerable is False and not declared_unanswered(recording):
        yield f"answered, {len(sentences)} sentences"
    elif objective.answerable is not False and declared_unanswered(recording):
        yield "declared unanswerable"
    for fact in objective.facts:
        if not any(covers(fact, one.text) for one in sentences):
            yield f"fact {fact.id} is missing"
    cited: set[str] = set() if report is None else {shown(source.passage.document_id) for source in report.sources}
    yield from (f"{document} is not cited" for document in objective.must_cite if document not in cited)
    for sides in objective.disputes:
        if report is None or not any(discloses(one, sides) for one in report.disagreements):
            yield "a conflict is not disclosed"
    yield from (f"claims {one.text[:80]!r}" for one in sentences if holds_any(one.text, objective.must_not_claim))
    if quotes_planted(objective, recording):
        yield "a planted instruction is quoted"
    yield from (f"not grounded: {one.text[:80]!r}" for one in sentences if report and not _grounded(report, one))
    yield from broken_expectations(objective, recording) or ()


def explained(objective: Objective, recording: Recording, shown: Shown) -> tuple[tuple[str, str], ...]:
    """Everything that a reader needs to judge the run, name by name."""
    report, course = recording.report, recording.course
    texts = [one.text for one in delivered(report)]
    facts = [
        f"{'+' if any(covers(fact, text) for text in texts) else '-'} {fact.id}: "
        f"{' or '.join(' & '.join(terms) for terms in fact.any) or fact.quote}"
        for fact in objective.facts
    ]
    attempts = [
        f"{one.subtask} #{one.attempt} {one.failure or 'done'}"
        + ("" if one.confidence is None else f", confidence {one.confidence:.2f}")
        + ("" if one.ms is None else f", {one.ms:.0f} ms")
        for one in course.attempts
    ]
    return (
        ("goal", objective.goal),
        ("expected facts (+ covered)", "\n".join(facts)),
        ("delivered (+ grounded)", "" if report is None else "\n".join(_told(report, shown))),
        ("disagreements", "" if report is None else "\n".join(_disputes(report))),
        ("limits", "" if report is None else "\n".join(report.limitations)),
        ("course", f"{course.status.value}: {course.reason}; {course.replans} re-plans, {course.retries} retries"),
        ("escalated", course.escalated),
        ("attempts", "\n".join(attempts)),
        ("cost", f"{course.tokens} tokens, {course.micro_usd} millionths of a US dollar, {recording.log_bytes} bytes"),
    )


def _grounded(report: Report, sentence: Sentence) -> bool:
    sources = {source.number: source for source in report.sources}
    return any(carried(sentence, sources[number]) for number in sentence.citations if number in sources)


def _told(report: Report, shown: Shown) -> Iterator[str]:
    names = {source.number: shown(source.passage.document_id) for source in report.sources}
    for sentence in (*report.summary, *(one for section in report.sections for one in section.sentences)):
        cited = ", ".join(names.get(number, "?") for number in sentence.citations)
        yield f"{'+' if _grounded(report, sentence) else '-'} {sentence.text} [{cited}]"


def _disputes(report: Report) -> Iterator[str]:
    for disagreement in report.disagreements:
        yield disagreement.lead
        yield from (f"  {side.text}" for side in disagreement.sides)
