"""The model on ONNX Runtime, on the CPU: the optional extra `entailment`."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Final, Protocol, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from collegium.entailment.encoding import Ids, PairEncoder
from collegium.entailment.errors import EntailmentUnavailable, EntailmentUnusable
from collegium.entailment.package import MODEL, TOKENIZER, Config
from collegium.entailment.port import Chances

Logits: TypeAlias = npt.NDArray[np.float64]

MOST_BATCHED: Final = 64


class _Options(Protocol):
    intra_op_num_threads: int
    inter_op_num_threads: int


class _Session(Protocol):
    def run(self, _outputs: list[str], _inputs: Mapping[str, Ids], /) -> list[npt.NDArray[np.float32]]: ...


class _OnnxRuntime(Protocol):
    """The part of onnxruntime that we use; it carries no types."""

    def SessionOptions(self) -> _Options: ...  # noqa: N802 - onnxruntime's own name

    def InferenceSession(  # noqa: N802 - onnxruntime's own name
        self, _path: str, _options: _Options, _providers: list[str], /
    ) -> _Session: ...


class OnnxLogits:
    """An exported model's raw outputs.

    Raises:
        EntailmentUnavailable: onnxruntime or tokenizers are not installed.
        EntailmentUnusable: the files are no such model.
    """

    def __init__(self, model: Path, tokenizer: Path, max_tokens: int, threads: int = 1) -> None:
        try:
            runtime = cast(_OnnxRuntime, import_module("onnxruntime"))
        except ImportError as error:
            raise EntailmentUnavailable("onnxruntime") from error
        if not model.is_file():
            raise EntailmentUnusable(str(model), "it is not there")
        self._encoder = PairEncoder(tokenizer, max_tokens)
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._session = runtime.InferenceSession(str(model), options, ["CPUExecutionProvider"])

    def logits(self, pairs: Sequence[tuple[str, str]]) -> Logits:
        """[pairs, 3], computed at once; at least one pair."""
        outputs = self._session.run(["logits"], self._encoder.encode(pairs).inputs())
        return np.asarray(outputs[0], dtype=np.float64)


class OnnxEntailment:
    """The model of a package's folder; loaded once per process (about 80 MB).

    Args:
        folder: With model.onnx, tokenizer.json and config.json.
        threads: Of one computation.
        batch: Pairs computed at once. The int8 model scales its activations by the largest of a batch, so that a
            pair's chances depend a little on its company; alone they do not, and one core is as fast (README).

    Raises:
        EntailmentUnavailable: onnxruntime or tokenizers are not installed.
        EntailmentUnusable: the files are no such model.
    """

    def __init__(self, folder: Path, *, threads: int = 1, batch: int = 1) -> None:
        if not 1 <= batch <= MOST_BATCHED:
            raise ValueError(f"batch must be between 1 and {MOST_BATCHED}")
        self._batch = batch
        self.config = Config.read(folder)
        self._model = OnnxLogits(folder / MODEL, folder / TOKENIZER, self.config.max_tokens, threads)
        digest = sha256((folder / MODEL).read_bytes() + repr(self.config).encode())
        self._name = f"entailment-{digest.hexdigest()[:12]}"

    @property
    def name(self) -> str:
        """Changes with the weights and with what the package says of them."""
        return self._name

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Chances]:
        """See `Entailment`; pairs of like length are computed together where `batch` is more than 1."""
        order = sorted(range(len(pairs)), key=lambda at: len(pairs[at][0]) + len(pairs[at][1]))
        logits = np.zeros((len(pairs), 3))
        for at in range(0, len(order), self._batch):
            chosen = order[at : at + self._batch]
            logits[chosen] = self._model.logits([pairs[number] for number in chosen])
        return [Chances(*row) for row in probabilities(logits, self.config.temperature).tolist()]


def probabilities(logits: Logits, temperature: float = 1.0) -> Logits:
    """[cases, 3] softmax of the logits divided by the temperature."""
    scaled = logits / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True, initial=-np.inf))
    return powers / powers.sum(axis=1, keepdims=True)
