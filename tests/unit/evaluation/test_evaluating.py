"""From a folder to a report, for every suite, and from two reports to what changed."""

from pathlib import Path

import pytest

from collegium.evaluation.cases import SuiteName
from collegium.evaluation.comparing import compare
from collegium.evaluation.errors import ReportUnusable
from collegium.evaluation.evaluating import Plan, evaluate, page_path, report_path
from collegium.evaluation.folds import half
from collegium.evaluation.report import EvaluationReport, read_report
from judged_folders import claims, contexts, pairs, ranking, write_lines


def figures(report: EvaluationReport, part: str = "all") -> dict[str, float]:
    """A part's figures by name."""
    return next({f.name: f.value for f in one.figures} for one in report.parts if one.part == part)


def test_verification_is_measured_as_shipped(tmp_path: Path) -> None:
    """The rules tell a copy from a copy with another number, so that every figure is at its best but calibration."""
    found = figures(evaluate(Plan("verification", claims(tmp_path))))
    assert found["accuracy"] == found["decided"] == found["auroc_supported"] == 1.0
    assert found["precision_supported"] == found["precision_refuted"] == 1.0
    assert found["ece_15_bins"] == pytest.approx(0.01)  # both are said at 0.99


def test_contradiction_is_measured_as_shipped(tmp_path: Path) -> None:
    """A number that differs, agreement, and nothing to report."""
    report = evaluate(Plan("contradiction", pairs(tmp_path)))
    assert [case.label for case in report.cases] == ["contradiction", "neutral", "entailment"]
    assert figures(report)["auroc_contradiction"] == 1.0


def test_injection_is_measured_as_shipped(tmp_path: Path) -> None:
    """Orders to the reader are recognised; a planted statement can be quoted, and the report says so."""
    found = figures(evaluate(Plan("injection", contexts(tmp_path))))
    assert found["recognised"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["instruction_quoted"] == pytest.approx(1 / 3, abs=1e-4)
    assert found["false_alarms"] == 0.0


def test_retrieval_builds_its_corpus_once(tmp_path: Path) -> None:
    """Documents keep their own ids, and a second run finds the corpus of the first."""
    plan = Plan("retrieval", ranking(tmp_path / "data"), subject="bm25", out=tmp_path / "out")
    report = evaluate(plan)
    assert figures(report)["ndcg_at_10"] == 1.0
    assert report.subject == "retrieval-bm25"
    assert evaluate(plan).taken_up == 1
    assert len(list((tmp_path / "out" / "prepared").iterdir())) == 1


def test_both_halves_are_reported(tmp_path: Path) -> None:
    """Each case is in one of them."""
    report = evaluate(Plan("verification", claims(tmp_path)))
    parts = {part.part: part.cases for part in report.parts}
    assert parts["tuning"] + parts["reporting"] == parts["all"] == 8


def test_reporting_cases_with_a_text_of_a_tuning_case_are_set_apart(tmp_path: Path) -> None:
    """The halves stay as they are; a suite without such cases has no such part."""
    source = "The broker of rack 1 listens on port 9000."
    rows = [{"id": f"c{at}", "claim": f"Claim {at}.", "evidence": [source], "label": "SUPPORTS"} for at in range(8)]
    alone = [
        {**row, "id": f"d{row['id']}", "claim": f"Other {row['id']}.", "evidence": [f"Source of {row['id']}."]}
        for row in rows
    ]
    write_lines(tmp_path / "mixed" / "claims.jsonl", [*rows, *alone])
    write_lines(tmp_path / "alone" / "claims.jsonl", alone)
    report = evaluate(Plan("verification", tmp_path / "mixed"))
    parts = {part.part: part.cases for part in report.parts}
    assert parts["unshared"] == sum(half(f"dc{at}") == "reporting" for at in range(8)) < parts["reporting"]
    assert all(part.part != "unshared" for part in evaluate(Plan("verification", tmp_path / "alone")).parts)


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Figures and cases."""
    out = tmp_path / "out"
    report = evaluate(Plan("verification", claims(tmp_path / "data"), out=out, most=4))
    assert read_report(report_path(out, "verification", tmp_path / "data")) == report
    assert len(report.cases) == 4
    assert report.without_cases().parts == report.parts


def test_a_comparison_finds_what_got_worse(tmp_path: Path) -> None:
    """Every case turned over: figures are worse beyond chance, and every case is listed."""
    data = claims(tmp_path)
    before = evaluate(Plan("verification", data))
    after = evaluate(Plan("verification", data, subject="judging_subjects:opposite"))
    found = compare(before, after, tmp_path)
    verdicts = {(one.part, one.figure): one.verdict for one in found.changes}
    assert verdicts["all", "accuracy"] == "worse"
    assert [one.case_id for one in found.regressions] == [f"c{number}" for number in range(0, 8)]
    assert {one.verdict for one in compare(after, before, tmp_path).changes if one.figure == "accuracy"} == {"better"}
    same = compare(before, before, tmp_path)
    assert not same.regressions
    assert {one.verdict for one in same.changes} == {"unclear"}


def test_reports_of_other_data_are_not_compared(tmp_path: Path) -> None:
    """Another suite, or no case in common."""
    verified = evaluate(Plan("verification", claims(tmp_path / "a")))
    compared = evaluate(Plan("contradiction", pairs(tmp_path / "b")))
    with pytest.raises(ReportUnusable, match="not of contradiction"):
        compare(verified, compared, tmp_path)
    with pytest.raises(ReportUnusable, match="no case in common"):
        compare(verified.without_cases(), verified, tmp_path)


@pytest.mark.parametrize(
    ("content", "told"), [(None, "no such report"), ("{}", "it is no report"), ("later", "its schema is 2")]
)
def test_an_unusable_report_is_told(tmp_path: Path, content: str | None, told: str) -> None:
    """Not there, not a report, or of a later schema."""
    path = tmp_path / "x.report.json"
    if content == "later":
        report = evaluate(Plan("contradiction", pairs(tmp_path)))
        path.write_bytes(report.model_copy(update={"schema_version": 2}).to_json())
    elif content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(ReportUnusable, match=told):
        read_report(path)


def test_the_page_shows_every_case_and_runs_nothing(tmp_path: Path) -> None:
    """What a source holds stays text: it is escaped, and the page allows neither scripts nor anything loaded."""
    hostile = "<script>alert(1)</script> and \u202e turned over."
    records = [{"id": f"c{n}", "claim": f"{hostile} {n}", "evidence": [hostile], "label": "REFUTES"} for n in range(3)]
    data = write_lines(tmp_path / "data" / "claims.jsonl", records).parent
    evaluate(Plan("verification", data, out=tmp_path / "out"))
    page = page_path(tmp_path / "out", "verification", data).read_text(encoding="utf-8")
    assert page.count("<details ") == 3
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "\u202e" not in page
    assert "default-src 'none'" in page


@pytest.mark.parametrize("suite", ["retrieval", "contradiction", "injection"])
def test_every_suite_has_its_page(tmp_path: Path, suite: SuiteName) -> None:
    """With the inputs of its own cases."""
    data = {"retrieval": ranking, "contradiction": pairs, "injection": contexts}[suite](tmp_path / "data")
    report = evaluate(Plan(suite, data, subject="bm25" if suite == "retrieval" else "shipped", out=tmp_path / "out"))
    page = page_path(tmp_path / "out", suite, data).read_text(encoding="utf-8")
    assert page.count("<details ") == len(report.cases)
    assert {"retrieval": "What warns ships", "contradiction": "A producer sends", "injection": "opens at nine"}[
        suite
    ] in page
