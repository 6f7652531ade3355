"""The pure fold from decisions to run views: the same view whatever the order and number of deliveries."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, assert_never

from collegium.ledger.views import (
    MAX_NOTICES,
    MAX_PLANS,
    AttemptView,
    HistoryPosition,
    Notice,
    PlanView,
    RunSummary,
    RunView,
    SubtaskView,
    SubtaskViewStatus,
)
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
from collegium_schemas.objective import RunStatus

MAX_WAITING: Final = 256
"""Decisions of one run that wait for an earlier one. At the bound the gap is taken as lost and the view says so."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run's view in parts, and decisions that came before their turn."""

    summary: RunSummary | None = None
    """None until the first decision has been folded."""
    plans: Mapping[int, PlanView] = field(default_factory=dict[int, PlanView])
    subtasks: Mapping[str, SubtaskView] = field(default_factory=dict[str, SubtaskView])
    notices: tuple[Notice, ...] = ()
    waiting: Mapping[int, RunDecided] = field(default_factory=dict[int, RunDecided])
    history: HistoryPosition | None = None

    @property
    def version(self) -> int:
        """The last decision folded; 0 before the first."""
        return 0 if self.summary is None else self.summary.version

    def view(self) -> RunView | None:
        """The whole view, or None when nothing has been folded yet."""
        if self.summary is None:
            return None
        return RunView.model_construct(
            **dict(self.summary),
            plans=tuple(self.plans[version] for version in sorted(self.plans)),
            subtasks=tuple(self.subtasks.values()),
            notices=self.notices,
        )


@dataclass(frozen=True, slots=True)
class Source:
    """Where a decision was read from."""

    partition: int
    offset: int


def fold(record: RunRecord, decided: RunDecided, source: Source | None = None) -> RunRecord:
    """Fold one decision into a run, exactly once and in the order of versions.

    A decision that was folded before changes nothing. One that comes too early waits for those before it. So any
    order and any repetition of the same decisions lead to the same record.

    Returns:
        The record after it; the same object when nothing changed.
    """
    if decided.version <= record.version or decided.version in record.waiting:
        return record
    record = replace(record, history=_extended(record.history, source))
    if decided.version == record.version + 1:
        record = _take_waiting(_apply(record, decided))
    else:
        record = replace(record, waiting={**record.waiting, decided.version: decided})
        if len(record.waiting) >= MAX_WAITING:
            record = _skip_gap(record)
    if record.summary is not None and record.summary.history != record.history:
        record = replace(record, summary=record.summary.model_copy(update={"history": record.history}))
    return record


def _extended(history: HistoryPosition | None, source: Source | None) -> HistoryPosition | None:
    if source is None:
        return history
    return HistoryPosition(
        partition=source.partition,
        first_offset=source.offset if history is None else min(history.first_offset, source.offset),
        last_offset=source.offset if history is None else max(history.last_offset, source.offset),
    )


def _take_waiting(record: RunRecord) -> RunRecord:
    while (following := record.waiting.get(record.version + 1)) is not None:
        waiting = {version: early for version, early in record.waiting.items() if version != following.version}
        record = _apply(replace(record, waiting=waiting), following)
    return record


def _skip_gap(record: RunRecord) -> RunRecord:
    first = record.waiting[min(record.waiting)]
    summary = record.summary or _blank(first)
    summary = summary.model_copy(update={"version": first.version - 1, "incomplete": True})
    return _take_waiting(replace(record, summary=summary))


def _blank(decided: RunDecided) -> RunSummary:
    return RunSummary(
        run_id=decided.run_id,
        version=0,
        status=RunStatus.RUNNING,
        accepted_at_ms=decided.at_ms,
        updated_at_ms=decided.at_ms,
    )


def _apply(record: RunRecord, decided: RunDecided) -> RunRecord:
    folding = _Folding(record, decided)
    for event in decided.events:
        folding.apply(event)
    return folding.record()


