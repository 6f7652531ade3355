"""`commands`: the messages that a decision calls for. A function of the decision and the run it leads to."""

from collections.abc import Iterator, Mapping

from collegium.orchestrator.core.model import Run
from collegium_schemas.events import AttemptDispatched, RunDecided, RunEnded
from collegium_schemas.objective import RunStatus
from collegium_schemas.tasks import ContextRef, ControlScope, ControlState, TaskInput, TaskRequested


def commands(
    decided: RunDecided, after: Run | None, inline: Mapping[str, str]
) -> Iterator[TaskRequested | ControlState]:
    """The tasks and control records that belong into the decision's transaction, in order.

    Args:
        decided: The decision.
        after: The run as the decision left it.
        inline: Content by sha256 that came with the inputs at hand, so that small values need no point read.
    """
    if after is None:
        return
    for event in decided.events:
        match event:
            case AttemptDispatched():
                yield task_of(after, event, decided.at_ms, inline)
            case RunEnded() if event.status is not RunStatus.COMPLETED:
                yield ControlState(
                    scope=ControlScope.RUN,
                    name=decided.run_id,
                    stopped=True,
                    reason=f"the run ended as {event.status}",
                    at_ms=decided.at_ms,
                )
            case _:
                pass


def task_of(run: Run, event: AttemptDispatched, now_ms: int, inline: Mapping[str, str]) -> TaskRequested:
    """The task for a dispatched attempt."""
    if run.objective is None:
        raise ValueError(f"{run.header.run_id}: an attempt without an objective")
    spec = run.subtasks[event.subtask_id].spec
    inputs = tuple(
        TaskInput(subtask_id=source, step=run.subtasks[source].spec.step, ref=_with_inline(ref, inline))
        for source in spec.inputs
        for ref in run.subtasks[source].outputs
    )
    objective = run.objective
    return TaskRequested(
        run_id=run.header.run_id,
        subtask_id=event.subtask_id,
        attempt=event.attempt,
        role=spec.role,
        step=spec.step,
        instruction=spec.instruction,
        goal=objective.goal,
        corpus=objective.corpus,
        params=spec.params,
        inputs=inputs,
        outputs=spec.outputs,
        strategy=event.strategy,
        plan_version=run.header.plan_version,
        round=spec.round,
        dispatched_at_ms=now_ms,
        deadline_at_ms=event.deadline_at_ms,
        tenant=objective.tenant,
        team=objective.team,
        requester=objective.requester,
    )


def _with_inline(ref: ContextRef, inline: Mapping[str, str]) -> ContextRef:
    content = inline.get(ref.sha256)
    return ref if content is None else ref.model_copy(update={"inline": content})
