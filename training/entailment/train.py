"""Fine-tunes the entailment verifier; the same command goes on where a killed run was.

PYTHONPATH=training:services python -m entailment.train --out FOLDER --minutes 150
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import torch

from collegium.entailment.encoding import PairEncoder
from entailment.curriculum import DATA, development, read
from entailment.network.encoder import start_from
from entailment.network.judging import load_weights
from entailment.network.training import Plan, Run, train
from entailment.schedule import Budget
from entailment.start import start_folder

_DEFAULT = Plan()


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the run's folder: checkpoint, best weights, log")
    parser.add_argument("--minutes", type=float, help="minutes of training, over all processes of the run")
    parser.add_argument("--pairs", type=int, help="pairs to train on: reproduces a run exactly")
    parser.add_argument("--start", type=Path, help="another BERT-shaped start: config.json, model.safetensors, ...")
    parser.add_argument(
        "--weights", type=Path, help="train these on, head and all: best.safetensors or an int8 model.onnx"
    )
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--checkpoint-minutes", type=float, default=10.0)
    parser.add_argument("--judge-times", type=int, default=10, help="judgements on the development part in a run")
    parser.add_argument("--judged-most", type=int, default=250, help="held-out pairs a source, at each judgement")
    parser.add_argument("--seed", type=int, default=_DEFAULT.seed)
    parser.add_argument("--batch", type=int, default=_DEFAULT.batch)
    parser.add_argument("--rate", type=float, default=_DEFAULT.peak_rate)
    parser.add_argument("--smoothing", type=float, default=_DEFAULT.smoothing)
    parser.add_argument("--max-tokens", type=int, default=_DEFAULT.max_tokens)
    parser.add_argument("--float32", action="store_true", help="for a processor without bfloat16 instructions")
    return parser.parse_args()


def plan_of(chosen: argparse.Namespace) -> Plan:
    """What the command line says of the plan."""
    return Plan(
        seed=chosen.seed,
        batch=chosen.batch,
        peak_rate=chosen.rate,
        smoothing=chosen.smoothing,
        max_tokens=chosen.max_tokens,
        bfloat16=not chosen.float32,
    )


def keep_plan(folder: Path, plan: Plan) -> None:
    """Writes the plan, or compares it with the one that the run began with."""
    path = folder / "plan.json"
    written = json.dumps(asdict(plan), indent=1)
    if path.exists() and path.read_text(encoding="utf-8") != written:
        raise SystemExit(f"{path} says that this run began otherwise: take its options or another folder")
    path.write_text(written, encoding="utf-8")


def main() -> None:
    """Composes and runs."""
    chosen = arguments()
    torch.set_num_threads(chosen.threads)
    chosen.out.mkdir(parents=True, exist_ok=True)
    plan = plan_of(chosen)
    keep_plan(chosen.out, plan)
    start = chosen.start or start_folder()
    run = Run(
        folder=chosen.out,
        plan=plan,
        budget=Budget(chosen.minutes, chosen.pairs),
        model=load_weights(chosen.weights, start, plan.dropout)
        if chosen.weights is not None
        else start_from(start, plan.seed, plan.dropout),
        encoder=PairEncoder(start / "tokenizer.json", plan.max_tokens),
        development=development(chosen.data, chosen.judged_most),
        checkpoint_minutes=chosen.checkpoint_minutes,
        judge_times=chosen.judge_times,
    )
    train(run, read(chosen.data))


if __name__ == "__main__":
    main()
