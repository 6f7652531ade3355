"""The log goes away while tasks are under way: the runtime waits, goes on, and gives up in the end."""

import asyncio

import pytest

from agent_rig import Rig, Scripted, new_task, until
from collegium.agent.errors import LogGone
from collegium.agent.patience import Patience
from collegium.agent.specialist import Output, Success, Workbench
from collegium.log.memory import MemoryBroker
from collegium_schemas.evidence import ReportText
from collegium_schemas.tasks import TaskRequested, TaskSucceeded
from cut_log import Link, cut_log


def held(door: asyncio.Event) -> Scripted:
    """A specialist that waits at a door and returns an output."""

    async def perform(task: TaskRequested, bench: Workbench) -> Success:
        await door.wait()
        return Success(outputs=[Output("report", ReportText(title="t", markdown="m"))])

    return Scripted(perform)


async def test_an_absence_in_the_middle_of_a_run_loses_nothing(
    rig: Rig, broker: MemoryBroker, caplog: pytest.LogCaptureFixture
) -> None:
    """Results that cannot be sent wait until the log is back, which is told once; then work goes on as before."""
    caplog.set_level("INFO", "collegium.agent.patience")
    link, door = Link(), asyncio.Event()
    specialist = held(door)
    running = rig.start(specialist, log=cut_log(broker, link))
    await rig.submit(new_task(), new_task())
    await until(lambda: len(specialist.performed) == 2, "both are under way")
    link.cut = True
    door.set()
    await until(lambda: link.refused >= 6, "reading and writing were tried again and again")
    assert running.value("agent_tasks_total", outcome="succeeded", kind="") == 0
    link.cut = False
    third = new_task()
    await rig.submit(third)
    await until(lambda: running.value("agent_tasks_total", outcome="succeeded", kind="") == 3, "all are answered")
    await running.drain()
    assert len(specialist.performed) == 3
    assert await rig.committed() == 3
    told = [record.getMessage() for record in caplog.records if record.getMessage().startswith("writing: ")]
    assert [line.split(" (")[0] for line in told] == ["writing: the log does not answer", "writing: the log is back"]


async def test_a_log_absent_at_the_start_is_waited_for(rig: Rig, broker: MemoryBroker) -> None:
    """The runtime begins when the log is there."""
    link = Link()
    link.cut = True
    rig.start(Scripted(), log=cut_log(broker, link))
    await rig.submit(new_task())
    await until(lambda: link.refused >= 2, "it was tried")
    link.cut = False
    assert isinstance(await rig.result(), TaskSucceeded)


async def test_a_long_absence_ends_the_service_and_loses_nothing(rig: Rig, broker: MemoryBroker) -> None:
    """Past the bound the runtime ends with what to do; the next process performs the unanswered task."""
    link, door = Link(), asyncio.Event()
    specialist = held(door)
    running = rig.start(specialist, log=cut_log(broker, link), patience=Patience(bound_ms=200))  # type: ignore[arg-type]
    await rig.submit(new_task())
    await until(lambda: len(specialist.performed) == 1, "it is under way")
    link.cut = True
    door.set()
    await until(running.task.done, "the runtime gave up")
    with pytest.RaisesGroup(pytest.RaisesExc(LogGone, match="COLLEGIUM_KAFKA_BOOTSTRAP")):
        running.task.result()
    sent = await rig.count("results")
    rig.start(Scripted())
    assert len(await rig.results(sent + 1)) == sent + 1


async def test_a_drain_does_not_wait_for_a_log_that_is_not_there(rig: Rig, broker: MemoryBroker) -> None:
    """A process told to stop while it waits for the log stops."""
    link = Link()
    link.cut = True
    running = rig.start(Scripted(), log=cut_log(broker, link))
    await until(lambda: link.refused >= 1, "it was tried")
    await running.drain()


async def test_a_refused_commit_is_tried_again(rig: Rig, broker: MemoryBroker) -> None:
    """What could not be committed is committed later, and counted."""
    link = Link()
    link.commits_cut = True
    running = rig.start(Scripted(), log=cut_log(broker, link))
    await rig.submit(new_task())
    await until(lambda: running.value("agent_commit_failures_total") >= 2, "commits were refused")
    link.commits_cut = False
    await running.drain()
    assert await rig.committed() == 1
