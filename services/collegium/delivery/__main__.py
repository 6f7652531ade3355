"""The delivery specialist as a process: `python -m collegium.delivery`, with settings `COLLEGIUM_AGENT_...`.

Reports go to `reports/` in `COLLEGIUM_DATA_DIR`.
"""

import sys

from collegium.agent.service import main
from collegium.agent.settings import AgentSettings
from collegium.delivery.specialist import DeliverySpecialist


def build(settings: AgentSettings) -> DeliverySpecialist:
    """The specialist, for this process or for a system in one process."""
    return DeliverySpecialist(settings.data_dir)


if __name__ == "__main__":
    sys.exit(main(build))
