"""Pairs of text as the arrays that the model takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from collegium.entailment.errors import EntailmentUnavailable, EntailmentUnusable

Ids: TypeAlias = npt.NDArray[np.int64]

_MOST_CHARS = 4_000
"""Of each text: more than the model's tokens hold, and spares the tokenizer a long text's rest."""


class _Encoding(Protocol):
    ids: list[int]
    type_ids: list[int]


class _Tokenizer(Protocol):
    def encode(self, _text: str, _pair: str, /) -> _Encoding: ...
    def enable_truncation(self, _length: int, /, *, strategy: str) -> None: ...
    def no_padding(self) -> None: ...


class _TokenizerClass(Protocol):
    def from_file(self, _path: str, /) -> _Tokenizer: ...


class _Tokenizers(Protocol):
    """The part of the package `tokenizers` that we use."""

    Tokenizer: _TokenizerClass


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
    """A tokenizer.json for pairs; the longer text, in practice the premise, loses what exceeds `max_tokens`.

    Raises:
        EntailmentUnavailable: the package `tokenizers` is not installed.
        EntailmentUnusable: the file is no tokenizer.
    """

    def __init__(self, tokenizer: Path, max_tokens: int) -> None:
        try:
            library = cast(_Tokenizers, import_module("tokenizers"))
        except ImportError as error:
            raise EntailmentUnavailable("tokenizers") from error
        if not tokenizer.is_file():
            raise EntailmentUnusable(str(tokenizer), "it is not there")
        self._tokenizer = library.Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_tokens, strategy="longest_first")

    def encode(self, pairs: Sequence[tuple[str, str]]) -> Encoded:
        """Premise and hypothesis of each pair, in this order; at least one pair."""
        # One at a time: `encode_batch` starts threads of its own, beside those that were asked for.
        found = [self._tokenizer.encode(one[:_MOST_CHARS], other[:_MOST_CHARS]) for one, other in pairs]
        longest = max(len(encoding.ids) for encoding in found)
        arrays = np.zeros((3, len(found), longest), dtype=np.int64)
        for row, encoding in enumerate(found):
            length = len(encoding.ids)
            arrays[0, row, :length] = encoding.ids
            arrays[1, row, :length] = 1
            arrays[2, row, :length] = encoding.type_ids
        return Encoded(*arrays)
