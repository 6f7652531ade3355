"""What a killed run goes on from, written so that a crash leaves the old one whole."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from entailment.batches import Position


@dataclass(slots=True)
class Progress:
    """How far a run is: all that its next step depends on beside the weights."""

    position: Position
    steps: int = 0
    pairs: int = 0
    seconds: float = 0.0
    best: float | None = None
    judged: int = 0
    worse: int = 0


def save(path: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer, progress: Progress) -> None:
    """Writes weights, optimizer, progress and the random state, in one atomic step."""
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "progress": asdict(progress),
        "random": torch.get_rng_state(),
    }
    fresh = path.with_suffix(".fresh")
    with fresh.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def restore(path: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> Progress:
    """Puts everything back; returns the progress."""
    state: dict[str, dict[str, object]] = torch.load(path, map_location="cpu", weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    random_state = state["random"]
    assert isinstance(random_state, Tensor)  # noqa: S101 - tells the type checker
    torch.set_rng_state(random_state)
    progress = dict(state["progress"])
    position = progress.pop("position")
    return Progress(position=Position(**position), **progress)
