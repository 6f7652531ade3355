"""The data-only package that holds the model: its files and settings."""

import json
from dataclasses import asdict, dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Final, Protocol, cast

from collegium.entailment.errors import EntailmentUnavailable, EntailmentUnusable
from collegium.entailment.windows import WindowRule

MODEL: Final = "model.onnx"
TOKENIZER: Final = "tokenizer.json"
CONFIG: Final = "config.json"
NAMES: Final = ("entailment", "neutral", "contradiction")
_PACKAGE: Final = "collegium_entailment"


class _Package(Protocol):
    FOLDER: Path


@dataclass(frozen=True, slots=True)
class Config:
    """What a reader of the model has to know. `temperature` is 1 until it was fitted.

    Attributes:
        labels: The meaning of the model's outputs, in order.
        max_tokens: Of premise and hypothesis together.
        temperature: The logits are divided by it before they become probabilities (Guo et al., 2017).
        window: How documents are cut.
        support: Weights of the formula that combines the model with the rules, by the name of what they weigh
            (collegium.verification.weighing); empty until they were fitted.
    """

    labels: tuple[str, ...] = NAMES
    max_tokens: int = 128
    temperature: float = 1.0
    window: WindowRule = field(default_factory=WindowRule)
    support: dict[str, float] = field(default_factory=dict[str, float])

    def write(self, folder: Path) -> None:
        """As config.json."""
        (folder / CONFIG).write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "Config":
        """From config.json.

        Raises:
            EntailmentUnusable: it is not there, or says something else than this version reads.
        """
        path = folder / CONFIG
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            found = cls(
                labels=tuple(values["labels"]),
                max_tokens=int(values["max_tokens"]),
                temperature=float(values["temperature"]),
                window=WindowRule(**values["window"]),
                support={str(name): float(value) for name, value in values.get("support", {}).items()},
            )
        except FileNotFoundError as error:
            raise EntailmentUnusable(str(path), "it is not there") from error
        except (KeyError, TypeError, ValueError) as error:
            raise EntailmentUnusable(str(path), f"it cannot be read ({error!r})") from error
        if found.labels != NAMES or found.temperature <= 0:
            raise EntailmentUnusable(str(path), f"labels must be {', '.join(NAMES)}, and the temperature above 0")
        return found

    def at(self, temperature: float) -> "Config":
        """The same with a fitted temperature."""
        return replace(self, temperature=temperature)


def package_folder() -> Path:
    """Where the installed package `collegium-entailment` has its files.

    Raises:
        EntailmentUnavailable: it is not installed, or holds no model yet.
    """
    try:
        folder = cast(_Package, import_module(_PACKAGE)).FOLDER
    except ImportError as error:
        raise EntailmentUnavailable("collegium-entailment") from error
    if not (folder / MODEL).is_file():
        raise EntailmentUnavailable("collegium-entailment with a trained model")
    return folder
