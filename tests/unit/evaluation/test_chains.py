"""Chains: specialists in a row on a suite of objectives."""

from pathlib import Path
from typing import ClassVar

import pytest

from collegium.agent.settings import AgentSettings
from collegium.agent.specialist import Output, SpecialistFailure, Success, Workbench
from collegium.evaluation.errors import SubjectInvalid
from collegium.evaluation.report import EvaluationReport
from collegium.evaluation.runs.chaining import Passed, checked_links, passed, report_of, submitted
from collegium.evaluation.runs.evaluating import RunPlan, evaluate_runs
from collegium.evaluation.runs.objectives import Objective
from collegium.orchestrator.playbooks import load_library
from collegium_schemas.evidence import Analysis, Evidence, QuestionAnalysis, RankedPassage
from collegium_schemas.objective import RunStatus
from collegium_schemas.tasks import FailureKind, TaskRequested
from report_worlds import passage

PLAYBOOK = load_library().playbooks["research-report"]
SUITE = """
name: ferries
documents:
  - {path: a.md, title: The Orla ferry, text: "# The Orla ferry\\n\\nThe Orla ferry carries at most 180 passengers.\\n"}
  - {path: b.md, title: Inspection, text: "# Inspection\\n\\nThe Orla ferry carries at most 240 passengers.\\n"}
objectives:
  - id: capacity
    goal: How many passengers does the Orla ferry carry?
    facts: [{id: first, any: [["180"]]}, {id: second, any: [["240"]]}]
    conflict: [["180"], ["240"]]
    answerable: true
    expect: {status: failed}
    faults: {analysis: {fails: internal, times: 20}}
"""


class Silent:
    """An analysis that finds nothing, and the tasks that it was given."""

    role = "analysis"
    seen: ClassVar[list[TaskRequested]] = []

    async def perform(self, task: TaskRequested, bench: Workbench) -> Success:
        """Answer no question."""
        self.seen.append(task)
        asked = [
            QuestionAnalysis(question_id=e.question_id, question=e.question, answered=False)
            for e in await bench.inputs(Evidence)
        ]
        return Success(outputs=(Output("analysis", Analysis(questions=tuple(asked))),), confidence=0.5)


def silent(settings: AgentSettings) -> Silent:
    """For a chain."""
    del settings
    return Silent()


class Failing:
    """A specialist of any role that fails."""

    role = "analysis"

    def __init__(self, *, slow: bool) -> None:
        self._slow = slow

    async def perform(self, task: TaskRequested, bench: Workbench) -> Success:
        """Fail.

        Raises:
            SpecialistFailure: unless it runs out of time.
        """
        del task
        if self._slow:
            raise TimeoutError
        await bench.effects.execute("reports", b"")
        raise SpecialistFailure(FailureKind.INTERNAL, "not reached")


class Finding:
    """A retrieval that always finds the same."""

    role = "retrieval"

    async def perform(self, task: TaskRequested, bench: Workbench) -> Success:
        """One passage."""
        del bench
        found = RankedPassage(passage=passage("The Orla ferry is red.", document="a.md"), score=1.0, coverage=1.0)
        evidence = Evidence(
            question_id=str(task.params["question_id"]),
            question="What colour?",
            corpus="c",
            corpus_snapshot="0",
            documents_searched=1,
            mode="bm25",
            passages=(found,),
        )
        return Success(outputs=(Output("evidence", evidence),), confidence=0.7)


def _evaluated(folder: Path, *links: str, specialists: tuple[str, ...] = ()) -> EvaluationReport:
    suite = folder / "suite.yaml"
    suite.write_text(SUITE, encoding="utf-8")
    plan = RunPlan(suite, out=folder / "out", links=links, specialists=specialists, vectors_wait_s=0.0)
    return evaluate_runs(plan)


def _figures(report: EvaluationReport) -> dict[str, float]:
    return {figure.name: figure.value for figure in report.parts[0].figures}


