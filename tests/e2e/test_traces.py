"""A run's trace, read back from a real Jaeger: one tree over all processes, whatever happened to them."""

import os
import signal

import pytest

from collegium.telemetry import conventions
from full_stack import CORPUS, EXAMPLES, FullStack, new_run_id, objective
from jaeger import RunningJaeger
from needs import needs
from report_checks import assert_sound_history, delivered_report
from trace_checks import CLI, ORCHESTRATOR, assert_linked, expected, trace_of

pytestmark = [needs("jaeger"), pytest.mark.asyncio(loop_scope="session")]

QUESTION = "What does the acks setting of a producer mean?"


async def test_a_run_is_one_tree_with_every_span(stack: FullStack, jaeger: RunningJaeger) -> None:
    """From the command that sent the objective to the files: every decision, attempt, tool and message; no orphan."""
    file = EXAMPLES / "objectives" / "compare-versions.json"
    run_id = (await stack.cli("submit", "--file", file, "--json")).json["run_id"]
    view, history = await stack.ended(run_id), await stack.history(run_id)
    trace = await trace_of(jaeger, view, history, CLI)

    [root] = trace.tree.roots
    assert (root.service, root.name) == (CLI, "send collegium.objectives")
    [workflow] = trace.children(root, "invoke_workflow research-report")
    assert workflow.attributes["collegium.run.status"] == "completed"
    tools = {
        "retrieval": {"search_corpus"},
        "analysis": {"examine"},
        "drafting": {"compose"},
        "verification": {"verify"},
        "delivery": {"render", "render_files", "files/reports"},
    }
    wanted = expected(view, history, CLI)
    for part in view.subtasks:
        sent = trace.sent(part.subtask_id, 1)
        assert sent.parent_id == workflow.span_id
        [work] = trace.children(sent, f"process collegium.tasks.{part.role}")
        [agent] = trace.children(work, f"invoke_agent {part.role}")
        assert work.service == agent.service == f"collegium-{part.role}"
        assert work.attributes[conventions.RUN_ID] == run_id
        called = {span.name.removeprefix("execute_tool ") for span in trace.spans if span.parent_id == agent.span_id}
        assert called == tools[part.role]
        wanted.update((agent.service, f"execute_tool {tool}") for tool in called)
    assert trace.counts() == wanted
    assert trace.tree.duplicates == 0
    assert_linked(trace, view)
    polls = [span for span in trace.spans if span.name.startswith("poll ")]
    assert polls
    assert all(trace.by_id[link.span_id].kind == "producer" for poll in polls for link in poll.links)


async def test_the_terminal_shows_what_jaeger_has(stack: FullStack, jaeger: RunningJaeger) -> None:
    """`collegium trace` asks Jaeger: the same spans as JSON, a line for each as text, and the page's address."""
    run_id = (await stack.cli("submit", QUESTION, "--corpus", CORPUS, "--json")).json["run_id"]
    view = await stack.ended(run_id)
    trace = await trace_of(jaeger, view, await stack.history(run_id), CLI)
    told = (await stack.cli("trace", run_id, "--json")).json
    shown = await stack.cli("trace", run_id, COLUMNS="160")

    assert told["trace_id"] == view.trace_id
    found = {span["span_id"]: span for span in told["spans"]}
    assert set(found) == set(trace.by_id)
    assert all(found[span_id]["service"] == span.service for span_id, span in trace.by_id.items())
    assert all(any(span.name in line for line in shown.out.splitlines()) for span in trace.spans)
    assert f"{len(trace.spans)} spans of 7 services" in shown.out
    assert f"{jaeger.query_url}/trace/{view.trace_id}" in shown.err


async def test_an_attempt_that_is_given_up_is_linked_to_its_successor(stack: FullStack, jaeger: RunningJaeger) -> None:
    """A worker that is over its time reports so; the next attempt links to the first, in one tree."""
    run_id = new_run_id()
    stack.gates.close("retrieval", run_id)
    await stack.submit(objective(QUESTION, run_id, playbook="impatient"))
    await stack.until(run_id, lambda view: view.retries >= 1, "retried")
    stack.gates.open("retrieval", run_id)
    view = await stack.ended(run_id)

    assert view.status == "completed", view.reason
    [first, *others] = view.subtasks[0].attempts
    assert first.failure is not None
    assert first.failure.kind == "timeout"
    assert others
    trace = await trace_of(jaeger, view, await stack.history(run_id), None)
    assert [root.name for root in trace.tree.roots] == ["invoke_workflow impatient"]
    assert_linked(trace, view)
    [work] = trace.children(trace.sent("retrieve.1", 1), "process collegium.tasks.retrieval")
    assert work.error is not None
    [again] = trace.children(trace.sent("retrieve.1", 2), "process collegium.tasks.retrieval")
    assert [link.span_id for link in again.links] == [trace.sent("retrieve.1", 1).span_id]
    await assert_sound_history(stack, run_id)


async def test_a_frozen_worker_is_given_up_and_its_late_outcome_changes_nothing(
    stack: FullStack, jaeger: RunningJaeger
) -> None:
    """A stopped process says nothing: the orchestrator's own clock gives the attempt up. Thawed, it works on."""
    run_id = new_run_id()
    stack.gates.close("retrieval", run_id)
    await stack.submit(objective(QUESTION, run_id, playbook="impatient"))
    pid = await stack.gates.held("retrieval", run_id)
    os.kill(pid, signal.SIGSTOP)
    try:
        given_up = await stack.until(run_id, lambda view: view.steps >= 2, "given up by the orchestrator")
        stack.gates.open("retrieval", run_id)
    finally:
        os.kill(pid, signal.SIGCONT)
    view = await stack.ended(run_id)

    assert given_up.subtasks[0].attempts[0].worker is None
    assert view.status == "completed", view.reason
    assert view.retries >= 1
    trace = await trace_of(jaeger, view, await stack.history(run_id), None)
    assert_linked(trace, view)
    assert {span.service for span in trace.named("timer")} == {ORCHESTRATOR}
    assert (await delivered_report(stack, view)).answered
    await assert_sound_history(stack, run_id)
