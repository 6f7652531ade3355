"""Fits the curves behind every confidence on the tuning halves: `make calibrate`. For some of them alone, see below.

`PYTHONPATH=tests python -m evaluation.calibrating [retrieval] [report] [--out DIR]`

Run it after a change of retrieval, analysis or drafting, then `make evaluate`. Nothing is drawn at random.

Retrieval: the questions of both ranking suites. A question is right when all relevant documents are among the first
ten. So that a corpus about something else does not look sure, each question is also put to the other suite's corpus,
where it is wrong; such a question counts a quarter.

Report: the objectives of the suites of whole runs, one curve for reports with findings and one for those without. Right
is what the harness calls so.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from collegium.agent.calibration import Curve, Curves
from collegium.evaluation.answers import AnswerFile
from collegium.evaluation.corpora import read_retrieval
from collegium.evaluation.folds import half
from collegium.evaluation.judging import Material
from collegium.evaluation.metrics import recall_at
from collegium.evaluation.runs.evaluating import RunPlan, evaluate_runs
from collegium.evaluation.runs.recording import Recording
from collegium.evaluation.subjects import retrieval
from evaluation.fitting import Example, fitted
from evaluation.noting import drafted

_HERE: Final = Path("tests/evaluation")
_SERVICES: Final = Path("services/collegium")
_RANKINGS: Final = ("multidoc_hotpotqa100", "verify_scifact")
_FOREIGN: Final = 0.25
_CUT: Final = 10
_RUNS: Final = (
    (_HERE / "runs" / "kafka_docs.yaml", _HERE / "corpora" / "kafka_docs"),
    *((_HERE / "scenarios" / f"{name}.yaml", None) for name in ("sources", "hostile", "noise", "empty")),
)


def retrieval_examples(out: Path, mode: str) -> Iterator[Example]:
    """Every question of a tuning half, put to each of the corpora."""
    suites = [read_retrieval(_HERE / "data" / name) for name in _RANKINGS]
    opened = retrieval.shipped if mode == "bm25+vectors" else retrieval.bm25
    for corpus in suites:
        subject = opened(Material(corpus.documents, corpus.documents_sha256, out / "prepared"))
        for suite in suites:
            for case in (case for case in suite.cases if half(case.case_id) == "tuning"):
                found, ranked = subject.look(case.question)
                if found.signals is not None and found.mode == mode:
                    own = suite is corpus
                    right = own and recall_at(ranked, dict(case.relevance), _CUT) == 1.0
                    yield Example(found.signals.values(), right, 1.0 if own else _FOREIGN)


def retrieval_curves(out: Path) -> dict[str, Curve]:
    """With sentence vectors and without."""
    signals = {"coverage": 1, "closeness": 1, "agreement": 1}
    return {
        "bm25": fitted({"coverage": 1}, list(retrieval_examples(out, "bm25"))),
        "bm25+vectors": fitted(signals, list(retrieval_examples(out, "bm25+vectors"))),
    }


def report_examples(out: Path) -> Iterator[tuple[str, Example]]:
    """Every objective of a tuning half, with the curve that its report is for."""
    prepared = (out / "prepared").resolve()
    prepared.mkdir(parents=True, exist_ok=True)
    for suite, corpus in _RUNS:
        drafted.clear()
        with TemporaryDirectory() as scratch:  # a recording that is taken up would bring no signals
            (Path(scratch) / "prepared").symlink_to(prepared)
            report = evaluate_runs(RunPlan(suite, corpus, Path(scratch), specialists=("evaluation.noting:noting",)))
            kept = AnswerFile(Path(scratch) / f"runs-{report.data}.recordings.jsonl", Recording).known().values()
        goals = {one.objective_id: one.report.goal for one in kept if one.report is not None}
        for case in report.cases:
            signals = drafted.get(goals.get(case.case_id, ""))
            if case.half == "tuning" and case.right is not None and signals is not None:
                yield signals.curve, Example(signals.values(), case.right)


def report_curves(out: Path) -> dict[str, Curve]:
    """Of reports that answer, and of those that say that there is no answer."""
    found = list(report_examples(out))
    return {
        name: fitted(signals, [example for curve, example in found if curve == name])
        for name, signals in (("answered", {"relevance": 1, "answered": 1}), ("unanswered", {"coverage": -1}))
    }


def write(service: str, fitted_on: str, curves: Mapping[str, Curve]) -> None:
    """Replace a service's calibration file."""
    path = _SERVICES / service / "data" / "confidence.json"
    made = Curves(made_by="make calibrate", fitted_on=fitted_on, curves=dict(curves))
    path.write_text(made.model_dump_json(indent=2) + "\n", encoding="utf-8")
    for name, curve in curves.items():
        print(f"{path} {name}: {curve.to_json().decode()}")  # noqa: T201 - its output


def main() -> int:
    """Fit what is asked for; everything unless some are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", nargs="*", default=["retrieval", "report"], help="`retrieval`, `report`")
    parser.add_argument("--out", type=Path, default=Path(".collegium/evaluation-full"), help="kept corpora")
    given = parser.parse_args()
    if "retrieval" in given.which:
        write("retrieval", f"tuning halves of {', '.join(_RANKINGS)}", retrieval_curves(given.out))
    if "report" in given.which:
        suites = ", ".join(path.stem for path, _ in _RUNS)
        write("drafting", f"tuning halves of {suites}", report_curves(given.out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
