"""Where the files of the entailment verifier are; nothing is loaded here."""

from pathlib import Path
from typing import Final

__version__ = "0.2.0"

FOLDER: Final = Path(__file__).parent
MODEL: Final = FOLDER / "model.onnx"
TOKENIZER: Final = FOLDER / "tokenizer.json"
CONFIG: Final = FOLDER / "config.json"
