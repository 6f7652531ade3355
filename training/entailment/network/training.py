"""The training loop: one process, resumable, planned to a budget."""

import json
import signal
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from collegium.entailment.encoding import PairEncoder
from entailment.batches import Drawing, Position, batches_from
from entailment.network.checkpoint import Progress, restore, save
from entailment.network.encoder import CrossEncoder
from entailment.network.loss import masks, partial_loss
from entailment.pairs import Pair
from entailment.schedule import Budget, rate

_PRINT_EVERY_S = 20.0
_LOG_EVERY_STEPS = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that shapes the result beside data, start weights and budget; fixed for a run's whole life."""

    seed: int = 17
    batch: int = 32
    peak_rate: float = 8e-5
    smoothing: float = 0.05
    weight_decay: float = 0.01
    clip: float = 1.0
    dropout: float = 0.1
    max_tokens: int = 128
    bfloat16: bool = True


@dataclass(slots=True)
class Run:
    """A run's folder and what it is made of."""

    folder: Path
    plan: Plan
    budget: Budget
    model: CrossEncoder
    encoder: PairEncoder
    development: Mapping[str, Sequence[Pair]]
    checkpoint_minutes: float = 10.0
    judge_times: int = 10
    patience: int = 4
    progress: Progress = field(default_factory=lambda: Progress(Position()))
    stopping: bool = False

    @property
    def best(self) -> Path:
        """Where the weights with the lowest development loss are."""
        return self.folder / "best.safetensors"

    def log(self, event: str, **values: object) -> None:
        """One line of the run's JSONL log, with where it was written."""
        where = {"event": event, "step": self.progress.steps, "pairs": self.progress.pairs}
        where["seconds"] = round(self.progress.seconds, 1)
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(where | values) + "\n")


def train(run: Run, drawing: Drawing) -> None:
    """Trains until the budget is used, development stops improving, or a signal asks to stop.

    The batch order depends on the seed alone, so a run that goes on from its checkpoint sees the same batches; with
    a budget in pairs its learning rates are the same too.
    """
    optimizer = _optimizer(run)
    saved = run.folder / "checkpoint.pt"
    if saved.exists():
        run.progress = restore(saved, run.model, optimizer)
        run.log("resumed")
        print(f"going on after step {run.progress.steps}, {run.progress.pairs:,} pairs")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: setattr(run, "stopping", True))
    run.log("started", threads=torch.get_num_threads(), plan=asdict(run.plan), budget=asdict(run.budget))
    last_saved = run.progress.seconds
    meter = _Meter(run)
    for following, batch in batches_from(drawing, run.plan.seed, run.plan.batch, run.progress.position):
        began = time.monotonic()
        used = run.budget.used(run.progress.seconds, run.progress.pairs)
        if used >= 1.0 or run.stopping or run.progress.worse >= run.patience:
            break
        loss, digest = _step(run, optimizer, batch, rate(used, run.plan.peak_rate))
        run.progress.position = following
        run.progress.steps += 1
        run.progress.pairs += len(batch)
        if used * run.judge_times >= run.progress.judged + 1:
            judge(run)
        run.progress.seconds += time.monotonic() - began
        meter.add(loss, digest, len(batch), used)
        if run.progress.seconds - last_saved >= 60 * run.checkpoint_minutes:
            save(saved, run.model, optimizer, run.progress)
            last_saved = run.progress.seconds
    if not run.stopping:
        judge(run)
    save(saved, run.model, optimizer, run.progress)
    run.log("stopped" if run.stopping else "finished", best=run.progress.best)
    print("stopped: the same command goes on" if run.stopping else f"finished: {run.best}")


def _optimizer(run: Run) -> torch.optim.AdamW:
    decayed = [weight for weight in run.model.parameters() if weight.ndim > 1]
    plain = [weight for weight in run.model.parameters() if weight.ndim <= 1]
    groups = [
        {"params": decayed, "weight_decay": run.plan.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=run.plan.peak_rate, fused=True)


def _step(run: Run, optimizer: torch.optim.AdamW, batch: Sequence[Pair], learning_rate: float) -> tuple[float, int]:
    run.model.train()
    for group in optimizer.param_groups:
        group["lr"] = learning_rate
    truth, among = masks([pair.reading for pair in batch])
    loss = partial_loss(_logits(run, batch), truth, among, run.plan.smoothing).mean()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(run.model.parameters(), run.plan.clip)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss.item(), zlib.crc32("\n".join(pair.premise + "\t" + pair.hypothesis for pair in batch).encode())


def _logits(run: Run, batch: Sequence[Pair]) -> Tensor:
    encoded = run.encoder.encode([(pair.premise, pair.hypothesis) for pair in batch])
    tensors = {name: torch.from_numpy(array) for name, array in encoded.inputs().items()}
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=run.plan.bfloat16):
        return run.model(**tensors)


@torch.no_grad()
def judge(run: Run) -> None:
    """Loss and accuracy on the development part; keeps the weights when the mean loss over sources is the lowest."""
    run.model.eval()
    losses: dict[str, float] = {}
    right: dict[str, float] = {}
    for name, pairs in run.development.items():
        rows = sorted(pairs, key=lambda pair: pair.chars)
        total, correct = 0.0, 0
        for at in range(0, len(rows), 64):
            batch = rows[at : at + 64]
            truth, among = masks([pair.reading for pair in batch])
            logits = _logits(run, batch).float()
            total += float(partial_loss(logits, truth, among).sum())
            chosen = logits.masked_fill(~among, float("-inf")).argmax(-1, keepdim=True)
            correct += int(truth.gather(1, chosen).sum())
        losses[name], right[name] = round(total / len(rows), 4), round(correct / len(rows), 4)
    mean = sum(losses.values()) / len(losses)
    run.progress.judged += 1
    better = run.progress.best is None or mean < run.progress.best
    run.progress.worse = 0 if better else run.progress.worse + 1
    if better:
        run.progress.best = mean
        save_file(run.model.state_dict(), run.best)
    run.log("judged", loss=round(mean, 4), better=better, losses=losses, accuracies=right)
    print(f"development: loss {mean:.4f}, accuracy {sum(right.values()) / len(right):.3f}{' (best)' if better else ''}")


class _Meter:
    """Says and logs how it goes, over the steps since it last did."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._losses: list[float] = []
        self._pairs = 0
        self._wall, self._cpu, self._printed = time.monotonic(), time.process_time(), time.monotonic()

    def add(self, loss: float, digest: int, pairs: int, used: float) -> None:
        """One step done."""
        self._losses.append(loss)
        self._pairs += pairs
        if self._run.progress.steps % _LOG_EVERY_STEPS:
            return
        wall, cpu = time.monotonic() - self._wall, time.process_time() - self._cpu
        mean = sum(self._losses) / len(self._losses)
        self._run.log(
            "step",
            loss=round(mean, 4),
            used=round(used, 4),
            batch=digest,
            pairs_per_s=round(self._pairs / wall, 1),
            pairs_per_cpu_s=round(self._pairs / cpu, 1),
        )
        if time.monotonic() - self._printed >= _PRINT_EVERY_S:
            progress = self._run.progress
            print(
                f"{used:6.1%}  step {progress.steps}  {progress.pairs:,} pairs  loss {mean:.4f}  "
                f"{self._pairs / wall:.0f} pairs/s  {progress.seconds / 60:.1f} min",
                flush=True,
            )
            self._printed = time.monotonic()
        self._losses, self._pairs = [], 0
        self._wall, self._cpu = time.monotonic(), time.process_time()
