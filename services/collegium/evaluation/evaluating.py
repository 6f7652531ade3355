"""One evaluation from folder to report: what the command line does, for programs."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import assert_never

from collegium.evaluation.answers import Answer, AnswerFile, AnswersInMemory
from collegium.evaluation.cases import (
    CaseT,
    ContradictionCase,
    InjectionCase,
    RetrievalCase,
    Suite,
    SuiteName,
    VerificationCase,
)
from collegium.evaluation.comparing import compared
from collegium.evaluation.corpora import read_retrieval
from collegium.evaluation.folds import sample, shared
from collegium.evaluation.judging import Material, Prediction, resolve
from collegium.evaluation.page import given_of, render
from collegium.evaluation.reading import read_contradiction, read_injection, read_verification
from collegium.evaluation.report import CaseResult, EvaluationReport, case_result, parts_of, read_report
from collegium.evaluation.running import Progress, run
from collegium.evaluation.scoring import (
    Score,
    score_contradiction,
    score_injection,
    score_retrieval,
    score_tampering,
    score_verification,
)
from collegium.evaluation.true_sentences import read_tampering


@dataclass(frozen=True, slots=True)
class Plan:
    """What to evaluate, and how.

    Attributes:
        suite: Which kind of data and subject.
        data: The folder.
        subject: A shipped subject's name, or `module:attribute`.
        out: Where answers, the report and prepared corpora are kept; nothing is kept without it.
        workers: Processes.
        most: Only so many cases, from all over the suite; all when None.
        earlier: An earlier report's file, to compare with; it is read before this one may replace it.
    """

    suite: SuiteName
    data: Path
    subject: str = "shipped"
    out: Path | None = None
    workers: int = 1
    most: int | None = None
    earlier: Path | None = None


def report_path(folder: Path, suite: SuiteName, data: Path) -> Path:
    """Where the report on a folder of data is kept: reports on several may share a folder."""
    return folder / f"{suite}-{data.resolve().name}.report.json"


def page_path(folder: Path, suite: SuiteName, data: Path) -> Path:
    """Where the report is kept as a page for people."""
    return folder / f"{suite}-{data.resolve().name}.html"


def _answers_path(report: Path) -> Path:
    return report.with_name(f"{report.name.removesuffix('.report.json')}.answers.jsonl")


def evaluate(plan: Plan, on_progress: Callable[[Progress], None] = lambda progress: None) -> EvaluationReport:
    """Read the data, put the cases to the subject, and report; with `out`, the report is written there too.

    Raises:
        EvaluationError: the data, the subject or what was kept before cannot be used.
    """
    match plan.suite:
        case "retrieval":
            return _evaluated(plan, read_retrieval(plan.data), score_retrieval, _truth_of_ranking, on_progress)
        case "verification":
            return _evaluated(plan, read_verification(plan.data), score_verification, _truth, on_progress)
        case "contradiction":
            return _evaluated(plan, read_contradiction(plan.data), score_contradiction, _truth, on_progress)
        case "injection":
            return _evaluated(plan, read_injection(plan.data), score_injection, _truth, on_progress)
        case "tampering":
            return _evaluated(plan, read_tampering(plan.data), score_tampering, _truth, on_progress)
        case _:
            assert_never(plan.suite)


def _truth(case: VerificationCase | ContradictionCase | InjectionCase) -> str:
    return case.truth


def _truth_of_ranking(case: RetrievalCase) -> str:
    return " ".join(document for document, gain in case.relevance[:10] if gain > 0)[:1_000]


def _evaluated(
    plan: Plan,
    suite: Suite[CaseT],
    score: Callable[[CaseT, Prediction], Score],
    truth: Callable[[CaseT], str],
    on_progress: Callable[[Progress], None],
) -> EvaluationReport:
    chosen = replace(suite, cases=sample(suite.cases, plan.most, lambda case: case.case_id))
    path = resolve(plan.suite, plan.subject)
    before = None if plan.earlier is None else read_report(plan.earlier)
    with TemporaryDirectory(prefix="collegium-evaluation-") as scratch:
        folder = Path(scratch) if plan.out is None else plan.out / "prepared"
        kept = report_path(plan.out or folder, plan.suite, plan.data)
        answers = AnswersInMemory[Answer]() if plan.out is None else AnswerFile(_answers_path(kept), Answer)
        material = Material(suite.documents, suite.documents_sha256, folder)
        done = run(chosen, path, material, answers, workers=plan.workers, on_progress=on_progress)
    related = shared((case.case_id, case.ties) for case in suite.cases)
    cases: list[CaseResult] = []
    for case, answer in zip(chosen.cases, done.answers, strict=True):
        worth, tied = score(case, answer.prediction), case.case_id in related
        cases.append(case_result(case.case_id, case.group, truth(case), answer, worth, shared=tied))
    report = EvaluationReport(
        suite=plan.suite,
        data=suite.data,
        data_sha256=suite.sha256,
        subject=done.subject,
        version=done.version,
        taken_up=done.taken_up,
        parts=parts_of(cases),
        cases=tuple(cases),
    )
    report = compared(report, plan.earlier, before)
    if plan.out is not None:
        plan.out.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(report.to_json() + b"\n")
        given = {case.case_id: given_of(case) for case in chosen.cases}
        page_path(plan.out, plan.suite, plan.data).write_text(render(report, given), encoding="utf-8")
    return report
