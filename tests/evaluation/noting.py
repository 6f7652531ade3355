"""A drafting specialist that keeps what calibration is fitted on."""

from collegium.agent.settings import AgentSettings
from collegium.agent.specialist import Success, Workbench
from collegium.drafting.confidence import Signals, signals_of
from collegium.drafting.specialist import DraftingSpecialist
from collegium_schemas.evidence import Analysis, Draft, Evidence
from collegium_schemas.tasks import TaskRequested

drafted: dict[str, Signals] = {}
"""Of the last draft for each goal."""


class Noting(DraftingSpecialist):
    """Drafting that keeps the signals of the last draft for each goal."""

    async def perform(self, task: TaskRequested, bench: Workbench) -> Success:
        """Draft, and note."""
        done = await super().perform(task, bench)
        evidence, analyses = await bench.inputs(Evidence), await bench.inputs(Analysis)
        drafts = [one.content for one in done.outputs if isinstance(one.content, Draft)]
        drafted[task.goal] = signals_of(evidence, analyses[-1].questions, drafts[-1].sections)
        return done


def noting(settings: AgentSettings) -> Noting:
    """For `evaluate_runs`."""
    del settings
    return Noting()
