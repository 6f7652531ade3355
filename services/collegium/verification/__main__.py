"""The verification specialist as a process: `python -m collegium.verification`, with settings `COLLEGIUM_AGENT_...`."""

import sys

from collegium.agent.service import main
from collegium.agent.settings import AgentSettings
from collegium.verification import composition
from collegium.verification.settings import VerificationSettings
from collegium.verification.specialist import VerificationSpecialist


def build(settings: AgentSettings) -> VerificationSpecialist:
    """The specialist, for this process or for a system in one process."""
    return composition.build(VerificationSettings())


if __name__ == "__main__":
    sys.exit(main(build))
