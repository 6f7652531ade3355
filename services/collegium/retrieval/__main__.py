"""Runs a retrieval specialist: `python -m collegium.retrieval`."""

import sys
from contextlib import ExitStack

from collegium.agent.service import main
from collegium.agent.settings import AgentSettings
from collegium.retrieval.composition import build
from collegium.retrieval.settings import RetrievalSettings
from collegium.retrieval.specialist import Retrieval


def run() -> int:
    """Entry point; the exit status is `collegium.agent.service.main`'s."""
    with ExitStack() as at_end:

        def composed(agent: AgentSettings) -> Retrieval:
            retrieval = build(agent.data_dir, RetrievalSettings())
            at_end.callback(retrieval.close)
            return retrieval

        return main(composed)


if __name__ == "__main__":
    sys.exit(run())
