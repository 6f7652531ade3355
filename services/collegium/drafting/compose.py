"""From points to a report: findings, summary, disagreements, limits and numbered sources. Pure and deterministic."""

from collections.abc import Sequence
from typing import Final

from collegium.drafting.allotting import allot
from collegium.drafting.confidence import answer_confidence, confidence_of, signals_of
from collegium.drafting.forms import Template
from collegium.drafting.points import Material, Point, accompanied, contradictions_of, gather, points_of
from collegium.language.versions import version_key
from collegium_schemas import limits
from collegium_schemas.evidence import (
    Analysis,
    Draft,
    Evidence,
    Passage,
    QuestionAnalysis,
    Section,
    Sentence,
    Source,
)

_LEAST_SCORE: Final = 0.35
_LEAST_SHARE_OF_BEST: Final = 0.6
_OUTSTANDING_SCORE: Final = 0.9
_LEAST_DISPUTED_SCORE: Final = 0.55
_MOST_SOURCE_BYTES: Final = 500_000
"""Text of all cited passages together: a draft carries them, and has to fit into one message."""
_TITLE_CHARS: Final = 120
_QUESTION_CHARS: Final = 400
_REPORT: Final = Template(name="report")


def compose(
    goal: str,
    evidence: Sequence[Evidence],
    analysis: Analysis,
    *,
    rejected: frozenset[str] = frozenset(),
    revision: int = 1,
    template: Template = _REPORT,
    least_confidence: float = 0.0,
) -> Draft:
    """Write the report.

    Args:
        goal: what the user asked for.
        evidence: everything that was retrieved.
        analysis: its claims; claims about other passages are ignored.
        rejected: plain forms of sentences that a review did not find supported.
        revision: 1, or one more than the draft that is revised.
        template: which parts the report has, in which order, and how much of each.
        least_confidence: a question that is answered with less stays without findings.
    """
    writer = _Writer(gather(evidence, analysis, rejected), template, least_confidence)
    findings = writer.findings()
    summary: tuple[Sentence, ...] = ()
    sections: tuple[Section, ...] = ()
    disagreements: tuple[Sentence, ...] = ()
    for laid_out in template.parts:  # sentences and sources are numbered in reading order
        match laid_out.part:
            case "summary":
                summary = writer.summary(findings)
            case "findings":
                sections = tuple(writer.section(question, points) for question, points in findings)
            case "disagreements":
                disagreements = writer.disagreements()
    return Draft(
        title=title_of(goal),
        goal=goal[: limits.MAX_PASSAGE_CHARS],
        summary=summary,
        sections=sections,
        disagreements=disagreements,
        limitations=_limitations(findings),
        sources=writer.sources(),
        revision=revision,
        confidence=confidence_of(signals_of(evidence, analysis.questions, sections)),
        layout=template.parts,
    )


def title_of(goal: str) -> str:
    """The goal's first line as a title, cut at a word."""
    lines = goal.strip().splitlines()
    line = " ".join(lines[0].split()).rstrip(" .:;,") if lines else ""
    if len(line) > _TITLE_CHARS:
        line = f"{line[:_TITLE_CHARS].rsplit(' ', 1)[0]}…"
    return line[:1].upper() + line[1:] or "Report"


def heading_of(question: str) -> str:
    """A question as a heading: on one line, with a capital."""
    line = " ".join(question.split())[: limits.MAX_TEXT_CHARS]
    return line[:1].upper() + line[1:]


