"""The data-only package that the exported model goes into."""

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from entailment.pairs import NAMES
from entailment.windows import WindowRule

MODEL, TOKENIZER, CONFIG, CARD, MEASURED = (
    "model.onnx",
    "tokenizer.json",
    "config.json",
    "MODEL_CARD.md",
    "measured.json",
)


@dataclass(frozen=True, slots=True)
class Config:
    """What a reader of the model has to know. `temperature` is 1 until it was fitted."""

    labels: tuple[str, ...] = NAMES
    max_tokens: int = 128
    temperature: float = 1.0
    window: WindowRule = field(default_factory=WindowRule)

    def write(self, folder: Path) -> None:
        """As config.json."""
        (folder / CONFIG).write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "Config":
        """From config.json."""
        values = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        return cls(
            labels=tuple(values["labels"]),
            max_tokens=int(values["max_tokens"]),
            temperature=float(values["temperature"]),
            window=WindowRule(**values["window"]),
        )

    def at(self, temperature: float) -> "Config":
        """The same with a fitted temperature."""
        return replace(self, temperature=temperature)
