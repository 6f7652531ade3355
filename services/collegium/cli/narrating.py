"""What happens to a run, in one line for each event."""

from collections.abc import Iterator
from typing import assert_never

from collegium.cli.durations import spoken
from collegium.ledger.folding import RunRecord
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


def narrate(record: RunRecord, decided: RunDecided) -> Iterator[str]:
    """A line for each event of a decision.

    Args:
        record: The run after the decision.
        decided: The decision.
    """
    since_ms = decided.at_ms - (record.summary.accepted_at_ms if record.summary else decided.at_ms)
    for event in decided.events:
        told = _told(record, event, decided)
        if told:
            yield f"{'+' + spoken(max(0, since_ms)):>8}  {told}"


def _told(record: RunRecord, event: Event, decided: RunDecided) -> str:
    match event:
        case RunAccepted():
            return f'run {decided.run_id} accepted: "{_short(event.objective.goal)}"'
        case RunRejected():
            return f"run {decided.run_id} rejected: {event.reason}"
        case PlanAdopted():
            change = event.change
            word = "plan 1" if change.version == 1 else f"re-plan {change.version} (round {change.round})"
            if any(spec.compensates is not None for spec in change.added):
                word = f"plan {change.version} to undo effects"
            if change.continues:
                word = f"plan {change.version}, more of the one before"
            removed = f", {len(change.removed)} superseded" if change.removed else ""
            return f"{word}: {_count(len(change.added), 'subtask')}{removed}: {_short(change.reason)}"
        case AttemptDispatched() | AttemptSucceeded() | AttemptFailed() | RetryScheduled() | SubtaskFailed():
            return _attempt(record, event, decided)
        case InputRefused() | RunPaused() | RunResumed() | ApprovalRequested() | ApprovalAnswered() | RunEnding():
            return _held(event)
        case RunEnded():
            return _end(record, event)
        case RunArchived():
            return "archived"
        case _:
            assert_never(event)


def _held(
    event: InputRefused | RunPaused | RunResumed | ApprovalRequested | ApprovalAnswered | RunEnding,
) -> str:
    match event:
        case InputRefused():
            return f"{event.what} refused: {event.reason}"
        case RunPaused():
            return f"paused by {event.requester}" + (f": {event.reason}" if event.reason else "")
        case RunResumed():
            return f"resumed by {event.requester}"
        case ApprovalRequested():
            return f"{event.subtask_id} waits for a word on attempt {event.attempt}: {event.question}"
        case ApprovalAnswered():
            return f"{event.subtask_id}: {event.requester} says {event.action}" + (
                f": {event.reason}" if event.reason else ""
            )
        case RunEnding():
            return f"will end as {event.status} once its effects are undone: {event.reason}"
        case _:
            assert_never(event)


def _attempt(
    record: RunRecord,
    event: AttemptDispatched | AttemptSucceeded | AttemptFailed | RetryScheduled | SubtaskFailed,
    decided: RunDecided,
) -> str:
    part = record.subtasks.get(event.subtask_id)
    who = f"{event.subtask_id} ({part.role})" if part else event.subtask_id
    match event:
        case AttemptDispatched():
            return f"{who} sent" + (f", attempt {event.attempt}" if event.attempt > 1 else "")
        case AttemptSucceeded():
            evidence = f", {event.evidence_count} pieces of evidence" if event.evidence_count else ""
            took = spoken(max(0, event.ended_at_ms - event.started_at_ms))
            return f"{who} succeeded in {took}{evidence}" + (f": {event.note}" if event.note else "")
        case AttemptFailed():
            return f"{who} attempt {event.attempt} failed as {event.failure.kind}: {event.failure.message}"
        case RetryScheduled() if event.first:
            return ""  # sent a moment later, which is told then
        case RetryScheduled():
            wait = spoken(max(0, event.at_ms - decided.at_ms))
            return f"{who} will be tried again in {wait} (attempt {event.attempt})"
        case SubtaskFailed():
            so = "going on without it" if event.tolerated else "the run cannot go on"
            return f"{who} failed for good, {so}: {event.failure.message}"
        case _:
            assert_never(event)


def _end(record: RunRecord, event: RunEnded) -> str:
    limit = f" ({event.limit})" if event.limit else ""
    summary = record.summary
    if summary is None or summary.ended_at_ms is None:
        return f"{event.status}{limit}: {event.reason}"
    took = spoken(summary.ended_at_ms - summary.accepted_at_ms)
    counts = (
        f"{_count(summary.subtasks_ended, 'subtask')}, {_count(summary.steps, 'attempt')}, "
        f"{_count(summary.retries, 'retry', 'retries')}, {_count(summary.replans, 're-plan')}, "
        f"{summary.evidence_count} pieces of evidence"
    )
    return f"{event.status}{limit} in {took}: {event.reason} ({counts})"


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one}" if number == 1 else f"{number} {many or one + 's'}"


def _short(text: str, most: int = 160) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
