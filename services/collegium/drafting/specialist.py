"""Drafting as a specialist: reads evidence, analysis and, in a revision, the last draft and its review."""

from collections.abc import Mapping, Sequence

from collegium.agent.specialist import Output, SpecialistFailure, Success, Workbench
from collegium.drafting.compose import compose
from collegium.drafting.forms import DEFAULT, Template, load_templates
from collegium.language.attribution import read_attribution
from collegium.language.plain import plain
from collegium_schemas.evidence import Analysis, Draft, Evidence, Review, Verdict
from collegium_schemas.tasks import FailureKind, TaskRequested


class DraftingSpecialist:
    """Writes the report. Extractive: every fact is a source's own sentence, cited."""

    role = "drafting"

    def __init__(self, templates: Mapping[str, Template] | None = None) -> None:
        self._templates = load_templates() if templates is None else templates

    async def perform(self, task: TaskRequested, bench: Workbench) -> Success:
        """Write a draft, or revise the last one without what its review did not find supported.

        Raises:
            SpecialistFailure: `invalid_output` when there is no analysis to write from, or no such template.
        """
        template = self._template(task)
        evidence = await bench.inputs(Evidence)
        analyses = await bench.inputs(Analysis)
        drafts = await bench.inputs(Draft)
        reviews = await bench.inputs(Review)
        if not analyses:
            raise SpecialistFailure(
                FailureKind.INVALID_OUTPUT,
                "drafting was given no analysis: let its playbook step name the analysis step in `inputs`",
                permanent=True,
            )
        revision = 1 + max((draft.revision for draft in drafts), default=0)
        rejected = rejected_sentences(drafts, reviews)
        draft = await bench.tool(
            "compose",
            lambda: compose(
                task.goal,
                evidence,
                analyses[-1],
                rejected=rejected,
                revision=revision,
                template=template,
                least_confidence=_least_confidence(task),
            ),
        )
        return _success(draft, len(rejected))

    def _template(self, task: TaskRequested) -> Template:
        name = str(task.params.get("template") or DEFAULT)
        if name not in self._templates:
            known = ", ".join(sorted(self._templates))
            message = f"there is no template {name!r}; known: {known}"
            raise SpecialistFailure(FailureKind.INVALID_OUTPUT, message, permanent=True)
        return self._templates[name]


def _least_confidence(task: TaskRequested) -> float:
    asked = task.params.get("least_confidence")
    return float(asked) if isinstance(asked, int | float) and 0 <= asked <= 1 else 0.0


def rejected_sentences(drafts: Sequence[Draft], reviews: Sequence[Review]) -> frozenset[str]:
    """Plain forms of the sentences that a review did not find supported, with and without their attribution."""
    failed = {
        verdict.sentence_id
        for review in reviews[-1:]
        for verdict in review.verdicts
        if verdict.verdict is not Verdict.SUPPORTED
    }
    texts = [s.text for draft in drafts[-1:] for s in draft.sentences() if s.sentence_id in failed]
    return frozenset(form for text in texts for form in (plain(text), plain(read_attribution(text).said)))


def _success(draft: Draft, rejected: int) -> Success:
    facts = sum(sentence.kind == "fact" for sentence in draft.sentences())
    answered = sum(bool(section.sentences) for section in draft.sections)
    disputes = sum(sentence.kind == "frame" for sentence in draft.disagreements)
    note = (
        f"{facts} cited sentences from {len(draft.sources)} sources, "
        f"{answered} of {len(draft.sections)} questions answered, {disputes} disagreements"
    )
    if rejected:
        note += f"; revision {draft.revision} without what the review rejected"
    return Success(
        outputs=(Output("draft", draft),),
        confidence=draft.confidence or 0.0,
        evidence_count=facts,
        note=note,
    )
