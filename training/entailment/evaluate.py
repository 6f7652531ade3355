"""Judges an exported model or a checkpoint on folders of judged claims.

    PYTHONPATH=training:services python -m entailment.evaluate --model models/entailment/collegium_entailment FOLDER...

Every figure comes twice: for the half of the cases that one may tune thresholds on, and for the half that is only
reported. The halves are fixed by a hash of each case's id.
"""

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from collegium.entailment.onnx import OnnxLogits, probabilities
from collegium.entailment.windows import WindowRule
from collegium.evaluation.metrics import auroc, calibration_error, coverage_at
from entailment.judging import Judge, judge_all
from entailment.pairs import LABELS, Label
from entailment.start import start_folder
from entailment.suites import Case, read_suite

_E, _C = LABELS.index(Label.ENTAILMENT), LABELS.index(Label.CONTRADICTION)


@dataclass(frozen=True, slots=True)
class Judged:
    """A case with the probabilities of its best window."""

    case: Case
    chances: tuple[float, float, float]

    @property
    def support(self) -> float:
        """How sure it is that the claim is supported."""
        return self.chances[_E]


def judge_cases(judge: Judge, cases: Sequence[Case], temperature: float) -> list[Judged]:
    """Judges every window of every case; a case takes the window with the highest entailment."""
    pairs = [(window, case.claim) for case in cases for window in case.windows]
    chances = probabilities(judge_all(judge, pairs), temperature)
    found: list[Judged] = []
    at = 0
    for case in cases:
        own = chances[at : at + len(case.windows)]
        at += len(case.windows)
        best = own[int(own[:, _E].argmax())]
        found.append(Judged(case, (float(best[0]), float(best[1]), float(best[2]))))
    return found


def figures(judged: Sequence[Judged]) -> dict[str, float | None]:
    """The figures of one part of a suite; None where a part has no case of one kind."""
    support = [item.support for item in judged]
    supported = [item.case.supported for item in judged]
    found = {
        "cases": len(judged),
        "auroc_supported": auroc(support, supported),
        # Where no case is neutral, entailment against contradiction alone may rank better.
        "auroc_supported_without_neutral": auroc(
            [i.chances[_E] / (i.chances[_E] + i.chances[_C]) for i in judged], supported
        ),
        "coverage_at_precision_0.90": coverage_at(support, supported),
        "ece_supported": calibration_error(support, supported),
    }
    labelled = [item for item in judged if item.case.label is not None]
    if labelled:
        contradiction = [item.chances[_C] for item in labelled]
        right = [LABELS[item.chances.index(max(item.chances))] is item.case.label for item in labelled]
        found["accuracy"] = sum(right) / len(right)
        found["auroc_contradiction"] = auroc(contradiction, [i.case.label is Label.CONTRADICTION for i in labelled])
        found["ece_chosen_label"] = calibration_error([max(item.chances) for item in labelled], right)
    return {name: None if math.isnan(value) else round(value, 4) for name, value in found.items()}


def report(judge: Judge, folder: Path, rule: WindowRule, temperature: float, most: int | None) -> dict[str, object]:
    """All figures of one folder."""
    cases = read_suite(folder, rule)[:most]
    judged = judge_cases(judge, cases, temperature)
    return {
        "suite": folder.name,
        "windows": sum(len(case.windows) for case in cases),
        "tuning_half": figures([item for item in judged if not item.case.reported]),
        "reporting_half": figures([item for item in judged if item.case.reported]),
        "all": figures(judged),
    }


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--model", type=Path, help="a folder with model.onnx, tokenizer.json and config.json")
    parser.add_argument("--weights", type=Path, help="a run's best.safetensors, instead of --model")
    parser.add_argument("--start", type=Path, help="with --weights: what the run started from")
    parser.add_argument("--max-tokens", type=int, default=128, help="with --weights")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--most", type=int, help="only the first cases of each folder")
    return parser.parse_args()


def main() -> None:
    """Composes and prints one JSON object a folder."""
    chosen = arguments()
    rule, temperature = WindowRule(), 1.0
    judge: Judge
    if chosen.weights:
        # Only here: an exported model is judged without PyTorch.
        from entailment.network.judging import TorchJudge

        judge = TorchJudge(chosen.weights, chosen.start or start_folder(), chosen.max_tokens, chosen.threads)
    else:
        config = json.loads((chosen.model / "config.json").read_text(encoding="utf-8"))
        rule, temperature = WindowRule(**config["window"]), config["temperature"]
        tokenizer = chosen.model / "tokenizer.json"
        judge = OnnxLogits(chosen.model / "model.onnx", tokenizer, config["max_tokens"], chosen.threads)
    for folder in chosen.folders:
        print(json.dumps(report(judge, folder, rule, temperature, chosen.most), indent=1), flush=True)


if __name__ == "__main__":
    main()
