"""`make evaluate`: its floors belong to its suites, and its page shows what the reports say."""

from pathlib import Path

import pytest

from collegium.evaluation.evaluating import Plan, evaluate
from collegium.evaluation.floors import read_floors
from evaluation.everything import FULL, QUICK, Job
from evaluation.page import page
from judged_folders import claims

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(("form", "jobs"), [("full", FULL), ("quick", QUICK)])
def test_every_suite_has_a_floor_and_every_floor_a_suite(form: str, jobs: tuple[Job, ...]) -> None:
    """A misspelt name would hold nothing back."""
    floors = read_floors(ROOT / "tests" / "evaluation" / f"floors-{form}.json").floors
    assert {f"{floor.suite}-{floor.data}.report.json" for floor in floors} == {job.report for job in jobs if job.held}


def test_the_page_shows_figures_curves_and_commands(tmp_path: Path) -> None:
    """Of each report that is there; a target whose suite is not there is not met."""
    evaluate(Plan("verification", claims(tmp_path / "data"), out=tmp_path / "out"))
    floors = read_floors(ROOT / "tests" / "evaluation" / "floors-full.json").floors
    text = page(tmp_path / "out", {"verification-data.report.json": "collegium evaluate verification"}, 3.0, floors)
    assert "## Verification: data" in text
    assert "collegium evaluate verification" in text
    assert "| accuracy | 1.000" in text
    assert "| share found at precision of at least | 0.70 |" in text
    assert "| confidence |" in text
    assert "| data: supported | rules" in text
    assert "| whole runs: sentences cited | 1 | 1 (all) | – | – | **no** |" in text


def test_a_brief_report_stands_in_the_tables_over_several_alone(tmp_path: Path) -> None:
    """By rules and with the model, a suite has two reports: one lies in a folder of its own."""
    data = claims(tmp_path / "data")
    evaluate(Plan("verification", data, subject="rules", out=tmp_path / "out" / "rules"))
    name = "rules/verification-data.report.json"
    text = page(tmp_path / "out", {name: "collegium evaluate verification --subject rules"}, 3.0, brief={name})
    assert "| data: supported | rules |" in text
    assert "| verification-rules | data |" in text
    assert "## Verification: data" not in text
