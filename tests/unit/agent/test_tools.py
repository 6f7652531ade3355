"""Tools on the workbench, the toolbox, and the reasoning loop over both."""

import asyncio
import threading

import pytest

from agent_rig import Rig, Scripted, new_task, until
from collegium.agent.errors import ToolRefused
from collegium.agent.loop import Action, Finish, Situation, UseTool, reason
from collegium.agent.specialist import SpecialistFailure, Success, Workbench
from collegium.agent.toolbox import Tool, Toolbox
from collegium_schemas.base import Contract
from collegium_schemas.tasks import FailureKind, TaskFailed, TaskRequested, TaskSucceeded


class Words(Contract):
    """Input of the counting tool."""

    text: str


class Count(Contract):
    """Output of the counting tool."""

    words: int


def count(given: Words) -> Count:
    """Count the words; refuses an empty text."""
    if not given.text:
        raise ValueError("no text")
    return Count(words=len(given.text.split()))


COUNT = Tool("count", "Counts words.", Words, Count, count)
OTHER = Tool("other", "Counts too.", Words, Count, count)


async def run(rig: Rig, script: Scripted, **config: int) -> TaskSucceeded | TaskFailed:
    """What one task comes to."""
    rig.start(script, **config)
    await rig.submit(new_task(deadline_ms=10_000))
    return await rig.result()


class Listing:
    """A strategy that takes actions from a list, and remembers what it saw."""

    def __init__(self, *actions: Action) -> None:
        self._actions = actions
        self.seen: list[Situation] = []

    async def choose(self, situation: Situation, bench: Workbench) -> Action:
        """The next one."""
        self.seen.append(situation)
        return self._actions[len(situation.observations)]


def reasoning(strategy: Listing, *, max_steps: int = 5) -> Scripted:
    """A specialist that reasons with the counting tool permitted."""
    toolbox = Toolbox([COUNT, OTHER], permitted={"count"})

    async def perform(task: TaskRequested, bench: Workbench) -> Success:
        return await reason(strategy, toolbox, task, bench, max_steps=max_steps)

    return Scripted(perform)


async def test_reasoning_acts_observes_and_finishes(rig: Rig) -> None:
    """The loop calls the tool, shows its result to the strategy, and returns what the strategy finishes with."""
    strategy = Listing(UseTool("count", '{"text": "a b c"}'), Finish(Success(note="done")))
    result = await run(rig, reasoning(strategy))
    assert isinstance(result, TaskSucceeded)
    assert result.note == "done"
    assert strategy.seen[1].observations[0].result == Count(words=3)
    assert [situation.steps_left for situation in strategy.seen] == [5, 4]


async def test_reasoning_is_bounded_in_steps(rig: Rig) -> None:
    """A strategy that never finishes ends as invalid output."""
    result = await run(rig, reasoning(Listing(*[UseTool("count", '{"text": "a"}')] * 3), max_steps=3))
    assert isinstance(result, TaskFailed)
    assert result.failure.kind is FailureKind.INVALID_OUTPUT


@pytest.mark.parametrize("arguments", ['{"text": "a", "more": 1}', "{}", "nonsense", '{"text": ""}'])
async def test_a_failed_call_is_observed_and_can_be_worked_around(rig: Rig, arguments: str) -> None:
    """Arguments that break the contract, and tools that raise, are observations; the strategy goes on."""
    strategy = Listing(UseTool("count", arguments), Finish(Success()))
    assert isinstance(await run(rig, reasoning(strategy)), TaskSucceeded)
    assert isinstance(strategy.seen[1].observations[0].result, SpecialistFailure)


async def test_a_tool_that_the_role_does_not_permit_is_denied(rig: Rig) -> None:
    """Asking for a tool outside the toolbox ends the attempt as denied, even if the tool exists."""
    result = await run(rig, reasoning(Listing(UseTool("other", '{"text": "a"}'))))
    assert isinstance(result, TaskFailed)
    assert result.failure.kind is FailureKind.POLICY_DENIED
    assert "permitted: count" in result.failure.message


