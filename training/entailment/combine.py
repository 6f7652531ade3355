r"""Fits the formula that weighs the model together with the rules' signals, on tuning halves alone.

    PYTHONPATH=training:services python -m entailment.combine --package models/entailment/collegium_entailment \
        --fit training/entailment/data/wice_dev \
        tests/evaluation/data/verify_scifact tests/evaluation/data/verify_fm2 tests/evaluation/data/verify_wice

Seven weights from some 1,040 claims, each suite counting alike; they are written into the package's config.json.
Without `--package` (and `--fit`) it fits the formula of the rules alone and prints it. The reporting halves are read
for nothing but the figures that are printed at the end; of a folder given by `--fit` no claim is reported.

How many of a suite's claims are supported says nothing of the next claim, but it would move the weights of whatever
differs between suites. So each suite has a bias of its own while the weights are fitted; the one bias that is kept is
fitted last, beside them.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from collegium.entailment.onnx import OnnxEntailment
from collegium.entailment.package import Config
from collegium.entailment.port import Entailment
from collegium.evaluation.folds import half
from collegium.evaluation.metrics import auroc, calibration_error, coverage_at
from collegium.evaluation.reading import read_verification
from collegium.verification.signals import Signals, grounds_of, signals
from collegium.verification.weighing import Weights

WORDS = ("missing", "exact", "direction")
"""What is known without the model."""
ALL = (*WORDS, "clauses", "entailed", "denied")
_PENALTY = 10.0
"""Of squared weights of signals with a standard deviation of 1; between 0.3 and 30 it makes no difference."""
_STEPS = 40

Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Weighable:
    """A claim with its signals; None where it has no source."""

    suite: str
    tuning: bool
    supported: bool
    signals: Signals | None

    def by(self, weights: Weights) -> float:
        """The probability that it is supported."""
        return 0.0 if self.signals is None else weights.support(self.signals)


def collect(folder: Path, model: Entailment | None, *, whole: bool = False) -> list[Weighable]:
    """All claims of a suite; with `whole` all are for tuning."""
    suite = read_verification(folder)
    found: list[Weighable] = []
    for case in suite.cases:
        grounds = grounds_of(case.claim, case.sources)
        chances = None
        if model is not None:
            chances = dict(zip(grounds.pairs, model.judge(grounds.pairs), strict=True))
        own = signals(grounds, chances) if grounds.windows else None
        found.append(Weighable(suite.data, whole or half(case.case_id) == "tuning", case.truth == "supported", own))
    return found


def fit(claims: Sequence[Weighable], names: Sequence[str]) -> Weights:
    """Ridge logistic regression on the tuning halves; weights that are not named are 0."""
    chosen = [claim for claim in claims if claim.tuning and claim.signals is not None]
    suites = list(dict.fromkeys(claim.suite for claim in chosen))
    member = np.array([[float(claim.suite == suite) for suite in suites] for claim in chosen])
    counts = member @ (len(chosen) / len(suites) / member.sum(axis=0))
    truth = np.array([float(claim.supported) for claim in chosen])
    rows = np.array([[getattr(claim.signals, name) for name in names] for claim in chosen], dtype=np.float64)
    spread = rows.std(axis=0)
    spread[spread == 0.0] = 1.0
    kept = np.array([0.0] * len(suites) + [_PENALTY] * len(names))
    slopes = _logistic(np.hstack([member, rows / spread]), truth, counts, kept)[len(suites) :] / spread
    (bias,) = _logistic(np.ones((len(chosen), 1)), truth, counts, np.zeros(1), beside=rows @ slopes)
    weighed = dict.fromkeys(ALL, 0.0) | dict(zip(names, slopes.tolist(), strict=True)) | {"bias": float(bias)}
    return Weights.of({name: round(value, 4) for name, value in weighed.items()})


def _logistic(rows: Rows, truth: Rows, counts: Rows, kept: Rows, beside: Rows | None = None) -> Rows:
    """Newton's method; `kept` are the penalties, `beside` is added to the sums as it is."""
    found = np.zeros(rows.shape[1])
    fixed = np.zeros(len(rows)) if beside is None else beside
    for _ in range(_STEPS):
        chances = 1.0 / (1.0 + np.exp(-(rows @ found + fixed)))
        slope = rows.T @ (counts * (chances - truth)) + kept * found
        curve = (rows * (counts * chances * (1.0 - chances))[:, None]).T @ rows + np.diag(kept)
        found = found - np.linalg.solve(curve, slope)
    return found


def figures(claims: Sequence[Weighable], weights: Weights) -> dict[str, dict[str, float]]:
    """AUROC, coverage at precision 0.90 and calibration error of the probability, by suite and half."""
    told: dict[str, dict[str, float]] = {}
    for suite in dict.fromkeys(claim.suite for claim in claims):
        for tuning in (True, False):
            some = [claim for claim in claims if claim.suite == suite and claim.tuning == tuning]
            if not some:
                continue
            scores = [claim.by(weights) for claim in some]
            truth = [claim.supported for claim in some]
            found = auroc(scores, truth), coverage_at(scores, truth), calibration_error(scores, truth)
            told[f"{suite} {'tuning' if tuning else 'reporting'}"] = dict(
                zip(("auroc", "coverage_at_0.90", "ece"), (round(one, 4) for one in found), strict=True)
            )
    return told


def main() -> None:
    """Composes, fits, writes and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER", help="suites of judged claims")
    parser.add_argument("--fit", type=Path, action="append", default=[], help="a suite that is for tuning as a whole")
    parser.add_argument("--package", type=Path, help="whose model is weighed, and whose config.json is written")
    chosen = parser.parse_args()
    model = None if chosen.package is None else OnnxEntailment(chosen.package)
    claims = [
        *(claim for folder in chosen.folders for claim in collect(folder, model)),
        *(claim for folder in chosen.fit for claim in collect(folder, model, whole=True)),
    ]
    weights = fit(claims, ALL if model is not None else WORDS)
    if chosen.package is not None:
        replace(Config.read(chosen.package), support=asdict(weights)).write(chosen.package)
    print(json.dumps({"weights": asdict(weights)} | figures(claims, weights), indent=1))


if __name__ == "__main__":
    main()
