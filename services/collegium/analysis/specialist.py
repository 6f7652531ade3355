"""Analysis as a specialist."""

from collegium.agent.specialist import Output, Success, Workbench
from collegium.analysis.confidence import confidence_of, signals_of
from collegium.analysis.examine import examine
from collegium.analysis.second_look import SecondLook
from collegium_schemas.evidence import Analysis, Evidence
from collegium_schemas.tasks import TaskRequested


class AnalysisSpecialist:
    """Extracts the claims that bear on each question, and says where they agree and where they contradict."""

    role = "analysis"

    def __init__(self, second_look: SecondLook | None = None) -> None:
        self.second_look = second_look
        """The second layer; None: by rules alone."""

    async def perform(self, task: TaskRequested, bench: Workbench) -> Success:
        """Analyse all evidence of the run. Without any evidence every question stays unanswered; that is no failure."""
        del task
        evidence = await bench.inputs(Evidence)
        analysis = await bench.tool("examine", lambda: examine(evidence, self.second_look))
        return _success(analysis, confidence_of(signals_of(evidence, analysis)))


def _success(analysis: Analysis, confidence: float) -> Success:
    claims = len({claim.claim_id for question in analysis.questions for claim in question.claims})
    answered = sum(question.answered for question in analysis.questions)
    contradictions = sum(len(question.contradictions) for question in analysis.questions)
    return Success(
        outputs=(Output("analysis", analysis),),
        confidence=confidence,
        evidence_count=claims,
        note=(
            f"{claims} claims, {answered} of {len(analysis.questions)} questions answered, "
            f"{contradictions} contradictions"
        ),
    )
