"""`collegium evaluate runs`: whole runs in this process, from a suite to figures."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from collegium.agent.settings import AgentSettings
from collegium.agent.specialist import Success, Workbench
from collegium.cli.__main__ import cli
from collegium.cli.exits import Exit
from collegium.evaluation.report import EvaluationReport, read_report
from collegium.evaluation.runs.evaluating import RunPlan, evaluate_runs
from collegium_schemas.tasks import TaskRequested

SUITE = """
name: farm
documents:
  - path: old.md
    text: "# Sheep\\n\\nThe sheep of the north farm eat 3 kilograms of hay."
  - path: new.md
    title: Barn
    text: "# Barn\\n\\nThe barn of the north farm is 40 metres long.\\n\\nIts roof is red."
objectives:
  - id: barn
    kind: single_fact
    goal: "How long is the barn of the north farm?"
    facts: [{id: length, any: [["40", "metres"]], document: new.md, quote: "is 40 metres long"}]
    must_cite: [new.md]
    answerable: true
    expect: {status: completed, report: true}
  - {id: moon, kind: unanswerable, goal: "Which composer wrote the opera about the volcano?", answerable: false}
  - id: retried
    kind: fault
    goal: "How long is the barn of the north farm?"
    faults: {analysis: {fails: timeout}}
    expect: {status: completed, failures: [timeout], retries_at_least: 1}
  - id: asked
    kind: fault
    goal: "How long is the barn of the north farm?"
    faults: {delivery: {fails: outcome_unknown, times: 20}}
    expect: {status: waiting_approval, escalated: true}
"""


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small suite with its documents; sentence vectors are left out, since they are not what is tested."""
    monkeypatch.setenv("COLLEGIUM_RETRIEVAL_VECTORS", "off")
    path = tmp_path / "farm.yaml"
    path.write_text(SUITE, encoding="utf-8")
    return path


def run(*words: str | Path) -> Result:
    """One command line."""
    return CliRunner().invoke(cli, ["evaluate", "runs", *map(str, words)])


def figures(report: EvaluationReport, part: str = "all") -> dict[str, float]:
    """A part's figures by name."""
    return next({f.name: f.value for f in one.figures} for one in report.parts if one.part == part)


def test_runs_are_scored_and_taken_up_again(suite: Path, tmp_path: Path) -> None:
    """Facts, citations, declarations and behaviour; a second evaluation runs nothing, a changed goal runs alone."""
    plan = RunPlan(suite, out=tmp_path / "out", strict=True)
    report = evaluate_runs(plan)
    assert [case.note for case in report.cases] == ["", "", "", ""]
    found = figures(report)
    assert found["cited"] == found["grounded"] == found["fact_coverage"] == found["citation_recall"] == 1.0
    assert found["unanswerable_declared"] == found["behaved"] == 1.0
    assert found["log_bytes"] > found["report_bytes"] > 0
    assert [case.label for case in report.cases] == ["completed", "unanswered", "completed", "waiting_approval"]
    assert figures(report, "group:fault")["behaved"] == 1.0
    suite.write_text(
        SUITE.replace("Which composer", "Which painter").replace('"40", "metres"', '"41"'), encoding="utf-8"
    )
    again = evaluate_runs(plan)
    assert (again.taken_up, len(again.cases)) == (3, 4)
    assert figures(again)["fact_coverage"] == 0.0
    assert read_report(tmp_path / "out" / "runs-farm.report.json") == again
    assert "The barn of the north farm" in (tmp_path / "out" / "runs-farm.html").read_text(encoding="utf-8")


def test_several_runs_at_once_find_the_same(suite: Path) -> None:
    """In one system, each with its own recording."""
    one, several = (figures(evaluate_runs(RunPlan(suite, at_once=n, most=2))) for n in (1, 2))
    for changing in ("log_bytes", "report_bytes"):
        one.pop(changing)
        several.pop(changing)
    assert one == several