class _Folding:
    """A record under change by one decision; each collection is copied once, when first changed."""

    def __init__(self, record: RunRecord, decided: RunDecided) -> None:
        self._before = record
        self._at_ms = decided.at_ms
        self._version = decided.version
        self._summary = record.summary or _blank(decided)
        self._plans = dict(record.plans)
        self._subtasks = dict(record.subtasks)
        self._notices = record.notices

    def record(self) -> RunRecord:
        self._sum(version=self._version, updated_at_ms=self._at_ms)
        return replace(
            self._before,
            summary=self._summary,
            plans=self._plans,
            subtasks=self._subtasks,
            notices=self._notices,
        )

    def apply(self, event: Event) -> None:
        match event:
            case RunAccepted():
                self._accept(event)
            case RunRejected():
                self._sum(trace_id=_trace_id(event.trace.traceparent))
                self._end(RunStatus.FAILED, event.reason)
            case PlanAdopted():
                self._adopt(event)
            case AttemptDispatched() | AttemptSucceeded() | AttemptFailed() | RetryScheduled() | SubtaskFailed():
                self._attempt(event)
            case InputRefused() | RunPaused() | RunResumed():
                self._people(event)
            case ApprovalRequested() | ApprovalAnswered() | RunEnding():
                self._hold(event)
            case RunEnded():
                self._sum(limit=event.limit, ended_by=event.requester)
                self._end(event.status, event.reason)
            case RunArchived():
                pass  # the run leaves run-state; its view stays
            case _:
                assert_never(event)

    def _people(self, event: InputRefused | RunPaused | RunResumed) -> None:
        match event:
            case InputRefused():
                kind = "objective_refused" if event.what == "objective" else "intervention_refused"
                notice = Notice(at_ms=self._at_ms, kind=kind, text=event.reason[:500])
            case RunPaused():
                self._sum(status=RunStatus.PAUSED)
                notice = Notice(at_ms=self._at_ms, kind="paused", text=event.reason[:500], requester=event.requester)
            case RunResumed():
                self._sum(status=self._unpaused())
                notice = Notice(at_ms=self._at_ms, kind="resumed", text=event.reason[:500], requester=event.requester)
            case _:
                assert_never(event)
        self._notices = (*self._notices, notice)[-MAX_NOTICES:]

    def _hold(self, event: ApprovalRequested | ApprovalAnswered | RunEnding) -> None:
        match event:
            case ApprovalRequested():
                self._change(event.subtask_id, status="waiting")
                notice = Notice(at_ms=self._at_ms, kind="approval_requested", text=event.question[:500])
            case ApprovalAnswered():
                denied = event.action == "deny"
                self._change(event.subtask_id, status="failed" if denied else "backoff", retry_at_ms=self._at_ms)
                text = f"{event.subtask_id}: {event.action}" + (f": {event.reason}" if event.reason else "")
                notice = Notice(at_ms=self._at_ms, kind="answered", text=text[:500], requester=event.requester)
            case RunEnding():
                self._sum(status=RunStatus.RUNNING, deadline_at_ms=event.deadline_at_ms)
                self._stop({"running", "backoff", "waiting"})
                text = f"will end as {event.status} once its effects are undone: {event.reason}"
                notice = Notice(at_ms=self._at_ms, kind="ending", text=text[:500], requester=event.requester)
            case _:
                assert_never(event)
        if not isinstance(event, RunEnding) and self._summary.status is not RunStatus.PAUSED:
            self._sum(status=self._unpaused())
        self._notices = (*self._notices, notice)[-MAX_NOTICES:]

    def _unpaused(self) -> RunStatus:
        waiting = any(part.status == "waiting" for part in self._subtasks.values())
        return RunStatus.WAITING_APPROVAL if waiting else RunStatus.RUNNING

    def _attempt(
        self, event: AttemptDispatched | AttemptSucceeded | AttemptFailed | RetryScheduled | SubtaskFailed
    ) -> None:
        match event:
            case AttemptDispatched():
                self._dispatch(event)
            case AttemptSucceeded() | AttemptFailed():
                self._decide(event)
            case RetryScheduled():
                self._sum(retries=self._summary.retries + (not event.first))
                self._change(event.subtask_id, status="backoff", retry_at_ms=event.at_ms)
            case SubtaskFailed():
                if self._change(event.subtask_id, status="failed", failure=event.failure, retry_at_ms=None):
                    self._sum(subtasks_ended=self._summary.subtasks_ended + 1)
            case _:
                assert_never(event)

    def _accept(self, event: RunAccepted) -> None:
        objective = event.objective
        self._sum(
            status=RunStatus.PLANNING,
            goal=objective.goal,
            playbook=objective.playbook,
            corpus=objective.corpus,
            tenant=objective.tenant,
            team=objective.team,
            requester=objective.requester,
            budget=objective.budget,
            accepted_at_ms=self._at_ms,
            deadline_at_ms=event.deadline_at_ms,
            trace_id=_trace_id(event.trace.traceparent),
        )

    def _adopt(self, event: PlanAdopted) -> None:
        change = event.change
        plan = PlanView(
            version=change.version,
            at_ms=self._at_ms,
            reason=change.reason,
            round=change.round,
            added=tuple(spec.subtask_id for spec in change.added),
            removed=change.removed,
        )
        self._plans[change.version] = plan
        if len(self._plans) > MAX_PLANS:
            del self._plans[min(self._plans)]
        removed = sum(self._change(subtask_id, status="superseded", retry_at_ms=None) for subtask_id in change.removed)
        for spec in change.added:
            self._subtasks[spec.subtask_id] = SubtaskView(
                subtask_id=spec.subtask_id,
                step=spec.step,
                role=spec.role,
                instruction=spec.instruction,
                optional=spec.optional,
                round=spec.round,
                plan_version=change.version,
                depends_on=spec.depends_on,
            )
        planning = self._summary.status is RunStatus.PLANNING
        self._sum(
            status=RunStatus.RUNNING if planning else self._summary.status,
            plan_version=change.version,
            round=change.round,
            replans=self._summary.replans + (change.version > 1 and not change.continues),
            subtasks_total=self._summary.subtasks_total + len(change.added) - removed,
        )

    def _dispatch(self, event: AttemptDispatched) -> None:
        part = self._subtasks.get(event.subtask_id)
        # A decision may be folded again onto parts that a crash had left newer than their head.
        attempts = () if part is None else tuple(a for a in part.attempts if a.attempt < event.attempt)
        attempt = AttemptView(
            attempt=event.attempt,
            strategy=event.strategy,
            status="running",
            dispatched_at_ms=self._at_ms,
            deadline_at_ms=event.deadline_at_ms,
        )
        self._change(event.subtask_id, status="running", attempts=(*attempts, attempt), retry_at_ms=None)
        self._sum(steps=self._summary.steps + 1)

    def _decide(self, event: AttemptSucceeded | AttemptFailed) -> None:
        self._sum(usage=self._summary.usage + event.usage)
        part = self._subtasks.get(event.subtask_id)
        if part is None:
            self._sum(incomplete=True)
            return
        update = {"decided_at_ms": self._at_ms, "usage": event.usage, **_outcome(event)}
        attempts = tuple(
            attempt.model_copy(update=update) if attempt.attempt == event.attempt else attempt
            for attempt in part.attempts
        )
        if isinstance(event, AttemptFailed):
            self._change(event.subtask_id, attempts=attempts)
            return
        self._change(event.subtask_id, attempts=attempts, status="succeeded")
        self._sum(
            subtasks_ended=self._summary.subtasks_ended + 1,
            evidence_count=self._summary.evidence_count + event.evidence_count,
        )

    def _end(self, status: RunStatus, reason: str) -> None:
        self._sum(status=status, reason=reason, ended_at_ms=self._at_ms)
        self._stop({"pending", "running", "backoff", "waiting"})

    def _stop(self, statuses: set[SubtaskViewStatus]) -> None:
        for subtask_id, part in list(self._subtasks.items()):
            if part.status in statuses:
                self._change(subtask_id, status="stopped", retry_at_ms=None)

    def _sum(self, **update: object) -> None:
        self._summary = self._summary.model_copy(update=update)

    def _change(self, subtask_id: str, **update: object) -> bool:
        part = self._subtasks.get(subtask_id)
        if part is None:
            self._sum(incomplete=True)
            return False
        self._subtasks[subtask_id] = part.model_copy(update=update)
        return True


def _trace_id(traceparent: str) -> str:
    return traceparent.split("-")[1]


def _outcome(event: AttemptSucceeded | AttemptFailed) -> dict[str, object]:
    if isinstance(event, AttemptFailed):
        return {"status": "failed", "failure": event.failure}
    return {
        "status": "succeeded",
        "started_at_ms": event.started_at_ms,
        "ended_at_ms": event.ended_at_ms,
        "worker": event.worker,
        "confidence": event.confidence,
        "evidence_count": event.evidence_count,
        "note": event.note,
        "outputs": tuple(ref.model_copy(update={"inline": None}) for ref in event.outputs),
        "review": event.review,
    }
