"""Per-stage latencies of attempts and runs, from run views."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from collegium.ledger.folding import RunRecord
from collegium.ledger.views import AttemptView, LatencyReport, RunSummary, StageLatency, SubtaskView

Stage = Literal["queue", "work", "judge", "total"]

STAGES: Final[tuple[Stage, ...]] = ("queue", "work", "judge", "total")
WHOLE_RUN: Final = "run"


@dataclass(frozen=True, slots=True)
class Sample:
    """How long one stage took once."""

    role: str
    stage: Stage
    elapsed_ms: int


def attempt_samples(role: str, attempt: AttemptView) -> Iterator[Sample]:
    """The stages of a decided attempt. Clocks of different machines may differ, so nothing is below zero."""
    if attempt.decided_at_ms is None:
        return
    yield Sample(role, "total", max(0, attempt.decided_at_ms - attempt.dispatched_at_ms))
    if attempt.started_at_ms is not None and attempt.ended_at_ms is not None:
        yield Sample(role, "queue", max(0, attempt.started_at_ms - attempt.dispatched_at_ms))
        yield Sample(role, "work", max(0, attempt.ended_at_ms - attempt.started_at_ms))
        yield Sample(role, "judge", max(0, attempt.decided_at_ms - attempt.ended_at_ms))


def new_samples(before: RunRecord, after: RunRecord) -> Iterator[Sample]:
    """The stages that were completed between two states of a run."""
    for subtask_id, part in after.subtasks.items():
        earlier = before.subtasks.get(subtask_id)
        if earlier is part:
            continue
        known = _decided(earlier)
        for attempt in part.attempts:
            if attempt.attempt not in known:
                yield from attempt_samples(part.role, attempt)
    if after.summary is not None and (before.summary is None or before.summary.ended_at_ms is None):
        yield from run_samples(after.summary)


def run_samples(summary: RunSummary) -> Iterator[Sample]:
    """The whole run, once it has ended."""
    if summary.ended_at_ms is not None:
        yield Sample(WHOLE_RUN, "total", max(0, summary.ended_at_ms - summary.accepted_at_ms))


def _decided(part: SubtaskView | None) -> frozenset[int]:
    if part is None:
        return frozenset()
    return frozenset(attempt.attempt for attempt in part.attempts if attempt.decided_at_ms is not None)


class LatencyBook:
    """The newest samples of each role and stage, bounded."""

    def __init__(self, samples_per_stage: int = 2_000) -> None:
        self._samples: defaultdict[tuple[str, Stage], deque[int]] = defaultdict(lambda: deque(maxlen=samples_per_stage))

    def add(self, samples: Iterable[Sample]) -> None:
        """Keep further samples, dropping the oldest past the bound."""
        for sample in samples:
            self._samples[sample.role, sample.stage].append(sample.elapsed_ms)

    def report(self, *, complete: bool = True) -> LatencyReport:
        """Percentiles by role and stage, in the order of the stages."""
        stages = [
            summarise(role, stage, tuple(values))
            for (role, stage), values in sorted(
                self._samples.items(), key=lambda entry: (entry[0][0], STAGES.index(entry[0][1]))
            )
        ]
        return LatencyReport(stages=tuple(stages), complete=complete)


def summarise(role: str, stage: Stage, elapsed_ms: Sequence[int]) -> StageLatency:
    """Percentiles of a non-empty list by nearest rank: the smallest value that covers the share."""
    ordered = sorted(elapsed_ms)

    def at(percent: int) -> int:
        rank = -(-percent * len(ordered) // 100)
        return ordered[max(0, rank - 1)]

    return StageLatency(
        role=role,
        stage=stage,
        count=len(ordered),
        p50_ms=at(50),
        p90_ms=at(90),
        p99_ms=at(99),
        max_ms=ordered[-1],
    )
