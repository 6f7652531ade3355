"""`evolve`: what a run becomes by an event. Recovery and replay use this alone, so they cannot emit anything."""

from collections.abc import Iterable, Mapping
from typing import assert_never

from collegium.orchestrator.core.model import Run
from collegium.orchestrator.core.subtasks import NONE, SubtasksDraft
from collegium_schemas.events import (
    ApprovalAnswered,
    ApprovalRequested,
    AttemptDispatched,
    AttemptFailed,
    AttemptSucceeded,
    Event,
    InputRefused,
    PlanAdopted,
    RetryScheduled,
    RunAccepted,
    RunArchived,
    RunDecided,
    RunEnded,
    RunEnding,
    RunPaused,
    RunRejected,
    RunResumed,
    SubtaskFailed,
)
from collegium_schemas.objective import ObjectiveSubmitted, RunStatus
from collegium_schemas.state import Ending, PlanPart, RunHeader, SubtaskPart, SubtaskStatus
from collegium_schemas.tasks import EffectWord, Failure, FailureKind


class HistoryError(ValueError):
    """A history that no orchestrator can have written: a version is missing or an event has no run to act on."""


def evolve(run: Run | None, decided: RunDecided) -> Run | None:
    """Fold one decision into a run.

    Args:
        run: The run at version `decided.version - 1`, or None for version 1.
        decided: The next decision of its history.

    Returns:
        The run at `decided.version`; None once it is archived.

    Raises:
        HistoryError: the decision does not follow on the run.
    """
    before = 0 if run is None else run.header.version
    if decided.version != before + 1:
        raise HistoryError(f"{decided.run_id}: version {decided.version} does not follow on {before}")
    folding = Folding(run, decided.run_id, decided.at_ms)
    for event in decided.events:
        folding.apply(event)
    return folding.run()


