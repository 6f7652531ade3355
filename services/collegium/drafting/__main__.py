"""The drafting specialist as a process: `python -m collegium.drafting`.

Settings: `COLLEGIUM_AGENT_...` and `COLLEGIUM_DRAFTING_...`.
"""

import sys

from collegium.agent.service import main
from collegium.agent.settings import AgentSettings
from collegium.drafting.forms import load_templates
from collegium.drafting.settings import DraftingSettings
from collegium.drafting.specialist import DraftingSpecialist


def build(settings: AgentSettings) -> DraftingSpecialist:
    """The specialist, for this process or for a system in one process."""
    return DraftingSpecialist(load_templates(DraftingSettings().template_dirs))


if __name__ == "__main__":
    sys.exit(main(build))
