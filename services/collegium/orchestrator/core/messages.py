"""`commands`: the messages that a decision calls for. A function of the decision and the run it leads to."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from collegium.orchestrator.core.model import Run
from collegium_schemas.events import AttemptDispatched, RunDecided, RunEnded, RunEnding
from collegium_schemas.limits import MAX_INPUTS
from collegium_schemas.objective import RunStatus
from collegium_schemas.tasks import ControlScope, ControlState, TaskInput, TaskRequested

MAX_INLINE_PER_TASK_BYTES: Final = 262_144
"""Content that one task carries itself; JSON escapes may double it, and a record still has room."""

MAX_INLINE_PER_DECISION_BYTES: Final = 2_097_152
"""Content that the tasks of one decision carry together; the later ones name it by its place alone."""


class InlineRoom:
    """How much content the tasks of a decision may still carry, over all records that the decision takes."""

    def __init__(self) -> None:
        self.left = MAX_INLINE_PER_DECISION_BYTES

    def take(self, inputs: Sequence[TaskInput]) -> None:
        """Count what a task carries: content is of the size that its reference names."""
        self.left -= sum(given.ref.size_bytes for given in inputs if given.ref.inline is not None)


def commands(
    decided: RunDecided, after: Run | None, inline: Mapping[str, str], room: InlineRoom | None = None
) -> Iterator[TaskRequested | ControlState]:
    """The tasks and control records that belong into the decision's transaction, in order.

    Args:
        decided: The decision.
        after: The run as the decision left it.
        inline: Content by sha256 that came with the inputs at hand, so that small values need no point read.
        room: The decision's, of which `decided` may be a part; all that a decision has when left out.
    """
    if after is None:
        return
    room = room or InlineRoom()
    for event in decided.events:
        match event:
            case AttemptDispatched():
                task = task_of(after, event, decided.at_ms, inline, room.left)
                if inline:
                    room.take(task.inputs)
                yield task
            case RunEnding():
                yield _stop(decided, after, f"the run will end as {event.status} and undoes its effects")
            case RunEnded() if event.status is not RunStatus.COMPLETED and after.header.ending is None:
                yield _stop(decided, after, f"the run ended as {event.status}")
            case _:
                pass


def _stop(decided: RunDecided, run: Run, reason: str) -> ControlState:
    """The order to stop all work on the run; compensations go on in spite of it."""
    return ControlState(
        scope=ControlScope.RUN,
        name=decided.run_id,
        run_accepted_at_ms=run.header.accepted_at_ms,
        stopped=True,
        reason=reason,
        at_ms=decided.at_ms,
    )


def task_of(
    run: Run,
    event: AttemptDispatched,
    now_ms: int,
    inline: Mapping[str, str],
    room: int = MAX_INLINE_PER_TASK_BYTES,
) -> TaskRequested:
    """The task for a dispatched attempt, with at most `room` bytes of content."""
    if run.objective is None:
        raise ValueError(f"{run.header.run_id}: an attempt without an objective")
    part = run.subtasks[event.subtask_id]
    spec = part.spec
    inputs = _inputs(run, spec.inputs, inline, min(room, MAX_INLINE_PER_TASK_BYTES))
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
        heartbeat_timeout_ms=spec.heartbeat_timeout_ms,
        tenant=objective.tenant,
        team=objective.team,
        requester=objective.requester,
        effects=spec.effects,
        effect_word=part.effect_word,
        compensates=spec.compensates,
        run_accepted_at_ms=run.header.accepted_at_ms,
    )


def _inputs(run: Run, sources: Sequence[str], inline: Mapping[str, str], room: int) -> tuple[TaskInput, ...]:
    """References to the sources' outputs, with content while there is room for it.

    A source may return more than its plan asks for. Where that is more than a task can be given, it is left out.
    A reference that names another size than its content has is left to its reader, who finds out what is wrong.
    """
    inputs: list[TaskInput] = []
    parts = [run.subtasks[source] for source in sources]
    asked_only = sum(len(part.outputs) for part in parts) > MAX_INPUTS
    for part in parts:
        for ref in part.outputs:
            if asked_only and ref.name not in part.spec.outputs:
                continue
            content = inline.get(ref.sha256)
            carried = ref
            if content is not None and ref.size_bytes <= room and len(content.encode()) == ref.size_bytes:
                room -= ref.size_bytes
                carried = ref.model_copy(update={"inline": content})
            inputs.append(TaskInput(subtask_id=part.spec.subtask_id, step=part.spec.step, ref=carried))
    return tuple(inputs)
