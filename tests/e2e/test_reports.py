"""Objectives in, reports out: real specialists, a real corpus, a real broker."""

import json
from pathlib import Path

import pytest

from collegium.delivery.report import NOTHING_FOUND, Report
from full_stack import CORPUS, EXAMPLES, FullStack, cli_environment, demo_objective, objective, run_cli
from needs import needs
from report_checks import assert_sound_history, delivered_report, sentences

pytestmark = [needs("jaeger"), pytest.mark.asyncio(loop_scope="session")]

UNANSWERABLE = "What is the boiling point of liquid helium, and who composed the opera Carmen?"
ROUNDABOUT = (
    "With quotas, snapshots, timestamps, certificates, listeners, mirrors, tombstones, plugins, headers, racks, codecs "
    "in mind, what is min.insync.replicas?"
)


async def test_a_single_version_question_is_answered_with_citations(stack: FullStack) -> None:
    """The first demo objective completes; every sentence is cited, and each citation is what the corpus says."""
    view = await stack.ended(await stack.submit(demo_objective("delivery-guarantees")))

    assert view.status == "completed", view.reason
    report = await delivered_report(stack, view)
    assert report.answered
    assert report.questions_without_evidence == 0
    await assert_sound_history(stack, view.run_id)


async def test_a_comparison_discloses_its_conflicting_sources(stack: FullStack) -> None:
    """The second demo objective completes and shows where its sources differ, each side with its own source."""
    view = await stack.ended(await stack.submit(demo_objective("compare-versions")))

    assert view.status == "completed", view.reason
    report = await delivered_report(stack, view)
    versions = {source.number: source.passage.version for source in report.sources}
    differing = [
        {versions[number] for side in disagreement.sides for number in side.citations}
        for disagreement in report.disagreements
    ]
    assert {"2.8", "3.9"} in differing
    await assert_sound_history(stack, view.run_id)


async def test_what_the_corpus_cannot_answer_is_said_to_be_unanswered(stack: FullStack) -> None:
    """The run completes; its report states no fact, and names each question that found no evidence."""
    answer = await stack.cli("submit", UNANSWERABLE, "--corpus", CORPUS, "--watch")
    assert answer.code == 0, answer.err
    page = await stack.cli("report", "latest")
    view = await stack.ended((await stack.cli("show", "latest", "--json")).json["run_id"])

    report = await delivered_report(stack, view)
    assert sentences(report) == []
    assert not report.sources
    assert report.questions_without_evidence == len(report.sections) == 2
    assert NOTHING_FOUND in page.out
    assert all(f"No evidence found for: {section.heading}" in page.out for section in report.sections)
    await assert_sound_history(stack, view.run_id)


async def test_a_review_that_does_not_pass_leads_to_another_plan(stack: FullStack) -> None:
    """A question in too many words finds nothing; the reviewer asks for another search, which finds evidence."""
    run_id = await stack.submit(objective(ROUNDABOUT))
    view = await stack.ended(run_id)
    shown = (await stack.cli("show", run_id, "--json")).json

    assert view.status == "completed", view.reason
    assert [plan["version"] for plan in shown["plans"]] == [1, 2]
    assert shown["plans"][1]["reason"].startswith("review of round 1: ")
    assert "searched again in other words" in shown["plans"][1]["reason"]
    assert shown["replans"] == 1
    assert 1 < shown["round"] <= 3
    assert {"retrieve.1.r2", "verify.r2"} <= set(shown["plans"][1]["added"])
    first, second = view.subtask("retrieve.1"), view.subtask("retrieve.1.r2")
    assert first is not None
    assert second is not None
    assert first.latest is not None
    assert second.latest is not None
    assert first.latest.evidence_count == 0
    assert second.latest.evidence_count > 0
    assert (await delivered_report(stack, view)).answered
    await assert_sound_history(stack, run_id)


async def test_one_process_reports_the_same_as_many(stack: FullStack, tmp_path: Path) -> None:
    """`collegium run` on the memory log says what the services on Kafka say: same sentences, same citations."""
    asked = demo_objective("compare-versions")
    view = await stack.ended(await stack.submit(asked))
    alone = await run_cli(
        "run", asked.goal, "--corpus", EXAMPLES / "corpora" / CORPUS, environment=cli_environment(tmp_path / "alone")
    )

    assert alone.code == 0, alone.err
    [written] = (tmp_path / "alone" / "reports").glob("*/report.json")
    assert _content(Report.read_strict(written.read_bytes())) == _content(await delivered_report(stack, view))


def _content(report: Report) -> str:
    """Everything in a report but what names its run: the run id, and the draft's hash, which holds it."""
    return json.dumps(report.model_dump(mode="json", exclude={"run_id", "draft_sha256"}), indent=1)
