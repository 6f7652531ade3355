"""The variables that the doctor takes for known."""

import re
from pathlib import Path

from collegium.cli.variables import known_variables

ROOT = Path(__file__).parents[3]


def test_variables_of_every_service_are_known() -> None:
    """One of each settings class, with an alias too; variables of others are none of ours."""
    known = known_variables()
    assert {
        "COLLEGIUM_DATA_DIR",
        "COLLEGIUM_DEBUG",
        "COLLEGIUM_LEDGER_URL",
        "COLLEGIUM_CACHE_DIR",
        "COLLEGIUM_AGENT_CONCURRENCY",
        "COLLEGIUM_ANALYSIS_ENTAILMENT",
        "COLLEGIUM_KAFKA_BOOTSTRAP",
        "COLLEGIUM_LEDGER_RUNS",
        "COLLEGIUM_ORCHESTRATOR_PLAYBOOK_DIRS",
        "COLLEGIUM_RETRIEVAL_VECTORS",
        "COLLEGIUM_VERIFICATION_ENTAILMENT",
        "COLLEGIUM_HTTP_PORT",
    } <= known
    assert all(name.startswith("COLLEGIUM_") for name in known)


def test_variables_that_the_compose_file_sets_are_known() -> None:
    """Whoever starts the containers is not warned about what we set ourselves."""
    named = set(re.findall(r"COLLEGIUM_[A-Z_]*[A-Z]", (ROOT / "docker-compose.yml").read_text("utf-8")))
    assert named
    assert named <= known_variables()
