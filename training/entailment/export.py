r"""Exports a run's best weights into the data-only package: int8 ONNX, tokenizer, config, model card.

    PYTHONPATH=training:services python -m entailment.export --run FOLDER \
        --package models/entailment/collegium_entailment

Fits the temperature on the held-out part of the training data on the way.
"""

import argparse
import json
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from collegium.entailment.onnx import Logits, OnnxLogits, probabilities
from collegium.entailment.package import CONFIG, MODEL, TOKENIZER, Config
from entailment.calibrate import Calibration, calibrate, development_pairs
from entailment.card import card
from entailment.curriculum import DATA
from entailment.judging import judge_all
from entailment.network.judging import averaged
from entailment.network.onnx_file import write_float, write_int8
from entailment.package import CARD, MEASURED
from entailment.speed import measure
from entailment.start import start_folder


@dataclass(frozen=True, slots=True)
class Agreement:
    """How near the int8 model is to the float one on the held-out part."""

    same_label: float
    mean_difference: float

    @classmethod
    def of(cls, exact: Logits, coarse: Logits) -> "Agreement":
        """Compares probabilities."""
        one, other = probabilities(exact), probabilities(coarse)
        same = float(np.mean(one.argmax(axis=1) == other.argmax(axis=1)))
        return cls(round(same, 4), round(float(np.abs(one - other).mean()), 5))


@dataclass(frozen=True, slots=True)
class Measured:
    """What export found out about the model it wrote."""

    pairs: int
    int8_and_float: Agreement
    calibration: Calibration
    ms_per_pair: dict[str, float]


def last_or_best(run: Path, *, last: bool) -> dict[str, Any]:
    """The logged event that the exported weights are nearest to."""
    events = [json.loads(line) for line in (run / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    judged = [event for event in events if event["event"] == "judged"]
    if judged and not last:
        return min(judged, key=lambda event: event["loss"])
    stepped = [event for event in events if event["event"] == "step"]
    return stepped[-1] | {"loss": "not judged: a checkpoint on the way", "accuracies": {}}


def fill(run: Path, package: Path, start: Path, measured: Measured, *, last: bool, note: str = "") -> str:
    """The model card with the run's figures."""
    judged = last_or_best(run, last=last)
    plan = (run / "plan.json").read_text(encoding="utf-8")
    shape = json.loads((start / "config.json").read_text(encoding="utf-8"))
    config = Config.read(package)
    values = {
        "layers": shape["num_hidden_layers"],
        "hidden": shape["hidden_size"],
        "megabytes": f"{(package / MODEL).stat().st_size / 1e6:.1f}",
        "labels": ", ".join(config.labels),
        "max_tokens": config.max_tokens,
        "temperature": config.temperature,
        "sentences": config.window.sentences,
        "step": config.window.step,
        "pairs": f"{judged['pairs']:,}",
        "steps": f"{judged['step']:,}",
        "minutes": round(judged["seconds"] / 60),
        "seed": json.loads(plan)["seed"],
        "plan": " ".join(plan.split()),
        "best": judged["loss"],
        "note": note,
    }
    calibration = measured.calibration
    speed = [f"{name.replace('_', ' of ')}: {value} ms a pair" for name, value in measured.ms_per_pair.items()]
    figures = [
        f"float and int8 choose the same label for {measured.int8_and_float.same_label:.1%} of {measured.pairs} pairs; "
        f"their probabilities differ by {measured.int8_and_float.mean_difference} on average",
        f"right label among those that the source has: {calibration.accuracy:.1%}",
        f"expected calibration error: {calibration.error_before}, with the temperature {calibration.error_after}",
        f"one core, {config.max_tokens} tokens, tokenising included: {', '.join(speed)}",
    ]
    return card(values, judged["accuracies"], figures)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="the folder that training wrote")
    parser.add_argument("--package", type=Path, required=True, help="where model.onnx and its companions go")
    parser.add_argument("--start", type=Path, help="what the run started from, when it was not the default")
    parser.add_argument("--last", action="store_true", help="the last checkpoint, not the best weights so far")
    parser.add_argument(
        "--average", type=Path, nargs="+", default=[], metavar="WEIGHTS", help="files as for train --weights"
    )
    parser.add_argument("--note", default="", help="a sentence on this training, for the model card")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--most", type=int, help="compare and calibrate on so many held-out pairs only")
    parser.add_argument("--float32", action="store_true", help="ship the float32 model, not the int8 one")
    return parser.parse_args()


def main() -> None:
    """Composes and runs."""
    chosen = arguments()
    start = chosen.start or start_folder()
    plan = json.loads((chosen.run / "plan.json").read_text(encoding="utf-8"))
    config = Config(max_tokens=plan["max_tokens"])
    chosen.package.mkdir(parents=True, exist_ok=True)
    (chosen.package / CONFIG).unlink(missing_ok=True)
    shutil.copyfile(start / TOKENIZER, chosen.package / TOKENIZER)
    pairs = development_pairs(chosen.data)[: chosen.most]
    texts = [(pair.premise, pair.hypothesis) for pair in pairs]
    with tempfile.TemporaryDirectory() as scratch:
        exact = Path(scratch) / "float32.onnx"
        weights = chosen.run / ("checkpoint.pt" if chosen.last else "best.safetensors")
        write_float(averaged([weights, *chosen.average], start), exact)
        write_int8(exact, chosen.package / MODEL)
        judges = [OnnxLogits(path, start / TOKENIZER, config.max_tokens) for path in (exact, chosen.package / MODEL)]
        exact_logits, coarse_logits = (judge_all(judge, texts) for judge in judges)
        if chosen.float32:
            shutil.copyfile(exact, chosen.package / MODEL)
    agreement = Agreement.of(exact_logits, coarse_logits)
    config.write(chosen.package)
    calibration = calibrate(chosen.package, pairs, exact_logits if chosen.float32 else coarse_logits)
    speed = measure(OnnxLogits(chosen.package / MODEL, start / TOKENIZER, config.max_tokens), config.max_tokens)
    measured = Measured(len(pairs), agreement, calibration, speed)
    (chosen.package / MEASURED).write_text(json.dumps(asdict(measured), indent=1) + "\n", encoding="utf-8")
    (chosen.package / CARD).write_text(
        fill(chosen.run, chosen.package, start, measured, last=chosen.last, note=chosen.note), encoding="utf-8"
    )
    print(json.dumps(asdict(measured), indent=1))


if __name__ == "__main__":
    main()
