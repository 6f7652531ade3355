"""Runs a retrieval specialist: `python -m collegium.retrieval`."""

import sys
from contextlib import ExitStack

from collegium.agent.service import main
from collegium.agent.settings import AgentSettings
from collegium.retrieval import composition
from collegium.retrieval.settings import RetrievalSettings
from collegium.retrieval.specialist import Retrieval


def build(settings: AgentSettings) -> Retrieval:
    """The specialist, for this process or for a system in one process; close it at the end."""
    return composition.build(settings.data_dir, RetrievalSettings())


def run() -> int:
    """Entry point; the exit status is `collegium.agent.service.main`'s."""
    with ExitStack() as at_end:

        def composed(agent: AgentSettings) -> Retrieval:
            retrieval = build(agent)
            at_end.callback(retrieval.close)
            return retrieval

        return main(composed)


if __name__ == "__main__":
    sys.exit(run())
