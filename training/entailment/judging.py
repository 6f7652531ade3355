"""Judges: an exported model, or a checkpoint of a run."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from collegium.entailment.onnx import Logits


class Judge(Protocol):
    """Scores premises against hypotheses."""

    def logits(self, pairs: Sequence[tuple[str, str]]) -> Logits:
        """[pairs, 3] in the order of `LABELS`, before any temperature."""
        ...


def judge_all(judge: Judge, pairs: Sequence[tuple[str, str]], batch: int = 1) -> Logits:
    """Any number of pairs, in batches of similar length; rows in the order given."""
    order = sorted(range(len(pairs)), key=lambda number: len(pairs[number][0]) + len(pairs[number][1]))
    found = np.zeros((len(pairs), 3))
    for at in range(0, len(order), batch):
        chosen = order[at : at + batch]
        found[chosen] = judge.logits([pairs[number] for number in chosen])
    return found
