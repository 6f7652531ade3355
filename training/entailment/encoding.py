"""Pairs of text as the arrays that the model takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Encoded:
    """A batch, padded to its longest pair: three arrays [batch, tokens]."""

    input_ids: Ids
    attention_mask: Ids
    token_type_ids: Ids

    def inputs(self) -> dict[str, Ids]:
        """By the names of the model's inputs."""
        return {
            "input_ids": self.input_ids,
            "attention_mask": self.attention_mask,
            "token_type_ids": self.token_type_ids,
        }


class PairEncoder:
    """A tokenizer.json for pairs; the longer text, in practice the premise, loses what exceeds `max_tokens`."""

    def __init__(self, tokenizer: Path, max_tokens: int) -> None:
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_tokens, strategy="longest_first")

    def encode(self, pairs: Sequence[tuple[str, str]]) -> Encoded:
        """Premise and hypothesis of each pair, in this order."""
        # One at a time: `encode_batch` starts threads of its own, beside those that were asked for.
        found = [self._tokenizer.encode(premise, hypothesis) for premise, hypothesis in pairs]
        longest = max(len(encoding.ids) for encoding in found)
        arrays = np.zeros((3, len(found), longest), dtype=np.int64)
        for row, encoding in enumerate(found):
            length = len(encoding.ids)
            arrays[0, row, :length] = encoding.ids
            arrays[1, row, :length] = 1
            arrays[2, row, :length] = encoding.type_ids
        return Encoded(*arrays)
