"""The trained encoder as an ONNX file, in float32 and with int8 weights."""

from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from entailment.network.encoder import CrossEncoder

_OPSET = 17
_INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def write_float(model: CrossEncoder, path: Path) -> None:
    """Traces the encoder; batch and token count stay free."""
    example = torch.ones((2, 8), dtype=torch.long)
    torch.onnx.export(
        model,
        (example, example, torch.zeros_like(example)),
        path,
        input_names=list(_INPUTS),
        output_names=["logits"],
        dynamic_axes={name: {0: "batch", 1: "tokens"} for name in _INPUTS} | {"logits": {0: "batch"}},
        opset_version=_OPSET,
        # The tracing exporter: it needs nothing beside `onnx`, and this model has no control flow to lose.
        dynamo=False,
    )
    onnx.checker.check_model(str(path))


def write_int8(float_path: Path, path: Path) -> None:
    """Dynamic quantisation: integer weights with a scale per output column, activations quantised as they come.

    Seven bits of eight: on processors without VNNI the sums of eight-bit products overflow, and silently.
    """
    quantize_dynamic(str(float_path), str(path), weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