def test_a_chain_is_scored_by_the_rules_for_runs_without_what_only_runs_do(tmp_path: Path) -> None:
    """Faults and expectations of a course are left out, and so are bytes and rounds."""
    report = _evaluated(tmp_path, "retrieval", "analysis", "drafting")
    figures = _figures(report)

    assert (report.suite, report.subject) == ("chain", "retrieval -> analysis -> drafting")
    assert (figures["fact_coverage"], figures["grounded"], figures["conflicts_disclosed"]) == (1.0, 1.0, 1.0)
    assert figures.keys().isdisjoint({"log_bytes", "report_bytes", "replans", "behaved"})
    assert (tmp_path / "out" / "chain-ferries-retrieval-analysis-drafting.html").exists()
    assert _evaluated(tmp_path, "retrieval", "analysis", "drafting").taken_up == 1


@pytest.mark.parametrize(("links", "conflicts"), [(("retrieval",), None), (("retrieval", "analysis"), 1.0)])
def test_a_chain_may_end_before_drafting(tmp_path: Path, links: tuple[str, ...], conflicts: float | None) -> None:
    """Passages, or claims and contradictions, stand in for a draft's sentences."""
    figures = _figures(_evaluated(tmp_path, *links))

    assert figures["fact_coverage"] == 1.0
    assert figures.get("conflicts_disclosed") == conflicts


def test_a_specialist_of_one_s_own_stands_in_for_a_link(tmp_path: Path) -> None:
    """It gets the playbook's task, and its answer is what is measured."""
    Silent.seen.clear()
    report = _evaluated(tmp_path, "retrieval", "analysis", "drafting", specialists=(f"{__name__}:{silent.__name__}",))

    assert _figures(report)["false_declaration"] == 1.0
    assert {task.step for task in Silent.seen} == {"analyse"}
    assert report.subject.startswith("retrieval -> analysis -> drafting, ")


@pytest.mark.parametrize(
    ("links", "told"),
    [
        (("retrieval", "delivery"), "delivery changes things outside"),
        (("retrieval", "research"), "no such role"),
        (("retrieval", "retrieval"), "each once"),
        ((), "1 to 16 roles"),
    ],
)
def test_what_cannot_be_a_chain_is_refused(links: tuple[str, ...], told: str) -> None:
    """With the roles that there are."""
    with pytest.raises(SubjectInvalid, match=told):
        checked_links(links, PLAYBOOK)


@pytest.mark.parametrize(("slow", "kind"), [(True, FailureKind.TIMEOUT), (False, FailureKind.UNAUTHORISED)])
async def test_the_first_failure_ends_a_chain(slow: bool, kind: FailureKind) -> None:  # noqa: FBT001 - a case
    """Nothing is retried, no effect is allowed, and there is no report."""
    objective = submitted(Objective(id="o", goal="What colour is the Orla ferry?"), "c", PLAYBOOK.name)

    found = await passed(
        objective, PLAYBOOK, ("retrieval", "analysis"), {"retrieval": Finding(), "analysis": Failing(slow=slow)}
    )

    assert [attempt.failure for attempt in found.attempts] == [None, kind]
    assert found.course.status is RunStatus.FAILED
    assert report_of(objective, found) is None


async def test_a_chain_s_passages_become_sentences_that_cite_themselves() -> None:
    """So coverage of facts says what later links have to work with."""
    objective = submitted(Objective(id="o", goal="What colour is the Orla ferry?"), "c", PLAYBOOK.name)
    found = await passed(objective, PLAYBOOK, ("retrieval",), {"retrieval": Finding()})

    report = report_of(objective, found)

    assert report is not None
    assert [one.text for section in report.sections for one in section.sentences] == ["The Orla ferry is red."]
    assert [source.passage.document_id for source in report.sources] == ["a.md"]
    assert report_of(objective, Passed()) is None
