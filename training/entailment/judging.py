"""Judges: an exported model, or a checkpoint of a run."""

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, cast

import numpy as np

from entailment.encoding import Ids, PairEncoder
from entailment.metrics import Logits


class Judge(Protocol):
    """Scores premises against hypotheses."""

    def logits(self, pairs: Sequence[tuple[str, str]]) -> Logits:
        """[pairs, 3] in the order of `LABELS`, before any temperature."""
        ...


class _Options(Protocol):
    intra_op_num_threads: int
    inter_op_num_threads: int


class _Session(Protocol):
    def run(self, output_names: list[str], input_feed: Mapping[str, Ids]) -> list[Logits]: ...


class _OnnxRuntime(Protocol):
    """The part of onnxruntime that we use; it carries no types."""

    def SessionOptions(self) -> _Options: ...  # noqa: N802 - onnxruntime's own name

    def InferenceSession(  # noqa: N802 - onnxruntime's own name
        self, path: str, sess_options: _Options, providers: list[str]
    ) -> _Session: ...


class OnnxJudge:
    """An exported model on ONNX Runtime."""

    def __init__(self, model: Path, tokenizer: Path, max_tokens: int, threads: int = 1) -> None:
        runtime = cast(_OnnxRuntime, importlib.import_module("onnxruntime"))
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._session = runtime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._encoder = PairEncoder(tokenizer, max_tokens)

    def logits(self, pairs: Sequence[tuple[str, str]]) -> Logits:
        """See `Judge`."""
        inputs = self._encoder.encode(pairs).inputs()
        return np.asarray(self._session.run(["logits"], inputs)[0], dtype=np.float64)


def judge_all(judge: Judge, pairs: Sequence[tuple[str, str]], batch: int = 16) -> Logits:
    """Any number of pairs, in batches of similar length; rows in the order given."""
    order = sorted(range(len(pairs)), key=lambda number: len(pairs[number][0]) + len(pairs[number][1]))
    found = np.zeros((len(pairs), 3))
    for at in range(0, len(order), batch):
        chosen = order[at : at + batch]
        found[chosen] = judge.logits([pairs[number] for number in chosen])
    return found
