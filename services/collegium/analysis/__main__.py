"""The analysis specialist as a process: `python -m collegium.analysis`, with settings `COLLEGIUM_AGENT_...`."""

import sys

from collegium.agent.service import main
from collegium.agent.settings import AgentSettings
from collegium.analysis import composition
from collegium.analysis.settings import AnalysisSettings
from collegium.analysis.specialist import AnalysisSpecialist


def build(settings: AgentSettings) -> AnalysisSpecialist:
    """The specialist, for this process or for a system in one process."""
    return composition.build(AnalysisSettings())


if __name__ == "__main__":
    sys.exit(main(build))
