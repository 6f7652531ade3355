"""`collegium evaluate`: JSON, text, comparison and exit codes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from click.testing import CliRunner, Result

from collegium.cli.__main__ import cli
from collegium.cli.exits import Exit
from collegium.evaluation.cases import VerificationCase
from collegium.evaluation.floors import read_floors
from collegium.evaluation.judging import Material, Prediction, Subject
from collegium.evaluation.reading import read_verification
from judged_folders import claims

README = Path(__file__).parents[3] / "services" / "collegium" / "evaluation" / "README.md"


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
        (("--data", data / "claims.jsonl"), Exit.USAGE),
        (("--data", data, "--compare", tmp_path), Exit.NOT_FOUND),
        (("--data", broken), Exit.USAGE),
        (("--data", data, "--subject", "nothing"), Exit.USAGE),
        (("--data", data, "--subject", "judging_subjects:failing"), Exit.FAILED),
    ):
        result = run("verification", *words)
        assert result.exit_code == code, words
        assert result.stderr.startswith("collegium: ")
        assert result.stderr.count("\n") == 1


def test_a_file_where_a_folder_is_asked_for_is_said_to_be_one(tmp_path: Path) -> None:
    """It does exist."""
    result = run("verification", "--data", claims(tmp_path) / "claims.jsonl")
    assert "it is a file: name the folder that holds it" in result.stderr


def test_a_place_that_cannot_be_written_names_the_option(tmp_path: Path) -> None:
    """Not a setting that has nothing to do with it."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    result = run("verification", "--data", claims(tmp_path / "data"), "--out", tmp_path / "file" / "out")
    assert result.exit_code == Exit.FAILED
    assert "--out must be a place to write to" in result.stderr
    assert "COLLEGIUM_DATA_DIR" not in result.stderr


@pytest.mark.parametrize(
    ("floor", "code", "told"),
    [
        ({"figure": "accuracy", "at_least": 0.9}, Exit.OK, ""),
        ({"figure": "accuracy", "at_least": 1.1}, Exit.FAILED, "accuracy (reporting) is 1.0000, below 1.1"),
        (
            {"figure": "ece_15_bins", "part": "all", "at_most": -0.1},
            Exit.FAILED,
            ", above -0.1",
        ),
        ({"figure": "recall_at_10", "at_least": 0.1}, Exit.FAILED, "recall_at_10 (reporting) is not in the report"),
        ({"figure": "accuracy"}, Exit.USAGE, "give `at_least`, `at_most` or both"),
        ({"figure": "accuracy", "at_leest": 1}, Exit.USAGE, "at_leest"),
        ({"figure": "accuracy", "at_least": 0.9, "data": "other"}, Exit.USAGE, "it has no floor for verification on"),
    ],
)
def test_floors_decide_the_exit_code(tmp_path: Path, floor: dict[str, object], code: Exit, told: str) -> None:
    """The figures are printed in any case; a file that cannot hold anything back is refused."""
    data = claims(tmp_path / "data")
    floors = tmp_path / "floors.json"
    floors.write_text(json.dumps({"floors": [{"suite": "verification", "data": "data", **floor}]}), encoding="utf-8")
    result = run("verification", "--data", data, "--floors", floors)
    assert result.exit_code == code
    assert told in result.stderr
    assert ("accuracy" in result.stdout) == (code is not Exit.USAGE)


def test_the_readme_s_subject_and_floors_can_be_used(tmp_path: Path) -> None:
    """Its code is a subject, its JSON a file of floors."""
    blocks = README.read_text(encoding="utf-8").split("```")
    code = next(block.removeprefix("python\n") for block in blocks if block.startswith("python\n"))
    floors = next(block.removeprefix("json\n") for block in blocks if block.startswith("json\n"))
    names: dict[str, object] = {"__name__": "readme"}
    exec(compile(code, "README.md", "exec"), names)  # noqa: S102 - our own document
    opened = cast("Callable[[Material], Subject[VerificationCase]]", names["open"])
    case = read_verification(claims(tmp_path)).cases[0]
    said = opened(Material((), "", tmp_path)).judge(case)
    assert isinstance(said, Prediction)  # pyright: ignore[reportUnnecessaryIsInstance] - the document's code is not typed here
    (tmp_path / "floors.json").write_text(floors, encoding="utf-8")
    assert len(read_floors(tmp_path / "floors.json").floors) == 2
