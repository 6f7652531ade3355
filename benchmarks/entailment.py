"""How long the entailment model takes for a pair, on one core: prints one JSON object.

    python benchmarks/entailment.py [--model FOLDER] [--threads 1]

FOLDER holds model.onnx, tokenizer.json and config.json; without it the installed package's. The pairs fill the model's
bound of tokens, tokenising included; `natural` are claims against windows of their evidence, as verification asks them.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles

from collegium.entailment.onnx import OnnxEntailment
from collegium.entailment.package import package_folder
from collegium.evaluation.reading import read_verification
from collegium.verification.signals import grounds_of

_BATCHES = (1, 4, 16)
_PAIRS_TIMED = 96
_CLAIMS = 60
_SUITE = Path(__file__).parents[1] / "tests" / "evaluation" / "data" / "verify_fm2"


def full_pair(max_tokens: int) -> tuple[str, str]:
    """A pair that is cut at the bound."""
    return " ".join(f"the broker kept {number} replicas" for number in range(max_tokens)), "It kept some replicas."


def timed(model: OnnxEntailment, batches: Sequence[Sequence[tuple[str, str]]]) -> dict[str, float]:
    """Milliseconds per pair, on the wall and of the processor, which other load hardly changes."""
    model.judge(batches[0])
    walls: list[float] = []
    spent: list[float] = []
    for batch in batches:
        wall, cpu = time.perf_counter(), time.process_time()
        model.judge(batch)
        walls.append((time.perf_counter() - wall) * 1_000 / len(batch))
        spent.append((time.process_time() - cpu) * 1_000 / len(batch))
    return {
        "p50_ms": round(median(walls), 2),
        "p95_ms": round(quantiles(walls, n=20)[-1], 2),
        "p50_cpu_ms": round(median(spent), 2),
    }


def main() -> None:
    """Composes, measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="instead of the installed package's folder")
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    folder = chosen.model or package_folder()
    model = OnnxEntailment(folder, threads=chosen.threads)
    pair = full_pair(model.config.max_tokens)
    found = {
        f"batch_of_{size}": timed(
            OnnxEntailment(folder, threads=chosen.threads, batch=size), [[pair] * size] * (_PAIRS_TIMED // size)
        )
        for size in _BATCHES
    }
    cases = read_verification(_SUITE).cases[:_CLAIMS]
    asked = [list(grounds_of(case.claim, case.sources).pairs) for case in cases]
    found["natural"] = timed(model, [pairs for pairs in asked if pairs])
    print(json.dumps({"model": model.name, "tokens": model.config.max_tokens, "threads": chosen.threads} | found))


if __name__ == "__main__":
    main()
