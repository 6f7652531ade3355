"""How long a judgement takes."""

import time
from statistics import median

from entailment.judging import Judge

_BATCHES = (1, 8, 32)
_PAIRS_TIMED = 96


def measure(judge: Judge, max_tokens: int) -> dict[str, float]:
    """Median milliseconds per pair by batch size, for pairs that fill `max_tokens`, tokenising included."""
    long_premise = " ".join(f"the broker kept {number} replicas" for number in range(max_tokens))
    pair = (long_premise, "A claim of eight words about brokers here.")
    found: dict[str, float] = {}
    for batch in _BATCHES:
        judge.logits([pair] * batch)
        times: list[float] = []
        for _ in range(max(3, _PAIRS_TIMED // batch)):
            began = time.perf_counter()
            judge.logits([pair] * batch)
            times.append((time.perf_counter() - began) * 1_000 / batch)
        found[f"batch_{batch}"] = round(median(times), 2)
    return found