def test_json_floors_and_comparison(suite: Path, tmp_path: Path) -> None:
    """One value on standard output; a missed floor fails; what got worse is listed."""
    out = tmp_path / "out"
    result = run("--suite", suite, "--out", out, "--most", "2", "--json")
    assert result.exit_code == Exit.OK, result.stderr
    assert json.loads(result.stdout)["suite"] == "runs"
    floors = tmp_path / "floors.json"
    floor = {"suite": "runs", "data": "farm", "part": "all", "figure": "fact_coverage", "at_least": 0.5}
    floors.write_text(json.dumps({"floors": [floor]}), encoding="utf-8")
    suite.write_text(SUITE.replace('"40", "metres"', '"41"'), encoding="utf-8")
    worse = run("--suite", suite, "--out", out, "--most", "2", "--json", "--compare", out, "--floors", floors)
    assert worse.exit_code == Exit.FAILED
    assert "fact_coverage (all) is 0.0000, below 0.5" in worse.stderr
    assert [one["case_id"] for one in json.loads(worse.stdout)["comparison"]["regressions"]] == ["barn"]
    assert "Cases that got worse: 1" in (out / "runs-farm.html").read_text(encoding="utf-8")


def test_what_the_corpus_does_not_hold_is_told(suite: Path) -> None:
    """A warning, or an error with the line where it is asked to be strict."""
    suite.write_text(SUITE.replace('"is 40 metres long', '"is made of gold'), encoding="utf-8")
    lenient = run("--suite", suite, "--most", "1", "--json")
    assert "the quote does not stand in new.md" in json.loads(lenient.stdout)["warnings"][0]
    strict = run("--suite", suite, "--most", "1", "--strict")
    assert strict.exit_code == Exit.USAGE
    assert "line 10: barn, fact length: the quote" in strict.stderr


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--corpus", "nowhere"), Exit.NOT_FOUND, "nowhere does not exist"),
        (("--specialist", "nothing"), Exit.USAGE, "name it as module:function"),
        (("--compare", "nowhere"), Exit.NOT_FOUND, "there is no such report"),
    ],
)
def test_faults_end_with_one_line(suite: Path, words: tuple[str, ...], code: Exit, told: str) -> None:
    """And their exit code."""
    result = run("--suite", suite, *words)
    assert result.exit_code == code
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


class Mute:
    """An analysis that finds nothing."""

    role = "analysis"

    async def perform(self, task: TaskRequested, bench: Workbench) -> Success:
        """No outputs."""
        return Success()


def mute(settings: AgentSettings) -> Mute:
    """As `--specialist` names it."""
    return Mute()


def test_a_specialist_of_one_s_own_takes_the_place_of_the_shipped_one(suite: Path) -> None:
    """Its outcome lacks what its step must return, so that the run fails."""
    report = evaluate_runs(RunPlan(suite, most=1, specialists=(f"{__name__}:mute",)))
    assert [case.label for case in report.cases] == ["failed"]
    assert report.subject.endswith(":mute")


def test_a_run_becomes_a_case_by_one_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its goal, what it said, its sources; a second one is added below, the same one is not."""
    monkeypatch.setenv("COLLEGIUM_RETRIEVAL_VECTORS", "off")
    monkeypatch.setenv("COLLEGIUM_DATA_DIR", str(tmp_path / "data"))
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "barn.md").write_text("# Barn\n\nThe barn of the north farm is 40 metres long.\n", encoding="utf-8")
    for goal in ("How long is the barn of the north farm?", "Which composer wrote the opera about the volcano?"):
        made = CliRunner().invoke(cli, ["run", goal, "--corpus", str(docs), "--json"])
        assert made.exit_code == Exit.OK, made.stderr
    answered, declared = sorted(path.name for path in (tmp_path / "data" / "reports").iterdir())
    suite = tmp_path / "regressions.yaml"
    case = ("evaluate", "case", answered, "--suite", str(suite))
    told = CliRunner().invoke(cli, [*case, "--id", "barn", "--json"])
    assert told.exit_code == Exit.OK, told.stderr
    assert CliRunner().invoke(cli, [*case, "--id", "barn"]).exit_code == Exit.USAGE
    assert CliRunner().invoke(cli, ["evaluate", "case", declared, "--suite", str(suite)]).exit_code == Exit.OK
    assert CliRunner().invoke(cli, ["evaluate", "case", "unknown", "--suite", str(suite)]).exit_code == Exit.NOT_FOUND
    report = evaluate_runs(RunPlan(suite, docs, strict=True))
    assert [(case.case_id, case.group) for case in report.cases] == [("barn", "recorded"), (declared, "unanswerable")]
    assert figures(report)["fact_coverage"] == figures(report)["unanswerable_declared"] == 1.0
