"""People steer runs through the command line, and limits end them."""

import pytest

from full_stack import CORPUS, FullStack, new_run_id, objective
from jaeger import RunningJaeger
from needs import needs
from report_checks import assert_sound_history, delivered_report
from trace_checks import assert_linked, trace_of

pytestmark = [needs("jaeger"), pytest.mark.asyncio(loop_scope="session")]

QUESTION = "What does the acks setting of a producer mean?"


async def test_a_paused_run_dispatches_nothing_until_it_is_resumed(stack: FullStack, jaeger: RunningJaeger) -> None:
    """Work under way is still accepted, nothing follows from it; after `resume` the run completes in one trace."""
    run_id = new_run_id()
    stack.gates.close("analysis", run_id)
    await stack.submit(objective(QUESTION, run_id))
    await stack.gates.held("analysis", run_id)
    paused = await stack.cli("pause", run_id, "--reason", "checking the corpus", "--json")
    assert paused.code == 0, paused.err
    assert paused.json["status"] == "paused"
    stack.gates.open("analysis", run_id)
    analysed = await stack.until(run_id, lambda view: _status(view.subtask("analyse")) == "succeeded", "analysed")
    again = await stack.cli("pause", run_id)
    resumed = await stack.cli("resume", run_id, "--json")
    view = await stack.ended(run_id)

    assert analysed.status == "paused"
    assert _status(analysed.subtask("draft")) == "pending"
    assert again.code == 0, "pausing twice is harmless"
    assert resumed.code == 0, resumed.err
    assert view.status == "completed", view.reason
    assert [(notice.kind, notice.text) for notice in view.notices] == [
        ("paused", "checking the corpus"),
        ("resumed", ""),
    ]
    assert (await delivered_report(stack, view)).answered
    await assert_sound_history(stack, run_id)
    trace = await trace_of(jaeger, view, await stack.history(run_id), None)
    assert_linked(trace, view)
    words = [link for span in trace.named("process collegium.interventions") for link in span.links]
    assert len(words) == 2, "each leads to the command that sent it, which is a trace of its own"
    assert view.trace_id not in {link.trace_id for link in words}


async def test_a_cancelled_run_stops_the_work_under_way(stack: FullStack, jaeger: RunningJaeger) -> None:
    """`cancel` ends the run, reaches into the attempt, and says so in the trace; a second word is refused."""
    run_id = new_run_id()
    stack.gates.close("drafting", run_id)
    await stack.submit(objective(QUESTION, run_id))
    await stack.gates.held("drafting", run_id)
    cancelled = await stack.cli("cancel", run_id, "--reason", "wrong corpus", "--json")
    assert cancelled.code == 0, cancelled.err
    await stack.gates.stopped("drafting", run_id)
    late = await stack.cli("resume", run_id)
    watched = await stack.cli("watch", run_id)
    view = await stack.ended(run_id)

    assert (view.status, view.reason) == ("cancelled", "wrong corpus")
    assert _status(view.subtask("draft")) == "stopped"
    assert _status(view.subtask("verify")) == "stopped"
    assert late.code == 7
    assert "cancelled" in late.err
    assert watched.code == 1
    await assert_sound_history(stack, run_id)
    trace = await trace_of(jaeger, view, await stack.history(run_id), None)
    [workflow] = trace.named("invoke_workflow research-report")
    assert workflow.error == "cancelled"


async def test_a_deadline_halts_the_run(stack: FullStack) -> None:
    """`--deadline`: the run ends as halted by it, while an attempt is under way, which is stopped."""
    run_id = new_run_id()
    stack.gates.close("analysis", run_id)
    answer = await stack.cli(
        "submit", QUESTION, "--corpus", CORPUS, "--run-id", run_id, "--deadline", "2s", "--watch", "--json"
    )
    view = await stack.ended(run_id)

    assert answer.code == 1
    assert (view.status, view.limit) == ("halted", "deadline")
    assert "deadline" in view.reason
    await stack.gates.stopped("analysis", run_id)
    await assert_sound_history(stack, run_id)


async def test_a_budget_of_steps_halts_the_run(stack: FullStack) -> None:
    """`--budget-steps`: exactly so many attempts are dispatched, and the run says which limit it met."""
    answer = await stack.cli("submit", QUESTION, "--corpus", CORPUS, "--budget-steps", "3", "--watch")
    shown = (await stack.cli("show", "latest", "--json")).json

    assert answer.code == 1
    assert "3 steps" in answer.err
    assert (shown["status"], shown["limit"], shown["steps"]) == ("halted", "steps", 3)
    await assert_sound_history(stack, shown["run_id"])


def _status(part: object) -> str:
    return str(getattr(part, "status", "missing"))
