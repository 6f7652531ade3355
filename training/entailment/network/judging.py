"""A judge with the float weights of a run."""

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file

from collegium.entailment.encoding import PairEncoder
from collegium.entailment.onnx import Logits
from entailment.network.encoder import CrossEncoder, Shape
from entailment.network.onnx_file import int8_weights


def load_weights(weights: Path, start: Path, dropout: float = 0.0) -> CrossEncoder:
    """The encoder of a run's `best.safetensors` or `checkpoint.pt`, or of a package's int8 `model.onnx`.

    Its shape is that of what the run started from.
    """
    model = CrossEncoder(Shape.read(start / "config.json"), dropout)
    if weights.suffix == ".onnx":
        model.load_state_dict(int8_weights(weights))
    elif weights.suffix == ".pt":
        model.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True)["model"])
    else:
        model.load_state_dict(load_file(weights))
    return model.eval()


def averaged(weights: Sequence[Path], start: Path) -> CrossEncoder:
    """The mean of several runs' weights (Wortsman et al., 2022); they must descend from one run."""
    models = [load_weights(one, start) for one in weights]
    states = [model.state_dict() for model in models]
    models[0].load_state_dict({name: sum(state[name] for state in states) / len(states) for name in states[0]})
    return models[0]


class TorchJudge:
    """Float32 weights on PyTorch."""

    def __init__(self, weights: Path, start: Path, max_tokens: int, threads: int = 1) -> None:
        torch.set_num_threads(threads)
        self._model = load_weights(weights, start)
        self._encoder = PairEncoder(start / "tokenizer.json", max_tokens)

    @torch.inference_mode()
    def logits(self, pairs: Sequence[tuple[str, str]]) -> Logits:
        """See `entailment.judging.Judge`."""
        inputs = self._encoder.encode(pairs).inputs()
        return self._model(**{name: torch.from_numpy(array) for name, array in inputs.items()}).double().numpy()
