"""The demo objectives are valid and ask for what the demo corpus holds."""

from pathlib import Path

import pytest

from collegium_schemas.objective import ObjectiveSubmitted

OBJECTIVES = Path(__file__).parents[3] / "examples" / "objectives"
CORPORA = OBJECTIVES.parent / "corpora"


@pytest.mark.parametrize("name", ["delivery-guarantees.json", "compare-versions.json"])
def test_a_demo_objective_is_valid(name: str) -> None:
    """It is read without unknown fields, and its corpus is in the repository."""
    objective = ObjectiveSubmitted.read_strict((OBJECTIVES / name).read_bytes())
    assert (CORPORA / objective.corpus).is_dir()
