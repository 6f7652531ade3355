"""The scenario suites are what their scripts write, and large enough."""

from collections import Counter
from pathlib import Path

import pytest
import yaml

from collegium.evaluation.runs.suite_file import read_suite
from evaluation.scenarios.build import suite as sources
from evaluation.scenarios.build_more import empty, faults, noise, written

FOLDER = Path(__file__).parents[2] / "evaluation" / "scenarios"
SUITES = {"noise": noise, "empty": empty, "faults": faults}


@pytest.mark.parametrize("name", SUITES)
def test_a_suite_is_what_its_script_writes(name: str) -> None:
    """Edits go into the script or by_hand."""
    assert (FOLDER / f"{name}.yaml").read_text(encoding="utf-8") == written(SUITES[name]())


def test_the_sources_suite_is_what_its_script_writes() -> None:
    """The same for sources."""
    assert yaml.safe_load((FOLDER / "sources.yaml").read_text(encoding="utf-8")) == sources()


@pytest.mark.parametrize("name", [*SUITES, "sources"])
def test_a_suite_has_at_least_fifty_different_cases(name: str) -> None:
    """By what is asked, of which documents, under which fault."""
    objectives = read_suite(FOLDER / f"{name}.yaml").suite.objectives
    asked = Counter((one.goal, one.playbook, str(one.faults), str(one.budget)) for one in objectives)

    assert len(asked) >= 50
    assert max(asked.values()) == 1