def test_a_toolbox_refuses_contradictory_definitions() -> None:
    """A name given twice, or permitted and not given, is a defect of the specialist, found at the start."""
    with pytest.raises(ToolRefused, match="twice"):
        Toolbox([COUNT, COUNT], permitted={"count"})
    with pytest.raises(ToolRefused, match="nothing"):
        Toolbox([COUNT], permitted={"count", "nothing"})
    assert [tool.name for tool in Toolbox([COUNT, OTHER], permitted={"other"}).tools] == ["other"]


async def test_a_tool_must_return_what_it_promises(rig: Rig) -> None:
    """A result of another type is invalid output."""
    liar = Tool("liar", "Lies.", Words, Count, lambda _: Words(text="no count"))  # type: ignore[arg-type, return-value]

    async def perform(task: TaskRequested, bench: Workbench) -> Success:
        await liar.use(bench, Words(text="a"))
        return Success()

    result = await run(rig, Scripted(perform))
    assert isinstance(result, TaskFailed)
    assert result.failure.kind is FailureKind.INVALID_OUTPUT


async def test_tools_run_beside_the_event_loop_in_spans_of_their_own(rig: Rig) -> None:
    """A tool runs in another thread; its span is a child of the agent's, and records its failure."""
    threads: list[str] = []

    def note_thread() -> int:
        threads.append(threading.current_thread().name)
        return 1

    def fail() -> int:
        raise KeyError("secret")

    async def perform(task: TaskRequested, bench: Workbench) -> Success:
        assert await bench.tool("good", note_thread) == 1
        with pytest.raises(SpecialistFailure) as caught:
            await bench.tool("bad", fail)
        assert caught.value.kind is FailureKind.TOOL_ERROR
        return Success()

    running = rig.start(Scripted(perform))
    await rig.submit(new_task())
    assert isinstance(await rig.result(), TaskSucceeded)
    await running.drain()
    spans = {span.name: span for span in running.tracing.spans}
    assert threads != [threading.main_thread().name]
    assert spans["execute_tool good"].parent_id == spans["invoke_agent scripted"].span_id
    assert spans["execute_tool good"].error is None
    assert spans["execute_tool bad"].attributes["error.type"] == "tool_error"


@pytest.mark.parametrize("where", ["thread", "loop"])
async def test_a_tool_is_bounded_in_time(rig: Rig, where: str) -> None:
    """A tool over its time-out fails as such, whether it is a function or a coroutine."""
    release = threading.Event()

    async def perform(task: TaskRequested, bench: Workbench) -> Success:
        if where == "thread":
            await bench.tool("slow", lambda: release.wait(10), timeout_ms=50)
        else:
            await bench.call("slow", asyncio.Event().wait, timeout_ms=50)
        return Success()

    running = rig.start(Scripted(perform))
    await rig.submit(new_task())
    result = await rig.result()
    assert isinstance(result, TaskFailed)
    assert result.failure.kind is FailureKind.TIMEOUT
    assert "50 ms" in result.failure.message
    assert running.value("agent_tool_threads_abandoned") == (1 if where == "thread" else 0)
    release.set()
    await until(lambda: running.value("agent_tool_threads_abandoned") == 0, "the thread came back")


async def test_a_tools_own_failure_passes_through(rig: Rig) -> None:
    """A tool that knows how it failed keeps its kind."""

    def refuse() -> int:
        raise SpecialistFailure(FailureKind.RATE_LIMITED, "later")

    async def perform(task: TaskRequested, bench: Workbench) -> Success:
        await bench.tool("refuse", refuse)
        return Success()

    result = await run(rig, Scripted(perform))
    assert isinstance(result, TaskFailed)
    assert result.failure.kind is FailureKind.RATE_LIMITED


async def test_the_service_ends_when_every_thread_is_held_by_overdue_tools(rig: Rig) -> None:
    """With no thread left for longer than the bound, the process gives up, so that its supervisor restarts it."""
    release = threading.Event()

    async def perform(task: TaskRequested, bench: Workbench) -> Success:
        await bench.tool("stuck", lambda: release.wait(20), timeout_ms=10)
        return Success()

    running = rig.start(Scripted(perform), concurrency=1, threads_gone_ms=1_000)
    await rig.submit(new_task())
    try:
        await until(running.task.done, "the runtime gave up")
        with pytest.RaisesGroup(pytest.RaisesExc(match="restart")):
            running.task.result()
    finally:
        release.set()
