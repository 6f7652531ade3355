"""Undoing: which effects a run that fails has to take back, in which order, and as which plan."""

from collegium.orchestrator.core.model import Run
from collegium_schemas import limits
from collegium_schemas.plan import Compensation, PlanChange, SubtaskSpec
from collegium_schemas.state import SubtaskPart, SubtaskStatus


def compensation_plan(run: Run, reason: str) -> PlanChange | None:
    """The plan version that undoes a run's effects, one after the other, the latest first.

    Every subtask with a compensation that was ever dispatched is undone, also one whose attempt failed or is still
    under way: only its compensation can find out whether the effect happened. What has not started is superseded.

    Returns:
        The change, or None when there is nothing to undo.
    """
    undone = to_undo(run)
    if run.plan is None or not undone:
        return None
    added: list[SubtaskSpec] = []
    for part, compensation in undone:
        before = (added[-1].subtask_id,) if added else ()
        added.append(_undoing(run, part.spec, compensation, before))
    pending = tuple(subtask_id for subtask_id, part in run.subtasks.items() if part.status is SubtaskStatus.PENDING)
    return PlanChange(
        version=run.plan.version + 1,
        reason=f"compensating: {reason}"[: limits.MAX_TEXT_CHARS],
        round=run.header.round,
        added=tuple(added),
        removed=pending,
    )


def to_undo(run: Run) -> list[tuple[SubtaskPart, Compensation]]:
    """Subtasks whose effects may have happened, with how they are undone: what has not ended first, then the latest."""
    found: list[tuple[int, int, SubtaskPart, Compensation]] = []
    for place, part in enumerate(run.subtasks.values()):
        compensation = part.spec.compensate
        if compensation is not None and part.attempt and not _denied(part):
            ended = limits.MAX_EPOCH_MS if part.ended_version is None else part.ended_version
            found.append((ended, place, part, compensation))
    found.sort(key=lambda entry: entry[:2], reverse=True)
    return [(part, compensation) for _, _, part, compensation in found]


def not_undone(run: Run) -> tuple[str, ...]:
    """Of a run that undoes its effects: the subtasks whose compensation has not succeeded."""
    return tuple(
        part.spec.compensates
        for part in run.subtasks.values()
        if part.spec.compensates is not None and part.status is not SubtaskStatus.SUCCEEDED
    )


def _denied(part: SubtaskPart) -> bool:
    """True when a human has said that the effect did not happen, and nothing was tried since.

    Of several effects the others may have happened, so only a subtask with a single one is left alone.
    """
    if len(part.spec.effects) > 1:
        return False
    word = part.effect_word
    said = word is not None and word.assume == "absent" and word.through_attempt >= part.attempt
    return said and part.status is SubtaskStatus.FAILED


def _undoing(run: Run, spec: SubtaskSpec, how: Compensation, before: tuple[str, ...]) -> SubtaskSpec:
    goal = "" if run.objective is None else run.objective.goal[:1000]
    return SubtaskSpec(
        subtask_id=f"undo.{spec.subtask_id}"[:64],
        step=spec.step,
        role=how.role or spec.role,
        instruction=how.instruction.replace("{goal}", goal)[: limits.MAX_TEXT_CHARS],
        params={**spec.params, **how.params},
        depends_on=(*before, spec.subtask_id),
        inputs=(spec.subtask_id,),
        timeout_ms=how.timeout_ms,
        retry=how.retry,
        round=spec.round,
        effects=spec.effects if how.effects is None else how.effects,
        compensates=spec.subtask_id,
    )