class _Writer:
    """Numbers sentences and sources in reading order."""

    def __init__(self, material: Material, template: Template, least_confidence: float) -> None:
        self._material = material
        self._template = template
        self._least_confidence = least_confidence
        self._sources: dict[str, tuple[int, Passage]] = {}
        self._sentences = 0
        self._reserved: set[str] = set()
        self._source_bytes = 0
        versions = {passage.version for passage in material.passages.values()}
        self._several_versions = len(versions) > 1

    def findings(self) -> list[tuple[QuestionAnalysis, list[Point]]]:
        """Each question with the points that its section will hold; a point stands in one section only."""
        bounds = self._template.findings
        questions = self._material.questions
        most = max(bounds.fewest, min(bounds.most, bounds.in_all // max(1, len(questions))))
        allotted = allot([self._worthy(question) for question in questions], most)
        return [
            (question, accompanied([point for point in points if self._affords(point)]))
            for question, points in zip(questions, allotted, strict=True)
        ]

    def _worthy(self, question: QuestionAnalysis) -> list[Point]:
        """The points on a question that are not far less relevant than the best of them."""
        points = points_of(self._material, question) if self._sure(question) else []
        least = max(_LEAST_SCORE, _LEAST_SHARE_OF_BEST * max((p.score for p in points), default=0.0))
        return [point for point in points if point.score >= least]

    def _sure(self, question: QuestionAnalysis) -> bool:
        return question.answered and answer_confidence(question) >= self._least_confidence

    def summary(self, findings: Sequence[tuple[QuestionAnalysis, list[Point]]]) -> tuple[Sentence, ...]:
        """The best point of each question in turn, then the second best, until there are enough.

        A sentence that holds no word of its question stands in no summary.
        """
        worthy = ((question, [point for point in points if not point.beside]) for question, points in findings)
        answered = [(question, points) for question, points in worthy if points]
        outstanding = sum(point.score >= _OUTSTANDING_SCORE for _, points in answered for point in points)
        bounds = self._template.summary
        wanted = min(max(len(answered), outstanding, bounds.fewest), bounds.most)
        chosen: dict[str, tuple[Point, str]] = {}
        for rank in range(self._template.findings.most):
            for question, points in answered:
                if rank < len(points) and len(chosen) < wanted:
                    chosen.setdefault(points[rank].key, (points[rank], question.question_id))
        return tuple(self._fact(point, question_id) for point, question_id in chosen.values())

    def section(self, question: QuestionAnalysis, points: Sequence[Point]) -> Section:
        """The findings on one question."""
        return Section(
            question_id=question.question_id,
            heading=heading_of(question.question),
            sentences=tuple(self._fact(point, question.question_id) for point in self._arranged(points)),
        )

    def _arranged(self, points: Sequence[Point]) -> Sequence[Point]:
        match self._template.arrange:
            case "relevance":
                return points
            case "version":
                return sorted(points, key=lambda point: version_key(point.passages[0].version))
            case "reading":
                order = list(dict.fromkeys(point.passages[0].document_id for point in points))
                return sorted(points, key=lambda one: (order.index(one.passages[0].document_id), one.begins))

    def disagreements(self) -> tuple[Sentence, ...]:
        """Each dispute on an answered question, as a lead and its two sides, which name their sources."""
        told = {claim.claim_id for one in self._material.questions if self._sure(one) for claim in one.claims}
        written: list[Sentence] = []
        for contradiction, one, other in contradictions_of(self._material)[: self._template.disagreements]:
            if told.isdisjoint((*one.claim_ids, *other.claim_ids)):
                continue
            if max(one.score, other.score) < _LEAST_DISPUTED_SCORE:
                continue
            if not (self._affords(one) and self._affords(other)):
                break
            by = "by version" if contradiction.explained_by_version else "by source"
            written.append(self._sentence(self._template.lead.format(about=contradiction.about, by=by), "frame"))
            written.extend(self._fact(side, None, attributed=True) for side in (one, other))
        return tuple(written)

    def sources(self) -> tuple[Source, ...]:
        """What was cited, by number."""
        return tuple(Source(number=number, passage=passage) for number, passage in self._sources.values())

    def _fact(self, point: Point, question_id: str | None, *, attributed: bool = False) -> Sentence:
        named = attributed or point.disputed or (point.setting and self._several_versions)
        text = point.attributed() if named else point.said
        passages = point.passages[:1] if named else point.passages
        sentence = self._sentence(text, "fact", question_id)
        return sentence.model_copy(
            update={"citations": tuple(self._number(passage) for passage in passages), "claim_ids": point.claim_ids}
        )

    def _sentence(self, text: str, kind: str, question_id: str | None = None) -> Sentence:
        self._sentences += 1
        return Sentence(
            sentence_id=f"s{self._sentences}",
            text=text[: limits.MAX_PASSAGE_CHARS],
            kind="fact" if kind == "fact" else "frame",
            question_id=question_id,
        )

    def _affords(self, point: Point) -> bool:
        """Whether the draft can still carry the passages that a point cites; if so, they are reserved."""
        new = {p.passage_id: p for p in point.passages if p.passage_id not in self._reserved}
        size = sum(len(passage.text.encode()) for passage in new.values())
        if self._source_bytes + size > _MOST_SOURCE_BYTES:
            return False
        self._source_bytes += size
        self._reserved.update(new)
        return True

    def _number(self, passage: Passage) -> int:
        number, _ = self._sources.setdefault(passage.passage_id, (len(self._sources) + 1, passage))
        return number


def _limitations(findings: Sequence[tuple[QuestionAnalysis, list[Point]]]) -> tuple[str, ...]:
    """What the report could not establish, or rests on one document only."""
    found: list[str] = []
    for question, points in findings:
        asked = heading_of(question.question)[:_QUESTION_CHARS]
        documents = {passage.document_id for point in points for passage in point.passages}
        if not points:
            found.append(f"{'Not enough evidence' if question.answered else 'No evidence found'} for: {asked}")
        elif len(documents) == 1:
            found.append(f"Based on a single document: {asked}")
    return tuple(found[: limits.MAX_FAN_OUT * 2])
