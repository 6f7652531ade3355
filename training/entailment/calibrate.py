"""Fits the temperature of an exported model on the held-out part of the training data, never on an evaluation set.

PYTHONPATH=training:services python -m entailment.calibrate --package models/entailment/collegium_entailment
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from collegium.entailment.onnx import Logits, OnnxLogits, probabilities
from collegium.entailment.package import MODEL, TOKENIZER, Config
from collegium.evaluation.metrics import calibration_error
from entailment.curriculum import DATA, development
from entailment.judging import judge_all
from entailment.metrics import fitted_temperature, partial_log_loss
from entailment.pairs import LABELS, Pair


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the temperature did, on the pairs that it was fitted on."""

    temperature: float
    loss_before: float
    loss_after: float
    error_before: float
    error_after: float
    accuracy: float


def development_pairs(folder: Path) -> list[Pair]:
    """The held-out pairs of all sources, in a fixed order."""
    return [pair for rows in development(folder).values() for pair in rows]


def calibrate(package: Path, pairs: Sequence[Pair], logits: Logits) -> Calibration:
    """Fits the temperature, writes it into config.json and says what it did."""
    readings = [pair.reading for pair in pairs]
    temperature = fitted_temperature(logits, readings)
    Config.read(package).at(round(temperature, 4)).write(package)
    before, after = sureness(pairs, probabilities(logits)), sureness(pairs, probabilities(logits, temperature))
    return Calibration(
        temperature=round(temperature, 4),
        loss_before=round(partial_log_loss(logits, readings, 1.0), 4),
        loss_after=round(partial_log_loss(logits, readings, temperature), 4),
        error_before=round(calibration_error(*before), 4),
        error_after=round(calibration_error(*after), 4),
        accuracy=round(sum(after[1]) / len(after[1]), 4),
    )


def sureness(pairs: Sequence[Pair], chances: Logits) -> tuple[list[float], list[bool]]:
    """Of every pair, the probability of the label chosen among those its annotators had, and whether it is right.

    Where the truth is one of two labels, the two count as one answer.
    """
    sure: list[float] = []
    right: list[bool] = []
    for pair, row in zip(pairs, chances.tolist(), strict=True):
        among = {label: row[place] for place, label in enumerate(LABELS) if label in pair.reading.among}
        answers = [pair.reading.truth, *(frozenset({label}) for label in among if label not in pair.reading.truth)]
        weights = [sum(among[label] for label in answer) for answer in answers]
        chosen = max(range(len(answers)), key=weights.__getitem__)
        sure.append(weights[chosen] / sum(weights))
        right.append(chosen == 0)
    return sure, right


def main() -> None:
    """Composes, runs and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--most", type=int, help="only so many held-out pairs")
    chosen = parser.parse_args()
    pairs = development_pairs(chosen.data)[: chosen.most]
    judge = OnnxLogits(chosen.package / MODEL, chosen.package / TOKENIZER, Config.read(chosen.package).max_tokens)
    logits = judge_all(judge, [(pair.premise, pair.hypothesis) for pair in pairs])
    print(json.dumps(asdict(calibrate(chosen.package, pairs, logits)), indent=1))


if __name__ == "__main__":
    main()
