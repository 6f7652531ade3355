"""kill -9 at the worst moment: every run still ends once, in one tree, and the supervisor brings the process back."""

import asyncio
import os
import signal

import pytest

from full_stack import SPECIALISTS, FullStack, eventually, new_run_id, objective
from jaeger import RunningJaeger
from needs import needs
from report_checks import assert_sound_history, delivered_report
from trace_checks import assert_linked, exported, trace_of

pytestmark = [needs("jaeger"), pytest.mark.asyncio(loop_scope="session")]

QUESTION = "What does the acks setting of a producer mean?"


async def test_every_specialist_killed_in_the_middle_of_an_attempt(stack: FullStack, jaeger: RunningJaeger) -> None:
    """Five runs, each held in another specialist's hands, all five killed: each attempt is performed again, once."""
    runs = {role: new_run_id() for role in SPECIALISTS}
    for role, run_id in runs.items():
        stack.gates.close(role, run_id)
        await stack.submit(objective(QUESTION, run_id))
    pids = {role: await stack.gates.held(role, run_id) for role, run_id in runs.items()}
    restarts = {role: stack.service(f"{role}-1").restarts for role in SPECIALISTS}
    for run_id in runs.values():
        await exported(jaeger, await stack.until(run_id, lambda view: view.steps > 0, "begun"))
    for pid in pids.values():
        os.kill(pid, signal.SIGKILL)
    restarted = {role: await stack.restarted(f"{role}-1", pids[role]) for role in SPECIALISTS}
    again = {role: await stack.gates.held(role, run_id, other_than=pids[role]) for role, run_id in runs.items()}
    for role, run_id in runs.items():
        stack.gates.open(role, run_id)

    for role, run_id in runs.items():
        assert restarted[role].restarts == restarts[role] + 1
        assert again[role] == restarted[role].pid
        view = await stack.ended(run_id)
        assert view.status == "completed", view.reason
        [held] = [part for part in view.subtasks if part.role == role]
        assert [attempt.attempt for attempt in held.attempts] == [1], "redelivered, so the same attempt"
        assert str(held.attempts[0].worker).endswith(f":{again[role]}")
        await assert_sound_history(stack, run_id)
        assert (await delivered_report(stack, view)).answered
        trace = await trace_of(jaeger, view, await stack.history(run_id), None)
        assert_linked(trace, view)
        assert len(trace.answers(held.subtask_id, 1, role)) == 1


async def test_the_orchestrator_killed_in_the_middle_of_a_run(stack: FullStack, jaeger: RunningJaeger) -> None:
    """An outcome that arrives while no orchestrator lives is decided on by the next one, which goes on with the run."""
    run_id, later = new_run_id(), new_run_id()
    stack.gates.close("drafting", run_id)
    await stack.submit(objective(QUESTION, run_id))
    await stack.gates.held("drafting", run_id)
    killed = stack.service("orchestrator-1")
    assert killed.pid is not None
    os.kill(killed.pid, signal.SIGKILL)
    stack.gates.open("drafting", run_id)
    await stack.submit(objective(QUESTION, later))
    restarted = await stack.restarted("orchestrator-1", killed.pid)

    assert restarted.restarts == killed.restarts + 1
    for each in (run_id, later):
        view = await stack.ended(each)
        assert view.status == "completed", view.reason
        assert view.steps == len(view.subtasks), "nothing was dispatched twice"
        await assert_sound_history(stack, each)
        trace = await trace_of(jaeger, view, await stack.history(each), None)
        assert_linked(trace, view)
    owners = [decided.owner for decided in await stack.history(run_id)]
    assert owners[0].endswith(f":{killed.pid}")
    assert owners[-1].endswith(f":{restarted.pid}")


async def test_processes_killed_at_any_moment_under_load(stack: FullStack, jaeger: RunningJaeger) -> None:
    """Twenty runs while the orchestrator and two specialists are killed twice: each ends once, in one tree."""
    runs = [new_run_id() for _ in range(20)]
    victims = ("orchestrator", "retrieval", "drafting")

    async def submit() -> None:
        for run_id in runs:
            await stack.submit(objective(QUESTION, run_id))

    async def kill(role: str) -> None:
        for _ in range(2):
            killed = stack.service(f"{role}-1").pid
            assert killed is not None
            os.kill(killed, signal.SIGKILL)
            await stack.restarted(f"{role}-1", killed)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(submit())
        for role in victims:
            tasks.create_task(kill(role))
    for run_id in runs:
        view = await stack.ended(run_id)
        assert view.status == "completed", view.reason
        assert view.steps == len(view.subtasks), "nothing was dispatched twice"
        await assert_sound_history(stack, run_id)
        await trace_of(jaeger, view, await stack.history(run_id), None, killed=("retrieval", "drafting"))


async def test_the_ledger_killed_comes_back_with_the_same_views(stack: FullStack) -> None:
    """What the ledger shows survives its death."""
    run_id = await stack.submit(objective(QUESTION))
    await stack.ended(run_id)
    before = (await stack.cli("show", run_id, "--json")).json
    killed = stack.service("ledger-1")
    assert killed.pid is not None
    os.kill(killed.pid, signal.SIGKILL)
    await stack.restarted("ledger-1", killed.pid)
    await eventually(lambda: stack.service("ledger-1").phase == "ready", "the ledger is ready again")
    after = await stack.cli("show", run_id, "--json", "--verbose")

    assert "answered by the ledger" in after.err
    assert after.json == before
