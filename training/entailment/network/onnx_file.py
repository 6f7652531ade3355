"""The trained encoder as an ONNX file, in float32 and with int8 weights, and its weights back from there."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from entailment.network.encoder import CrossEncoder
from entailment.rounding import cut

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

    Seven bits of eight: on processors without VNNI the sums of eight-bit products overflow, and silently. A column's
    largest weights are cut where that makes the sum of its squared errors smaller, since all others are told apart
    more finely then.
    """
    model = onnx.load(float_path)
    matrices = {node.input[1]: node for node in model.graph.node if node.op_type in ("MatMul", "Gemm")}
    for part in model.graph.initializer:
        if node := matrices.get(part.name):
            turned = any(one.name == "transB" and one.i for one in node.attribute)
            weights = numpy_helper.to_array(part)
            part.CopyFrom(numpy_helper.from_array(cut(weights, axis=1 if turned else 0), part.name))
    with tempfile.TemporaryDirectory() as scratch:
        prepared = Path(scratch) / "cut.onnx"
        onnx.save(model, prepared)
        quantize_dynamic(str(prepared), str(path), weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)


def int8_weights(path: Path) -> dict[str, torch.Tensor]:
    """The state of an encoder from a file that `write_int8` wrote; its matrices are as exact as seven bits are.

    Raises:
        ValueError: the file holds no int8 weights of an encoder.
    """
    graph = onnx.load(path).graph
    parts = {part.name: numpy_helper.to_array(part) for part in graph.initializer}
    if "words.weight_quantized" not in parts:
        raise ValueError(f"{path} is no int8 model: train on from a run's best.safetensors")
    state = {name: value for name, value in parts.items() if name.endswith((".weight", ".bias"))}
    for table in ("words.weight", "positions.weight", "segments.weight"):
        state[table] = _exact(parts, table)
    for node in graph.node:
        if node.op_type == "MatMulInteger" and node.input[1] in parts:
            layer = node.name.strip("/").rpartition("/")[0].replace("/", ".")
            state[f"{layer}.weight"] = _exact(parts, node.input[1].removesuffix("_quantized")).T
    return {name: torch.from_numpy(np.array(value, dtype=np.float32)) for name, value in state.items()}


def _exact(parts: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    whole, zero = (parts[f"{name}_{part}"].astype(np.float32) for part in ("quantized", "zero_point"))
    return (whole - zero) * parts[f"{name}_scale"]