class Folding:
    """A run under change. What a decision does not touch is shared with the run before, not copied."""

    def __init__(self, run: Run | None, run_id: str, now_ms: int) -> None:
        self._run_id = run_id
        self._now_ms = now_ms
        self._version = 1 if run is None else run.header.version + 1
        self._header: RunHeader | None = None if run is None else run.header
        self.objective: ObjectiveSubmitted | None = None if run is None else run.objective
        self._plan: PlanPart | None = None if run is None else run.plan
        self.subtasks = SubtasksDraft(NONE if run is None else run.subtasks)
        self.dependents: Mapping[str, tuple[str, ...]] = {} if run is None else run.dependents

    @property
    def header(self) -> RunHeader:
        """The header so far.

        Raises:
            HistoryError: the run does not exist yet.
        """
        if self._header is None:
            raise HistoryError(f"{self._run_id}: an event before the run was accepted")
        return self._header

    @property
    def exists(self) -> bool:
        """True once the run has a header and is not archived."""
        return self._header is not None

    def run(self) -> Run | None:
        """The run as it is now."""
        if self._header is None:
            return None
        if self._header.version != self._version:
            self._change_header()
        return Run(self._header, self.objective, self._plan, self.subtasks.frozen(), self.dependents)

    def apply(self, event: Event) -> None:
        """Fold one event."""
        match event:
            case RunAccepted() | RunRejected():
                self._open(event)
            case PlanAdopted():
                self._adopt(event)
            case AttemptDispatched() | AttemptSucceeded() | AttemptFailed() | RetryScheduled() | SubtaskFailed():
                self._attempt(event)
            case InputRefused():
                pass
            case RunPaused():
                self._change_header(status=RunStatus.PAUSED)
            case RunResumed():
                self._change_header(status=self._unpaused())
            case ApprovalRequested() | ApprovalAnswered():
                self._approval(event)
            case RunEnding():
                self._begin_ending(event)
            case RunEnded():
                self._end(event)
            case RunArchived():
                self._header = None
            case _:
                assert_never(event)

    def _approval(self, event: ApprovalRequested | ApprovalAnswered) -> None:
        """A human is asked about a subtask, or has answered. A paused run stays paused meanwhile."""
        match event:
            case ApprovalRequested():
                self._change(event.subtask_id, status=SubtaskStatus.WAITING)
            case ApprovalAnswered():
                assume = "done" if event.action == "approve" else "absent"
                self._change(
                    event.subtask_id,
                    status=SubtaskStatus.FAILED if event.action == "deny" else SubtaskStatus.BACKOFF,
                    retry_at_ms=None if event.action == "deny" else self._now_ms,
                    effect_word=EffectWord(assume=assume, through_attempt=event.attempt),
                )
        if self.header.status is not RunStatus.PAUSED:
            self._change_header(status=self._unpaused())

    def _unpaused(self) -> RunStatus:
        """What a run's status is when nobody holds it back: it waits while any subtask waits for an answer."""
        waiting = any(part.status is SubtaskStatus.WAITING for part in self.subtasks.values())
        return RunStatus.WAITING_APPROVAL if waiting else RunStatus.RUNNING

    def _begin_ending(self, event: RunEnding) -> None:
        """What is under way is given up; its outcome does not matter any more, its compensation finds it out."""
        ending = Ending(status=event.status, reason=event.reason, limit=event.limit, requester=event.requester)
        stopped = Failure(kind=FailureKind.CANCELLED, message="the run ends and undoes its effects", permanent=True)
        live = [
            subtask_id
            for subtask_id, part in self.subtasks.items()
            if part.status is not SubtaskStatus.PENDING and not part.status.ended
        ]
        for subtask_id in live:
            self._change(subtask_id, status=SubtaskStatus.FAILED, failure=stopped, **self._ended(subtask_id))
        self._change_header(
            status=RunStatus.RUNNING,
            ending=ending,
            deadline_at_ms=event.deadline_at_ms,
            open_subtasks=self.header.open_subtasks - len(live),
        )

    def _end(self, event: RunEnded) -> None:
        """A terminal run keeps its header alone: nothing else can matter any more, and its history has it all."""
        self._change_header(
            status=event.status,
            reason=event.reason,
            limit=event.limit,
            ended_at_ms=self._now_ms,
            effects=self._effects(),
        )
        self.objective, self._plan, self.subtasks, self.dependents = None, None, SubtasksDraft(NONE), {}

    def _effects(self) -> tuple[str, ...]:
        return tuple(
            f"{part.spec.subtask_id}/{name}"
            for part in self.subtasks.values()
            if part.attempt
            for name in part.spec.effects
        )

    def _open(self, event: RunAccepted | RunRejected) -> None:
        if self._header is not None:
            raise HistoryError(f"{self._run_id}: accepted twice")
        accepted = isinstance(event, RunAccepted)
        self.objective = event.objective if accepted else None
        self._header = RunHeader(
            run_id=self._run_id,
            version=self._version,
            status=RunStatus.PLANNING if accepted else RunStatus.FAILED,
            playbook=event.objective.playbook if accepted else None,
            objective_sha256=event.objective_sha256,
            accepted_at_ms=self._now_ms,
            updated_at_ms=self._now_ms,
            deadline_at_ms=event.deadline_at_ms if accepted else None,
            ended_at_ms=None if accepted else self._now_ms,
            reason="" if accepted else event.reason,
            trace=event.trace,
            trace_parent=event.trace_parent,
        )

    def _adopt(self, event: PlanAdopted) -> None:
        change = event.change
        for subtask_id in change.removed:
            del self.subtasks[subtask_id]
        for spec in change.added:
            self.subtasks[spec.subtask_id] = SubtaskPart(spec=spec, strategy=spec.strategy)
        self.dependents = dependents_of(self.subtasks.values())
        self._plan = PlanPart(version=change.version, reason=change.reason, subtask_ids=tuple(self.subtasks))
        status = RunStatus.RUNNING if self.header.status is RunStatus.PLANNING else self.header.status
        self._change_header(
            status=status,
            plan_version=change.version,
            round=change.round,
            open_subtasks=self.header.open_subtasks + len(change.added) - len(change.removed),
        )

    def _attempt(
        self, event: AttemptDispatched | AttemptSucceeded | AttemptFailed | RetryScheduled | SubtaskFailed
    ) -> None:
        match event:
            case AttemptDispatched():
                self._change(
                    event.subtask_id,
                    status=SubtaskStatus.RUNNING,
                    attempt=event.attempt,
                    strategy=event.strategy,
                    dispatched_at_ms=self._now_ms,
                    deadline_at_ms=event.deadline_at_ms,
                    retry_at_ms=None,
                )
                self._change_header(steps=self.header.steps + 1)
            case AttemptSucceeded():
                self._change(
                    event.subtask_id,
                    status=SubtaskStatus.SUCCEEDED,
                    outputs=event.outputs,
                    confidence=event.confidence,
                    review=event.review,
                    trace=event.trace,
                    failure=None,
                    **self._ended(event.subtask_id),
                )
                self._change_header(usage=self.header.usage + event.usage, open_subtasks=self.header.open_subtasks - 1)
            case AttemptFailed():
                self._change(event.subtask_id, failure=event.failure)
                self._change_header(usage=self.header.usage + event.usage)
            case RetryScheduled():
                self._change(
                    event.subtask_id,
                    status=SubtaskStatus.BACKOFF,
                    retry_at_ms=event.at_ms,
                    strategy=event.strategy,
                )
            case SubtaskFailed():
                self._change(
                    event.subtask_id,
                    status=SubtaskStatus.FAILED,
                    failure=event.failure,
                    **self._ended(event.subtask_id),
                )
                self._change_header(open_subtasks=self.header.open_subtasks - 1)
            case _:
                assert_never(event)

    def _ended(self, subtask_id: str) -> dict[str, object]:
        """When a subtask ended, of those for which that matters."""
        part = self.subtasks.get(subtask_id)
        return {"ended_version": self._version} if part is not None and part.spec.compensate is not None else {}

    def _change(self, subtask_id: str, **update: object) -> None:
        part = self.subtasks.get(subtask_id)
        if part is None:
            raise HistoryError(f"{self._run_id}: no subtask {subtask_id}")
        self.subtasks[subtask_id] = part.model_copy(update=update)

    def _change_header(self, **update: object) -> None:
        now = {"version": self._version, "updated_at_ms": self._now_ms}
        self._header = self.header.model_copy(update={**now, **update})


def dependents_of(subtasks: Iterable[SubtaskPart]) -> dict[str, tuple[str, ...]]:
    """For each subtask that others wait for, those others, in the plan's order."""
    waiting: dict[str, list[str]] = {}
    for part in subtasks:
        for needed in part.spec.depends_on:
            waiting.setdefault(needed, []).append(part.spec.subtask_id)
    return {needed: tuple(others) for needed, others in waiting.items()}
