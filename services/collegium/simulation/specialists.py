"""Specialists for the simulation: they read the context and write to it as real ones do, and fail by the seed."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from zlib import crc32

from collegium.agent.effects import Target
from collegium.agent.specialist import Output, SpecialistFailure, Success, Workbench
from collegium_schemas.evidence import ReportText
from collegium_schemas.tasks import FailureKind, FollowUp, ReviewSummary, TaskRequested

OUTPUT: Final = "report"
_SHARES: Final = 1 << 32


@dataclass(frozen=True, slots=True)
class Temper:
    """How specialists of one world behave. Shares of attempts, each at most 1 together."""

    fails: float = 0.08
    """Some `FailureKind`."""
    unsure: float = 0.04
    """Succeed with a confidence of 0.1."""
    hangs: float = 0.01
    """Do nothing until their deadline."""
    slow: float = 0.1
    """Take up to `slow_s` instead of up to `quick_s`."""
    rejects: float = 0.2
    """Reviews that ask for another round."""
    quick_s: float = 0.03
    slow_s: float = 0.8


FAILURES: Final = (
    FailureKind.DEPENDENCY_UNAVAILABLE,
    FailureKind.TIMEOUT,
    FailureKind.RATE_LIMITED,
    FailureKind.INVALID_OUTPUT,
    FailureKind.CONTRADICTION,
    FailureKind.TOOL_ERROR,
    FailureKind.INTERNAL,
    FailureKind.TOOL_ERROR,
    FailureKind.DEPENDENCY_UNAVAILABLE,
    FailureKind.POLICY_DENIED,
)


@dataclass(slots=True)
class Counts:
    """What all specialists of a world did."""

    performed: int = 0
    outcomes: dict[str, int] = field(default_factory=dict[str, int])

    def count(self, what: str) -> None:
        """One more."""
        self.outcomes[what] = self.outcomes.get(what, 0) + 1


class SimulatedSpecialist:
    """Answers by (seed, task), so that a task performed twice has the same outcome but other bytes.

    Args:
        role: Its role.
        seed: The world's.
        worker: The node it runs in.
        temper: How often it does what.
        counts: Told what it does.
    """

    def __init__(self, role: str, seed: int, worker: str, temper: Temper, counts: Counts) -> None:
        self._role = role
        self._seed = seed
        self._worker = worker
        self._temper = temper
        self._counts = counts

    @property
    def role(self) -> str:
        """The role given."""
        return self._role

    async def perform(self, task: TaskRequested, bench: Workbench) -> Success:
        """Read the inputs, take a while, and succeed or fail."""
        self._counts.performed += 1
        temper = self._temper
        read = await bench.inputs(ReportText)
        if len(read) != len(task.inputs):
            raise SpecialistFailure(FailureKind.INTERNAL, f"{len(task.inputs) - len(read)} inputs are missing")
        draw = self._share(task, "kind")
        pause = self._share(task, "pause")
        await asyncio.sleep(
            temper.slow_s * pause if self._share(task, "slow") < temper.slow else temper.quick_s * pause
        )
        if draw < temper.hangs:
            self._counts.count("hangs")
            await asyncio.sleep(3_600)
        draw -= temper.hangs
        if draw < temper.fails:
            kind = FAILURES[int(self._share(task, "which") * len(FAILURES))]
            self._counts.count(kind.value)
            raise SpecialistFailure(kind, "the seed says so")
        confidence = 0.1 if draw - temper.fails < temper.unsure else 0.9
        self._counts.count("unsure" if confidence < 0.5 else "succeeds")
        body = "".join(each.title for each in read)[:500]
        content = ReportText(title=f"{task.subtask_id} by {self._worker}", markdown=f"{task.task_id}: {body}")
        outputs = (Output(OUTPUT, content),) if task.outputs else ()
        return Success(outputs=outputs, confidence=confidence, note="done", review=self._review(task))

    def _review(self, task: TaskRequested) -> ReviewSummary | None:
        if task.step != "check":
            return None
        if self._share(task, "review") >= self._temper.rejects:
            return ReviewSummary(supported=1, refuted=0, not_enough_evidence=0, passed=True)
        again = "find" if self._share(task, "again") < 0.5 else "write"
        follow_up = FollowUp(step=again, question="What else?" if again == "find" else "", reason="the seed says so")
        return ReviewSummary(supported=0, refuted=1, not_enough_evidence=0, passed=False, follow_ups=(follow_up,))

    def _share(self, task: TaskRequested, what: str) -> float:
        """A number in [0, 1) that depends on the seed, the task and what it is for."""
        mixed = crc32(f"{self._seed}/{task.task_id}/{what}".encode()) * 2_654_435_761 % _SHARES
        return (mixed ^ mixed >> 15) / _SHARES


class SimulatedDoer(SimulatedSpecialist):
    """One with execution rights: steps that grant effects have them happen, compensations undo them."""

    def __init__(self, role: str, seed: int, worker: str, temper: Temper, counts: Counts, target: Target) -> None:
        super().__init__(role, seed, worker, temper, counts)
        self._target = target

    @property
    def effect_targets(self) -> Mapping[str, Target]:
        """The outside."""
        return {"outside": self._target}

    async def perform(self, task: TaskRequested, bench: Workbench) -> Success:
        """Fail or succeed as others do, before or after the effect."""
        late = self._share(task, "late") < 0.5
        if late:
            await self._change(task, bench)
        success = await super().perform(task, bench)
        if not late:
            await self._change(task, bench)
        return success

    async def _change(self, task: TaskRequested, bench: Workbench) -> None:
        for name in task.effects:
            if task.compensates is not None:
                self._counts.count("withdrawn")
                await bench.effects.withdraw(name)
            else:
                self._counts.count("executed")
                await bench.effects.execute(name, f"{task.run_id}/{task.subtask_id}/{name}".encode())
