"""The drafting specialist as a process: `python -m collegium.drafting`, with settings `COLLEGIUM_AGENT_...`."""

import sys

from collegium.agent.service import main
from collegium.agent.settings import AgentSettings
from collegium.drafting.specialist import DraftingSpecialist


def build(settings: AgentSettings) -> DraftingSpecialist:
    """The specialist, for this process or for a system in one process."""
    return DraftingSpecialist()


if __name__ == "__main__":
    sys.exit(main(build))
