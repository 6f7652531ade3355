"""More processes of a role in a running system, and fewer again."""

import pytest

from full_stack import FullStack, new_run_id, objective
from needs import needs
from report_checks import assert_sound_history

pytestmark = [needs("jaeger"), pytest.mark.asyncio(loop_scope="session")]

QUESTION = "What does the acks setting of a producer mean?"


async def test_two_orchestrators_share_the_partitions(stack: FullStack) -> None:
    """Runs of all partitions complete, some decided by one process and some by the other; one takes over all again."""
    scaled = await stack.cli("scale", "orchestrator=2", "--json")
    assert scaled.json == {
        "role": "orchestrator",
        "instances": 2,
        "services": ["orchestrator-1", "orchestrator-2"],
    }
    pids = {stack.service(name).pid for name in scaled.json["services"]}
    runs = [await stack.submit(objective(QUESTION)) for _ in range(12)]
    for run_id in runs:
        assert (await stack.ended(run_id)).status == "completed"
        await assert_sound_history(stack, run_id)
    assert await _owners(stack, runs) == pids

    assert (await stack.cli("scale", "orchestrator=1", "--json")).json["services"] == ["orchestrator-1"]
    later = [await stack.submit(objective(QUESTION)) for _ in range(8)]
    for run_id in later:
        assert (await stack.ended(run_id)).status == "completed"
    assert await _owners(stack, later) == {stack.service("orchestrator-1").pid}


async def test_runs_go_on_while_their_partitions_change_hands(stack: FullStack) -> None:
    """Runs that are under way when an orchestrator joins, and again when it leaves, end once each."""
    runs = [new_run_id() for _ in range(8)]
    for run_id in runs:
        stack.gates.close("analysis", run_id)
        await stack.submit(objective(QUESTION, run_id))
    for run_id in runs:
        await stack.gates.held("analysis", run_id)
    await stack.cli("scale", "orchestrator=2")
    for run_id in runs[:4]:
        stack.gates.open("analysis", run_id)
    await stack.cli("scale", "orchestrator=1")
    for run_id in runs[4:]:
        stack.gates.open("analysis", run_id)
    for run_id in runs:
        view = await stack.ended(run_id)
        assert (view.status, view.steps) == ("completed", 5), view.reason
        await assert_sound_history(stack, run_id)


async def test_a_specialist_scales_and_its_tasks_are_spread(stack: FullStack) -> None:
    """Three retrieval processes share the tasks of many runs; scaled back, one does them all."""
    scaled = await stack.cli("scale", "retrieval=3", "--json")
    assert scaled.json["instances"] == 3
    pids = {stack.service(f"retrieval-{number}").pid for number in (1, 2, 3)}
    assert await _workers(stack, 24) == pids

    assert (await stack.cli("scale", "retrieval=1", "--json")).json["services"] == ["retrieval-1"]
    assert await _workers(stack, 4) == {stack.service("retrieval-1").pid}
    await stack.healthy()


async def test_what_cannot_be_scaled_is_refused(stack: FullStack) -> None:
    """An unknown role and a number beyond the bound: exit code 2 and a line that says what there is."""
    unknown = await stack.cli("scale", "astrology=2")
    assert unknown.code == 2
    assert "retrieval" in unknown.err
    many = await stack.cli("scale", "retrieval=1000")
    assert many.code == 2
    assert "64" in many.err


async def _owners(stack: FullStack, runs: list[str]) -> set[int | None]:
    """The processes that decided on these runs."""
    owners = {decided.owner for run_id in runs for decided in await stack.history(run_id)}
    return {int(owner.rpartition(":")[2]) for owner in owners}


async def _workers(stack: FullStack, runs: int) -> set[int | None]:
    """The retrieval processes that work on this many new runs."""
    found: set[int | None] = set()
    for run_id in [await stack.submit(objective(QUESTION)) for _ in range(runs)]:
        view = await stack.ended(run_id)
        assert view.status == "completed", view.reason
        for part in view.subtasks:
            if part.role == "retrieval":
                found |= {int(str(attempt.worker).rpartition(":")[2]) for attempt in part.attempts}
    return found
