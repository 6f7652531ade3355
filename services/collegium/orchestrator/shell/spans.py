"""The orchestrator's spans. All of them are derived from committed history, so they can be emitted again at any time.

`invoke_workflow PLAYBOOK` is the run's own span; every other one hangs on it: `process TOPIC` and `plan PLAYBOOK`
for decisions, `send TOPIC` for each attempt, on which the specialist hangs its work.
"""

from collections.abc import Iterator, Sequence

from collegium.log.topics import TopicNames
from collegium.orchestrator.core.model import Run
from collegium.orchestrator.shell.transaction import Made
from collegium.telemetry import conventions
from collegium.telemetry.tracing import FinishedSpan, derived_span
from collegium_schemas.base import Scalar, TraceContext
from collegium_schemas.events import AttemptDispatched, Origin, PlanAdopted, RunDecided
from collegium_schemas.objective import RunStatus
from collegium_schemas.state import RunHeader, SubtaskPart, SubtaskStatus


def decision_spans(made: Made, names: TopicNames, ended_ms: int) -> Iterator[FinishedSpan]:
    """The spans of one committed decision.

    Args:
        made: The decision.
        names: Full topic names.
        ended_ms: When its transaction was committed.
    """
    alive = made.after or made.before
    if alive is None:
        return
    decided, trace = made.decided, alive.header.trace
    links = () if made.received is None else (made.received,)
    yield _decision(decided, trace, names, links, ended_ms)
    for event in decided.events:
        match event:
            case PlanAdopted():
                yield _plan(event, alive, decided.at_ms)
            case AttemptDispatched() if made.after is not None:
                part = made.after.subtasks.get(event.subtask_id)
                if part is not None:
                    yield send_span(made.after, part, names)
            case _:
                pass
    if alive.header.status.terminal and (made.before is None or not made.before.header.status.terminal):
        yield workflow_span(alive.header)


def _decision(
    decided: RunDecided, trace: TraceContext, names: TopicNames, links: Sequence[TraceContext], ended_ms: int
) -> FinishedSpan:
    origin = decided.origin
    topic = None if origin.topic is None else names(origin.topic)
    return FinishedSpan(
        name="timer" if topic is None else f"process {topic}",
        kind="internal" if topic is None else "consumer",
        context=derived_span(trace, decided.run_id, "decision", str(decided.version)),
        parent=trace,
        start_ms=decided.at_ms,
        end_ms=max(decided.at_ms, ended_ms),
        attributes={
            conventions.RUN_ID: decided.run_id,
            "collegium.run.version": decided.version,
            "collegium.decision.events": [event.type for event in decided.events],
            **({} if topic is None else _input(topic, origin)),
        },
        links=links,
    )


def _input(topic: str, origin: Origin) -> dict[str, Scalar]:
    if origin.partition is None or origin.offset is None:
        return {}
    return {
        conventions.MESSAGING_SYSTEM_NAME: "kafka",
        conventions.MESSAGING_OPERATION_NAME: "process",
        conventions.MESSAGING_OPERATION_TYPE: "process",
        conventions.MESSAGING_DESTINATION_NAME: topic,
        conventions.MESSAGING_DESTINATION_PARTITION_ID: str(origin.partition),
        conventions.KAFKA_OFFSET: origin.offset,
    }


def _plan(event: PlanAdopted, run: Run, at_ms: int) -> FinishedSpan:
    change, run_id, trace = event.change, run.header.run_id, run.header.trace
    return FinishedSpan(
        name=f"plan {run.header.playbook}",
        kind="internal",
        context=derived_span(trace, run_id, "plan", str(change.version)),
        parent=trace,
        start_ms=at_ms,
        end_ms=at_ms,
        attributes={
            conventions.GEN_AI_OPERATION_NAME: "plan",
            conventions.RUN_ID: run_id,
            conventions.PLAN_VERSION: change.version,
            "collegium.plan.reason": change.reason,
            "collegium.plan.added": len(change.added),
            "collegium.plan.removed": len(change.removed),
        },
    )


def send_span(run: Run, part: SubtaskPart, names: TopicNames) -> FinishedSpan:
    """The span that sent the subtask's latest attempt; it links to the outcomes that it was waiting for."""
    header, spec = run.header, part.spec
    trace, at_ms = header.trace, part.dispatched_at_ms or header.updated_at_ms
    task = f"{header.run_id}/{spec.subtask_id}/{part.attempt}"
    topic = names.tasks(spec.role)
    links = [source.trace for source in (run.subtasks[needed] for needed in spec.depends_on) if source.trace]
    if part.attempt > 1:
        links.append(derived_span(trace, f"{header.run_id}/{spec.subtask_id}/{part.attempt - 1}", "send"))
    return FinishedSpan(
        name=f"send {topic}",
        kind="producer",
        context=derived_span(trace, task, "send"),
        parent=trace,
        start_ms=at_ms,
        end_ms=at_ms,
        attributes={
            conventions.MESSAGING_SYSTEM_NAME: "kafka",
            conventions.MESSAGING_OPERATION_NAME: "send",
            conventions.MESSAGING_OPERATION_TYPE: "send",
            conventions.MESSAGING_DESTINATION_NAME: topic,
            conventions.MESSAGING_MESSAGE_ID: task,
            conventions.RUN_ID: header.run_id,
            conventions.SUBTASK_ID: spec.subtask_id,
            conventions.ATTEMPT: part.attempt,
            conventions.ROLE: spec.role,
        },
        links=tuple(links),
    )


def workflow_span(header: RunHeader) -> FinishedSpan:
    """The run's own span, from acceptance to terminal status."""
    failed = header.status is not RunStatus.COMPLETED
    return FinishedSpan(
        name=f"invoke_workflow {header.playbook or 'unknown'}",
        kind="internal",
        context=header.trace,
        parent=header.trace_parent,
        start_ms=header.accepted_at_ms,
        end_ms=header.ended_at_ms or header.updated_at_ms,
        attributes={
            conventions.GEN_AI_OPERATION_NAME: "invoke_workflow",
            conventions.RUN_ID: header.run_id,
            "collegium.run.status": header.status.value,
            "collegium.run.reason": header.reason,
            "collegium.run.steps": header.steps,
            conventions.PLAN_VERSION: header.plan_version,
        },
        error=header.status.value if failed else None,
    )


def restored_spans(run: Run, names: TopicNames) -> Iterator[FinishedSpan]:
    """The spans on which others may still hang theirs: those that sent the attempts under way, however long ago."""
    for part in run.subtasks.values():
        if part.status is SubtaskStatus.RUNNING:
            yield send_span(run, part, names)
