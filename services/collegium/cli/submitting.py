"""Sends an objective and, if wished, follows its run."""

from collegium.cli.errors import TopicsWrong
from collegium.cli.following import beginning
from collegium.cli.output import JsonValue
from collegium.cli.sending import send
from collegium.cli.session import Session
from collegium.cli.showing import show
from collegium.ledger.views import RunView
from collegium.log.port import Log
from collegium_schemas.objective import ObjectiveSubmitted


async def submit_objective(
    session: Session, log: Log, objective: ObjectiveSubmitted, *, watch_ms: int | None
) -> RunView | None:
    """Send an objective that has a run_id; with `watch_ms`, show its run until it has ended.

    Raises:
        TopicsWrong: there is no objectives topic.
        RunNotCompleted: the watched run ended otherwise.
        TimedOut: the watched run has not ended in time.
    """
    run_id = objective.run_id or ""
    topic = session.names("objectives")
    if topic not in await log.describe([topic]):
        raise TopicsWrong(f"topic {topic} is missing: run `collegium topics create`")
    start = await beginning(log, session.names, run_id) if watch_ms is not None else 0
    async with session.tracing() as tracing:
        position, trace = await send(
            log, tracing, topic, objective, run_id=run_id, message_id=f"{run_id}/objective", now_ms=session.now_ms()
        )
    sent: dict[str, JsonValue] = {
        "run_id": run_id,
        "topic": position.topic,
        "partition": position.partition,
        "offset": position.offset,
        "trace_id": trace.traceparent.split("-")[1],
    }
    if session.out.json or watch_ms is None:
        session.out.answer(sent, run_id)
    if watch_ms is None:
        session.out.aside(f"follow it with: collegium watch {run_id}")
        return None
    return await show(session, log, session.names, run_id, start=start, timeout_ms=watch_ms)
