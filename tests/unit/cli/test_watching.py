"""Watching a run on the memory log: what is shown, when it ends, and with which error."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from rich.console import Console

from collegium.cli.errors import RunNotCompleted, TimedOut
from collegium.cli.following import beginning, follow
from collegium.cli.live import LiveScreen
from collegium.cli.output import Output
from collegium.cli.watching import JsonScreen, PlainScreen, Screen, Watched, ended, watch
from collegium.ledger.views import RunView
from collegium.log.memory import MemoryBroker, MemoryLog
from collegium.log.port import Clock, Log, Outgoing
from collegium.log.topics import TopicNames
from collegium_schemas.envelope import Envelope, encode_headers
from collegium_schemas.events import RunDecided
from collegium_schemas.objective import RunStatus
from collegium_schemas.tasks import TaskProgress
from run_histories import RUN_ID, cancelled_run, completed_run, rejected_run
from runs_on_log import create_topics, publish

NAMES = TopicNames()
OTHER = "0199c5a0-0000-7000-8000-000000000002"


class NoticingScreen(LiveScreen):
    """A live board that says when it has drawn progress."""

    def __init__(self, console: Console, clock: Clock) -> None:
        super().__init__(console, clock)
        self.noticed = asyncio.Event()

    def tick(self, watched: Watched) -> None:
        """Draw, then say so."""
        super().tick(watched)
        if watched.progress:
            self.noticed.set()


@pytest.fixture
async def log() -> AsyncIterator[Log]:
    """A memory log with all topics."""
    async with MemoryLog(MemoryBroker(clock=lambda: 0)) as opened:
        await create_topics(opened, NAMES)
        yield opened


async def watched(log: Log, history: list[RunDecided], screen: Screen, *, timeout_ms: int = 5_000) -> RunView:
    """Watch a run from its beginning while its history is being written."""
    start = await beginning(log, NAMES, RUN_ID)
    loop = asyncio.get_running_loop()
    async with follow(log, NAMES, RUN_ID, start=start) as follower, asyncio.TaskGroup() as tasks:
        tasks.create_task(publish(log, NAMES, history))
        watching = watch(follower, screen, aside=print, timeout_ms=timeout_ms, clock=lambda: int(loop.time() * 1000))
        return await watching


async def test_plain_lines_tell_the_whole_story(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    """Acceptance, plans with reasons, subtasks with time and evidence, retries, re-plans and the end are lines."""
    await publish(log, NAMES, cancelled_run(OTHER))
    view = await watched(log, [*cancelled_run(OTHER), *completed_run()], PlainScreen(Output()))
    assert view.status is RunStatus.COMPLETED
    told = capsys.readouterr().out
    for part in (
        "accepted",
        "plan 1: 3 subtasks: playbook research-report",
        "retrieve-1 (retrieval) succeeded in 100ms, 3 pieces of evidence: retrieve-1 done",
        "attempt 1 failed as timeout",
        "tried again in 100ms (attempt 2)",
        "re-plan 2 (round 2): 1 subtask, 1 superseded: review of round 1",
        "completed in 500ms",
        "paused by ann: lunch",
    ):
        assert part in told
    assert OTHER not in told


async def test_json_lines_are_the_decisions(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    """Each line is one JSON object; together they are the history up to its end."""
    await watched(log, completed_run(), JsonScreen(Output(json=True)))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["version"] for line in lines][:9] == list(range(1, 10))
    assert {line["message"] for line in lines} == {RunDecided.TYPE}


async def test_the_live_board_shows_plan_times_and_progress(log: Log) -> None:
    """The last picture has every subtask with its mark and note, and the plans; progress is shown while running."""
    progress = TaskProgress(
        run_id=RUN_ID, subtask_id="retrieve-1", attempt=1, role="retrieval", at_ms=1, note="half way there"
    )
    headers = encode_headers(Envelope("p1", "/worker", TaskProgress.TYPE, 1))
    console = Console(record=True, width=120, height=40, force_terminal=True, file=None)
    screen = NoticingScreen(console, lambda: 1_760_000_000_100)
    start = await beginning(log, NAMES, RUN_ID)
    loop = asyncio.get_running_loop()

    async def happen() -> None:
        producer = await log.producer()
        await publish(log, NAMES, completed_run()[:1])
        record = Outgoing(NAMES("progress"), RUN_ID.encode(), progress.to_json(), headers)
        await (await producer.send(record))
        await asyncio.wait_for(screen.noticed.wait(), 5)
        await publish(log, NAMES, completed_run()[1:])

    async with follow(log, NAMES, RUN_ID, start=start) as follower, asyncio.TaskGroup() as tasks:
        tasks.create_task(happen())
        await watch(follower, screen, aside=print, timeout_ms=5_000, clock=lambda: int(loop.time() * 1000))
    shown = console.export_text()
    assert "half way there" in shown
    for part in ("✓  retrieve-2 ×2", "retrieve-1 done", "plan 2 (round 2): +1 −1", "1 re-plans", "1 retries"):
        assert part in shown


async def test_a_rejected_objective_ends_the_watch(log: Log) -> None:
    """The reason becomes the error, with the exit code of a run that did not complete."""
    view = await watched(log, rejected_run(RUN_ID), PlainScreen(Output()))
    with pytest.raises(RunNotCompleted, match="unknown playbook"):
        ended(view)


async def test_a_run_that_does_not_end_in_time_times_out(log: Log) -> None:
    """The error says how to go on watching; one that nobody takes says where to look."""
    with pytest.raises(ExceptionGroup) as caught:
        await watched(log, completed_run()[:2], PlainScreen(Output()), timeout_ms=50)
    assert caught.group_contains(TimedOut, match=f"collegium watch {RUN_ID}")
    with pytest.raises(ExceptionGroup) as caught:
        await watched(log, cancelled_run(OTHER), PlainScreen(Output()), timeout_ms=50)
    assert caught.group_contains(TimedOut, match="collegium status")


async def test_a_run_that_nobody_takes_is_not_waited_for_to_the_end(log: Log) -> None:
    """However long the run itself may take, the wait for an orchestrator is bounded, and the error names the run."""
    loop = asyncio.get_running_loop()
    start = await beginning(log, NAMES, RUN_ID)
    async with follow(log, NAMES, RUN_ID, start=start) as follower:
        with pytest.raises(TimedOut, match=rf"taken run {RUN_ID} within 0.05 s.*collegium status.*collegium watch"):
            await watch(
                follower,
                PlainScreen(Output()),
                aside=print,
                timeout_ms=3_600_000,
                clock=lambda: int(loop.time() * 1000),
                taken_within_ms=50,
            )
