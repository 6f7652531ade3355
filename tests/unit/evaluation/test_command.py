"""`collegium evaluate`: JSON, text, comparison and exit codes."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from collegium.cli.__main__ import cli
from collegium.cli.exits import Exit
from judged_folders import claims


def run(*words: str | Path) -> Result:
    """One command line."""
    return CliRunner().invoke(cli, ["evaluate", *map(str, words)])


def test_json_holds_the_figures_without_the_cases(tmp_path: Path) -> None:
    """One value, with the schema's version."""
    result = run("verification", "--data", claims(tmp_path), "--json")
    assert result.exit_code == Exit.OK
    report = json.loads(result.stdout)
    assert (report["schema_version"], report["suite"], report["cases"]) == (1, "verification", [])
    assert {part["part"] for part in report["parts"]} >= {"all", "tuning", "reporting"}


def test_a_comparison_is_shown_and_given_as_json(tmp_path: Path) -> None:
    """Against what the folder held before this run."""
    data, out = claims(tmp_path / "data"), tmp_path / "out"
    assert run("verification", "--data", data, "--out", out).exit_code == Exit.OK
    worse = ("verification", "--data", data, "--subject", "judging_subjects:opposite", "--compare", out)
    shown = run(*worse)
    assert "8 cases got worse" in shown.stdout
    assert "c3" in shown.stdout
    told = json.loads(run(*worse, "--json").stdout)["comparison"]
    assert len(told["regressions"]) == told["cases"] == 8


def test_faults_end_with_one_line_and_their_code(tmp_path: Path) -> None:
    """Missing data 3, bad lines and subjects 2, a failing subject 1."""
    data = claims(tmp_path / "data")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "claims.jsonl").write_text("{}\n", encoding="utf-8")
    for words, code in (
        (("--data", tmp_path / "nowhere"), Exit.NOT_FOUND),
        (("--data", data, "--compare", tmp_path), Exit.NOT_FOUND),
        (("--data", broken), Exit.USAGE),
        (("--data", data, "--subject", "nothing"), Exit.USAGE),
        (("--data", data, "--subject", "judging_subjects:failing"), Exit.FAILED),
    ):
        result = run("verification", *words)
        assert result.exit_code == code, words
        assert result.stderr.startswith("collegium: ")
        assert result.stderr.count("\n") == 1
