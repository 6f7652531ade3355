"""Specialists that keep what calibration is fitted on, and a drafter that cites badly."""

from collections.abc import Sequence

from collegium.agent.settings import AgentSettings
from collegium.agent.specialist import Output, Success, Workbench
from collegium.analysis import confidence as of_analysis
from collegium.analysis.composition import build as build_analysis
from collegium.analysis.settings import AnalysisSettings
from collegium.analysis.specialist import AnalysisSpecialist
from collegium.drafting import confidence as of_draft
from collegium.drafting.specialist import DraftingSpecialist
from collegium.verification import confidence as of_review
from collegium.verification.composition import build as build_verification
from collegium.verification.settings import VerificationSettings
from collegium.verification.specialist import VerificationSpecialist
from collegium_schemas.evidence import Analysis, Draft, Evidence, Sentence
from collegium_schemas.tasks import TaskRequested

drafted: dict[str, of_draft.Signals] = {}
"""Of the last draft for each goal."""
analysed: dict[str, of_analysis.Signals] = {}
"""Of the last analysis for each goal."""
reviewed: dict[str, of_review.Signals] = {}
"""Of the last review for each goal."""


class Noting(DraftingSpecialist):
    """Drafting that keeps the signals of the last draft for each goal."""

    async def perform(self, task: TaskRequested, bench: Workbench) -> Success:
        """Draft, and note."""
        done = await super().perform(task, bench)
        evidence, analyses = await bench.inputs(Evidence), await bench.inputs(Analysis)
        drafts = [one.content for one in done.outputs if isinstance(one.content, Draft)]
        drafted[task.goal] = of_draft.signals_of(evidence, analyses[-1].questions, drafts[-1].sections)
        return done


class NotingAnalysis(AnalysisSpecialist):
    """Analysis that keeps the signals of the last one for each goal."""

    async def perform(self, task: TaskRequested, bench: Workbench) -> Success:
        """Analyse, and note."""
        done = await super().perform(task, bench)
        (analysis,) = [one.content for one in done.outputs if isinstance(one.content, Analysis)]
        analysed[task.goal] = of_analysis.signals_of(await bench.inputs(Evidence), analysis)
        return done


class NotingReview(VerificationSpecialist):
    """Verification that keeps the signals of the last review for each goal."""

    async def perform(self, task: TaskRequested, bench: Workbench) -> Success:
        """Review, and note."""
        done = await super().perform(task, bench)
        if done.review is not None:
            drafts, evidence = await bench.inputs(Draft), await bench.inputs(Evidence)
            reviewed[task.goal] = of_review.signals_of(drafts[-1], evidence, done.review)
        return done


class Misciting(DraftingSpecialist):
    """Drafting of which every n-th sentence cites a source after its own, where there are several."""

    def __init__(self, every: int) -> None:
        super().__init__()
        self._every = every

    async def perform(self, task: TaskRequested, bench: Workbench) -> Success:
        """Draft, and exchange citations."""
        done = await super().perform(task, bench)
        (draft,) = [one.content for one in done.outputs if isinstance(one.content, Draft)]
        sections = tuple(
            one.model_copy(update={"sentences": self._spoilt(draft, one.sentences)}) for one in draft.sections
        )
        spoilt = draft.model_copy(
            update={
                "sections": sections,
                "summary": self._spoilt(draft, draft.summary),
                "disagreements": self._spoilt(draft, draft.disagreements),
            }
        )
        return Success(outputs=(Output("draft", spoilt),), confidence=done.confidence)

    def _spoilt(self, draft: Draft, sentences: Sequence[Sentence]) -> tuple[Sentence, ...]:
        sources = len(draft.sources)
        return tuple(
            one
            if at % self._every or not one.citations or sources == 1
            else one.model_copy(update={"citations": (one.citations[0] % sources + 1,)})
            for at, one in enumerate(sentences)
        )


def noting(settings: AgentSettings) -> Noting:
    """For `evaluate_runs`."""
    del settings
    return Noting()


def analysis(settings: AgentSettings) -> NotingAnalysis:
    """For `evaluate_runs`; compares as the shipped one does."""
    del settings
    return NotingAnalysis(build_analysis(AnalysisSettings()).second_look)


def review(settings: AgentSettings) -> NotingReview:
    """For `evaluate_runs`; asks whom the shipped one asks."""
    del settings
    return NotingReview(build_verification(VerificationSettings()).second_opinion)


def half_miscited(settings: AgentSettings) -> Misciting:
    """For `evaluate_runs`: every second sentence."""
    del settings
    return Misciting(2)


def all_miscited(settings: AgentSettings) -> Misciting:
    """For `evaluate_runs`: every sentence."""
    del settings
    return Misciting(1)
