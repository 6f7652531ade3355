"""Fits the curves behind every confidence on the tuning halves: `make calibrate`. For some of them alone, see below.

`PYTHONPATH=tests python -m evaluation.calibrating [retrieval] [report] [analysis] [review] [--out DIR]`

Run it after a change of retrieval, analysis, drafting or verification, then `make evaluate`. Nothing is drawn by
chance.

Retrieval: the questions of both ranking suites. A question is right when all relevant documents are among the first
ten. So that a corpus about something else does not look sure, each question is also put to the other suite's corpus,
where it is wrong; such a question counts a quarter.

Report: the objectives of the suites of whole runs, one curve for reports with findings and one for those without. Right
is what the harness calls so.

Analysis and review: the same objectives put to a chain that ends there; right is the chain's. Drafts of our own are
hardly ever objected to, so that reviews are also made of drafts in which every second sentence, or every one, cites
another source than its own; such a review counts a quarter.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Protocol

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
from evaluation.noting import analysed, drafted, reviewed

_HERE: Final = Path("tests/evaluation")
_SERVICES: Final = Path("services/collegium")
_RANKINGS: Final = ("multidoc_hotpotqa100", "verify_scifact")
_FOREIGN: Final = 0.25
_CUT: Final = 10
_SPOILT: Final = 0.25
_MOST_SPOILT: Final = 60
_LINKS: Final = ("retrieval", "analysis", "drafting", "verification")
_RUNS: Final = (
    (_HERE / "runs" / "kafka_docs.yaml", _HERE / "corpora" / "kafka_docs"),
    *((_HERE / "scenarios" / f"{name}.yaml", None) for name in ("sources", "hostile", "noise", "empty")),
)


class Noted(Protocol):
    """The signals of one outcome."""

    @property
    def curve(self) -> str:
        """Which curve they are for."""
        ...

    def values(self) -> dict[str, float]:
        """By name."""
        ...


@dataclass(frozen=True)
class Way:
    """How objectives are answered.

    Attributes:
        specialists: That stand in for the shipped ones.
        links: Roles in a row; none for whole runs.
        most: Of each suite; all when None.
    """

    specialists: tuple[str, ...]
    links: tuple[str, ...] = ()
    most: int | None = None


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
    drafted.clear()
    yield from _examples(out, drafted, Way(("evaluation.noting:noting",)))


def report_curves(out: Path) -> dict[str, Curve]:
    """Of reports that answer, and of those that say that there is no answer."""
    return _curves(report_examples(out), {"answered": {"relevance": 1, "answered": 1}, "unanswered": {"coverage": -1}})


def analysis_curves(out: Path) -> dict[str, Curve]:
    """Of analyses that answer a question, and of those that answer none."""
    analysed.clear()
    found = _examples(out, analysed, Way(("evaluation.noting:analysis",), _LINKS[:2]))
    signals = {"answered": {"relevance": 1, "alone": 1, "few": 1}, "unanswered": {"coverage": -1, "crowd": -1}}
    return _curves(found, signals)


def review_examples(out: Path) -> Iterator[tuple[str, Example]]:
    """Reviews of the drafts as they are, and of the same drafts with other citations."""
    reviewed.clear()
    yield from _examples(out, reviewed, Way(("evaluation.noting:review",), _LINKS))
    for drafter in ("half_miscited", "all_miscited"):
        reviewed.clear()
        way = Way(("evaluation.noting:review", f"evaluation.noting:{drafter}"), _LINKS, _MOST_SPOILT)
        yield from (one for one in _examples(out, reviewed, way, _SPOILT) if one[0] != "empty")


def review_curves(out: Path) -> dict[str, Curve]:
    """Of reviews that leave something, of those that leave nothing, and of drafts that said nothing."""
    signals = {
        "left": {"supported": 1, "draft": 1, "crowd": -1},
        "withheld": dict[str, int](),
        "empty": {"draft": 1, "crowd": -1},
    }
    return _curves(review_examples(out), signals)


def _examples(out: Path, noted: Mapping[str, Noted], way: Way, weight: float = 1.0) -> Iterator[tuple[str, Example]]:
    """Every objective of a tuning half that went that way, with the curve that its outcome is for."""
    prepared = (out / "prepared").resolve()
    prepared.mkdir(parents=True, exist_ok=True)
    for suite, corpus in _RUNS:
        with TemporaryDirectory() as scratch:  # a recording that is taken up would bring no signals
            (Path(scratch) / "prepared").symlink_to(prepared)
            plan = RunPlan(suite, corpus, Path(scratch), specialists=way.specialists, links=way.links, most=way.most)
            report = evaluate_runs(plan)
            (kept,) = Path(scratch).glob("*.recordings.jsonl")
            recordings = AnswerFile(kept, Recording).known().values()
        goals = {one.objective_id: one.report.goal for one in recordings if one.report is not None}
        for case in report.cases:
            signals = noted.get(goals.get(case.case_id, ""))
            if case.half == "tuning" and case.right is not None and signals is not None:
                yield signals.curve, Example(signals.values(), case.right, weight)


def _curves(examples: Iterator[tuple[str, Example]], signals: Mapping[str, Mapping[str, int]]) -> dict[str, Curve]:
    found = list(examples)
    return {name: fitted(some, [one for curve, one in found if curve == name]) for name, some in signals.items()}


def write(service: str, fitted_on: str, curves: Mapping[str, Curve]) -> None:
    """Replace a service's calibration file."""
    path = _SERVICES / service / "data" / "confidence.json"
    made = Curves(made_by="make calibrate", fitted_on=fitted_on, curves=dict(curves))
    path.write_text(made.model_dump_json(indent=2) + "\n", encoding="utf-8")
    for name, curve in curves.items():
        print(f"{path} {name}: {curve.to_json().decode()}")  # noqa: T201 - its output


_RUN_SUITES: Final = ", ".join(path.stem for path, _ in _RUNS)
FITTED: Final[Mapping[str, tuple[str, str, Callable[[Path], dict[str, Curve]]]]] = {
    "retrieval": ("retrieval", ", ".join(_RANKINGS), retrieval_curves),
    "report": ("drafting", _RUN_SUITES, report_curves),
    "analysis": ("analysis", _RUN_SUITES, analysis_curves),
    "review": ("verification", _RUN_SUITES, review_curves),
}
"""What is fitted, in this order: whose it is, on the tuning halves of what, and how. A review goes by its draft."""


def main() -> int:
    """Fit what is asked for; everything unless some are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", nargs="*", default=list(FITTED), help=", ".join(FITTED))
    parser.add_argument("--out", type=Path, default=Path(".collegium/evaluation-full"), help="kept corpora")
    given = parser.parse_args()
    if unknown := [name for name in given.which if name not in FITTED]:
        parser.error(f"there is no {unknown[0]}: name some of {', '.join(FITTED)}")
    for name, (service, suites, curves) in FITTED.items():
        if name in given.which:
            write(service, f"tuning halves of {suites}", curves(given.out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
