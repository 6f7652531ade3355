r"""Fits the formula that weighs the model together with the rules' signals, on tuning halves alone.

    PYTHONPATH=training:services python -m entailment.combine --package models/entailment/collegium_entailment \
        tests/evaluation/data/verify_scifact tests/evaluation/data/verify_fm2 tests/evaluation/data/verify_wice

Five weights from some 690 claims, each suite counting alike; they are written into the package's config.json. Without
`--package` it fits the formula of the rules alone and prints it. The reporting halves are read for nothing but the
figures that are printed at the end.
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
from collegium.verification.second_opinion import MOST_WINDOWS
from collegium.verification.signals import Signals, signals, windows_of
from collegium.verification.weighing import RULES_ALONE, Weights

_NAMES = ("bias", "shared", "exact", "against_contradiction", "against_neutral")
_WORDS = 3
"""The first so many are known without the model."""
_PENALTY = 1.0
_ROUNDS = 8
_STEPS = 40

Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Weighable:
    """A claim with the signals of each of its windows."""

    suite: str
    tuning: bool
    supported: bool
    windows: tuple[Signals, ...]


def collect(folder: Path, model: Entailment | None) -> list[Weighable]:
    """All claims of a suite."""
    suite = read_verification(folder)
    cut = [windows_of(case.claim, case.sources, MOST_WINDOWS) for case in suite.cases]
    pairs = [(window.text, case.claim) for case, some in zip(suite.cases, cut, strict=True) for window in some]
    judged = iter(model.judge(pairs) if model is not None else [])
    return [
        Weighable(
            suite.data,
            half(case.case_id) == "tuning",
            case.truth == "supported",
            tuple(signals(window, next(judged) if model is not None else None) for window in some),
        )
        for case, some in zip(suite.cases, cut, strict=True)
    ]


def fit(claims: Sequence[Weighable], names: Sequence[str]) -> Weights:
    """Ridge logistic regression by Newton's method; the best window is chosen anew after each fit."""
    weights = replace(RULES_ALONE, against_contradiction=0.3, against_neutral=0.3)
    weights = weights if len(names) > _WORDS else RULES_ALONE
    chosen = [claim for claim in claims if claim.tuning and claim.windows]
    sizes = {suite: sum(claim.suite == suite for claim in chosen) for suite in {claim.suite for claim in chosen}}
    counts = np.array([len(chosen) / len(sizes) / sizes[claim.suite] for claim in chosen])
    truth = np.array([float(claim.supported) for claim in chosen])
    for _ in range(_ROUNDS):
        best = [max(claim.windows, key=weights.support) for claim in chosen]
        rows = np.array([[1.0, *(getattr(one, name) for name in names[1:])] for one in best])
        found = _logistic(rows, truth, counts)
        weights = Weights.of(dict.fromkeys(_NAMES, 0.0) | dict(zip(names, found.tolist(), strict=True)))
    return Weights.of({name: round(value, 4) for name, value in asdict(weights).items()})


def _logistic(rows: Rows, truth: Rows, counts: Rows) -> Rows:
    found = np.zeros(rows.shape[1])
    kept = np.array([0.0, *[_PENALTY] * (rows.shape[1] - 1)])
    for _ in range(_STEPS):
        chances = 1.0 / (1.0 + np.exp(-rows @ found))
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
            scores = [max((weights.support(one) for one in claim.windows), default=0.0) for claim in some]
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
    parser.add_argument("--package", type=Path, help="whose model is weighed, and whose config.json is written")
    chosen = parser.parse_args()
    model = None if chosen.package is None else OnnxEntailment(chosen.package)
    claims = [claim for folder in chosen.folders for claim in collect(folder, model)]
    weights = fit(claims, _NAMES if model is not None else _NAMES[:_WORDS])
    if chosen.package is not None:
        replace(Config.read(chosen.package), support=asdict(weights)).write(chosen.package)
    print(json.dumps({"weights": asdict(weights)} | figures(claims, weights), indent=1))


if __name__ == "__main__":
    main()
