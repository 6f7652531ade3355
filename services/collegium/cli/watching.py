"""Shows a run while it happens: a live board on a terminal, plain lines elsewhere, JSON lines for programs."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Final, Protocol

from collegium.cli.errors import RunNotCompleted, TimedOut
from collegium.cli.following import Decision, RunFollower
from collegium.cli.narrating import narrate
from collegium.cli.output import Output
from collegium.ledger.folding import RunRecord, fold
from collegium.ledger.views import RunView
from collegium.log.port import Clock
from collegium_schemas.objective import RunStatus
from collegium_schemas.tasks import TaskProgress

_POLL_MS: Final = 200
_QUIET_MS: Final = 5_000
TAKEN_WITHIN_MS: Final = 60_000
"""How long an objective may lie there before somebody has to look: longer than a group needs to replace a member
that was killed (session.timeout.ms, 45 s by default in Kafka's clients)."""
MAX_PROGRESS: Final = 1_000
"""Subtasks whose latest progress is remembered."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What is known of the run while it is watched."""

    view: RunView | None = None
    progress: Mapping[str, TaskProgress] = field(default_factory=dict[str, TaskProgress])
    """The latest line of each subtask."""


class Screen(Protocol):
    """How a watched run is shown."""

    def showing(self) -> AbstractContextManager[object]:
        """Around the whole watch."""
        ...

    def decision(self, before: RunRecord, after: RunRecord, decision: Decision) -> None:
        """A decision was folded."""
        ...

    def progress(self, progress: TaskProgress) -> None:
        """A specialist said how far it is."""
        ...

    def tick(self, watched: Watched) -> None:
        """Some time has passed, or something has changed."""
        ...


class PlainScreen:
    """A line for everything that happens, for logs and pipes."""

    def __init__(self, out: Output) -> None:
        self._out = out

    def showing(self) -> AbstractContextManager[object]:
        """Nothing surrounds lines."""
        return nullcontext()

    def decision(self, before: RunRecord, after: RunRecord, decision: Decision) -> None:
        """One line for each event."""
        for line in narrate(after, decision.decided):
            self._out.text(line)

    def progress(self, progress: TaskProgress) -> None:
        """Heartbeats are not worth a line."""

    def tick(self, watched: Watched) -> None:
        """Lines do not change."""


class JsonScreen:
    """A JSON object on a line for each decision and each word of progress."""

    def __init__(self, out: Output) -> None:
        self._out = out

    def showing(self) -> AbstractContextManager[object]:
        """Nothing surrounds lines."""
        return nullcontext()

    def decision(self, before: RunRecord, after: RunRecord, decision: Decision) -> None:
        """The decision as it is in run-events, with its type."""
        body = decision.decided.model_dump(mode="json", exclude_none=True)
        self._out.json_line({"message": decision.decided.TYPE, **body})

    def progress(self, progress: TaskProgress) -> None:
        """The progress record, with its type."""
        self._out.json_line({"message": progress.TYPE, **progress.model_dump(mode="json", exclude_none=True)})

    def tick(self, watched: Watched) -> None:
        """Lines do not change."""


async def watch(
    follower: RunFollower,
    screen: Screen,
    *,
    aside: Callable[[str], None],
    timeout_ms: int,
    clock: Clock,
    taken_within_ms: int = TAKEN_WITHIN_MS,
) -> RunView:
    """Show a run until it has ended.

    Args:
        follower: Where updates come from.
        screen: Where they are shown.
        aside: Told when nothing happens at the start.
        timeout_ms: How long at most.
        clock: The time.
        taken_within_ms: How long until an orchestrator has taken the run, at most.

    Raises:
        TimedOut: the run has not been taken or has not ended in time.
    """
    record = RunRecord()
    progress: dict[str, TaskProgress] = {}
    started_ms = clock()
    told = False
    with screen.showing():
        while True:
            for update in await follower.poll(_POLL_MS):
                if isinstance(update, TaskProgress):
                    if len(progress) < MAX_PROGRESS or update.subtask_id in progress:
                        progress[update.subtask_id] = update
                    screen.progress(update)
                    continue
                after = fold(record, update.decided, update.source)
                if after.version > record.version:
                    screen.decision(record, after, update)
                record = after
            view = record.view()
            screen.tick(Watched(view, progress))
            if view is not None and view.status.terminal:
                return view
            waited_ms = clock() - started_ms
            bound_ms = timeout_ms if view is not None else min(timeout_ms, taken_within_ms)
            if waited_ms > bound_ms:
                raise TimedOut(_still(follower.run_id, view, bound_ms))
            if view is None and waited_ms > _QUIET_MS and not told:
                told = True
                aside("waiting for an orchestrator to take the objective: is one running? (`collegium status`)")
            await asyncio.sleep(0)


def ended(view: RunView) -> None:
    """Return when the run completed.

    Raises:
        RunNotCompleted: it ended otherwise; the message has its reason.
    """
    if view.status is not RunStatus.COMPLETED:
        limit = f" ({view.limit})" if view.limit else ""
        raise RunNotCompleted(f"run {view.run_id} ended as {view.status}{limit}: {view.reason or 'no reason given'}")


def _still(run_id: str, view: RunView | None, waited_ms: int) -> str:
    seconds = waited_ms / 1000
    if view is None:
        return (
            f"no orchestrator has taken run {run_id} within {seconds:g} s: `collegium status` shows whether one runs, "
            f"`collegium up` starts one; the objective is kept, and then `collegium watch {run_id}` shows the run"
        )
    return f"run {run_id} is still {view.status} after {seconds:g} s: `collegium watch {run_id}` goes on"
