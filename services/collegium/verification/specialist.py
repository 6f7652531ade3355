"""Verification as a specialist: the peer review of a draft."""

from collections.abc import Sequence

from collegium.agent.specialist import Output, SpecialistFailure, Success, Workbench
from collegium.verification.confidence import confidence_of, signals_of
from collegium.verification.reviewing import Reviewed, review_draft
from collegium.verification.second_opinion import SecondOpinion
from collegium_schemas.evidence import Draft, Evidence
from collegium_schemas.tasks import FailureKind, TaskRequested


class VerificationSpecialist:
    """Checks every sentence of the latest draft against the passages that it cites, and says what to repeat."""

    role = "verification"

    def __init__(self, second_opinion: SecondOpinion | None = None) -> None:
        self.second_opinion = second_opinion
        """The second layer; None: by rules alone."""

    def review(self, draft: Draft, draft_sha256: str, evidence: Sequence[Evidence], round_number: int) -> Reviewed:
        """What `perform` does, without a task around it: see `review_draft`."""
        return review_draft(draft, draft_sha256, evidence, round_number, self.second_opinion)

    async def perform(self, task: TaskRequested, bench: Workbench) -> Success:
        """Review the draft. A draft that does not hold is a success of the review, not a failure.

        Raises:
            SpecialistFailure: `invalid_output` when there is no draft to review.
        """
        drafts = await bench.inputs(Draft)
        hashes = await bench.input_sha256(Draft)
        evidence = await bench.inputs(Evidence)
        if not drafts:
            raise SpecialistFailure(
                FailureKind.INVALID_OUTPUT,
                "verification was given no draft: let its playbook step name the draft step in `inputs`",
                permanent=True,
            )
        reviewed = await bench.tool(
            "verify",
            lambda: self.review(drafts[-1], hashes[-1], evidence, task.round),
        )
        return _success(reviewed, confidence_of(signals_of(drafts[-1], evidence, reviewed.summary)))


def _success(reviewed: Reviewed, confidence: float) -> Success:
    summary = reviewed.summary
    judged = summary.supported + summary.refuted + summary.not_enough_evidence
    note = f"{summary.supported} of {judged} sentences supported"
    if summary.refuted:
        note += f", {summary.refuted} refuted"
    if summary.not_enough_evidence:
        note += f", {summary.not_enough_evidence} without enough evidence"
    if reviewed.review.unanswered_question_ids:
        unanswered = len(reviewed.review.unanswered_question_ids)
        note += f"; {unanswered} question{'s' if unanswered > 1 else ''} unanswered"
    return Success(
        outputs=(Output("review", reviewed.review),),
        confidence=confidence,
        evidence_count=judged,
        note=note,
        review=summary,
    )
