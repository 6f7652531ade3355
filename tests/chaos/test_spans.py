"""The checker rejects spans that are no tree, or miss what history calls for; the collector keeps what it is sent."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import pytest_asyncio

from chaos.checker.canonical import number
from chaos.checker.facts import Finding, facts
from chaos.checker.judging import Exported, Submissions, judge
from chaos.checker.spans import LOST_MS, Killed, Span, trees
from chaos.checker.topics import Topics
from chaos.collector import Collector, collecting
from chaos.honest import RUNS, honest_world
from collegium.embedded.ports import LOOPBACK, free_port
from collegium.telemetry.setup import TelemetrySettings, open_tracing

Honest = tuple[Topics, list[Span]]
Doctor = Callable[[list[Span]], object]

STEPS = ("left", "right", "join", "close")
"""A run's: so many attempts it has at least."""
ROLE, PID = "worker", 2
"""Of the honest worker's name."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def honest(tmp_path_factory: pytest.TempPathFactory) -> Honest:
    """Topics and spans in which everything is right."""
    return await honest_world(tmp_path_factory.mktemp("worker"))


def found(honest: Honest, doctor: Doctor, *killed: Killed) -> list[Finding]:
    """What is found when somebody has tampered with the spans."""
    spans = list(honest[1])
    doctor(spans)
    return list(trees(facts(honest[0]), spans, killed))


def always(honest: Honest) -> list[Killed]:
    """The worker was killed whenever it had ended a task."""
    bodies = [body for _, body in facts(honest[0]).bodies("results")]
    return [Killed(ROLE, PID, number(body, "ended_at_ms")) for body in bodies]


def place(spans: list[Span], name: str, run_id: str = RUNS[0]) -> int:
    """Where the first span of a run is whose name begins like this."""
    trace = next(span.trace_id for span in spans if span.run_id == run_id)
    return next(i for i, span in enumerate(spans) if span.trace_id == trace and span.name.startswith(name))


def without(spans: list[Span], name: str) -> None:
    """Take a span away, and all that hangs below it."""
    gone = [spans[place(spans, name)]]
    for span in gone:
        gone += [each for each in spans if each.parent_id == span.span_id]
    spans[:] = [span for span in spans if span not in gone]


def test_honest_spans_are_accepted(honest: Honest) -> None:
    """Nothing is found, and there is more than a tree of decisions."""
    topics, spans = honest
    assert judge(topics, Submissions(RUNS), Exported(spans)).findings == ()
    assert {span.name.split()[0] for span in spans} >= {"invoke_workflow", "plan", "send", "process", "invoke_agent"}


@pytest.mark.parametrize("name", ["invoke_workflow", "send collegium.tasks", "process collegium.tasks"])
def test_a_missing_parent_is_found(honest: Honest, name: str) -> None:
    """Of a run, of a dispatch, of a specialist's work: what hangs below it has lost it."""
    findings = found(honest, lambda spans: spans.pop(place(spans, name)), *always(honest))
    assert any("have lost their parents" in finding.message for finding in findings)


def test_a_second_root_is_found(honest: Honest) -> None:
    """A span without a parent, beside the run's own."""

    def rootless(spans: list[Span]) -> None:
        spans[place(spans, "plan")] = replace(spans[place(spans, "plan")], parent_id="")

    [finding] = found(honest, rootless)
    assert "it has 2 roots" in finding.message


def test_a_root_that_is_not_the_runs_is_found(honest: Honest) -> None:
    """One root, but another one than history says; all below it has lost its parent."""

    def renamed(spans: list[Span]) -> None:
        spans[place(spans, "invoke_workflow")] = replace(spans[place(spans, "invoke_workflow")], span_id="0" * 16)

    assert any("it has 1 roots instead of" in finding.message for finding in found(honest, renamed))


def test_spans_in_a_circle_are_found(honest: Honest) -> None:
    """Each has its parent, and none of them hangs on the run."""

    def circle(spans: list[Span]) -> None:
        one = replace(spans[place(spans, "plan")], span_id="1" * 16, parent_id="2" * 16)
        spans += [one, replace(one, span_id="2" * 16, parent_id="1" * 16)]

    [finding] = found(honest, circle)
    assert "2 spans hang below each other in a circle" in finding.message


def test_two_different_spans_with_one_id_are_found(honest: Honest) -> None:
    """A derived span that a second owner derives differently."""

    def another(spans: list[Span]) -> None:
        spans.append(replace(spans[place(spans, "send collegium.tasks")], name="send elsewhere"))

    [finding] = found(honest, another)
    assert "two different spans have the same id" in finding.message


def test_a_span_in_another_trace_is_found(honest: Honest) -> None:
    """It says that it belongs to the run, and is not in the run's trace."""

    def away(spans: list[Span]) -> None:
        spans.append(replace(spans[place(spans, "plan")], trace_id="f" * 32))

    [finding] = found(honest, away)
    assert "is in the trace ffff" in finding.message


def test_a_decision_without_a_span_is_found(honest: Honest) -> None:
    """Nothing hangs below it, and history calls for it."""
    [finding] = found(honest, lambda spans: spans.pop(place(spans, "process collegium.results")))
    assert finding.message == "the decision has no span"


def test_an_attempt_without_the_span_that_sent_it_is_found(honest: Honest) -> None:
    """As if its orchestrator and its worker had been killed before they exported anything, and nobody had told it."""
    [finding] = found(honest, lambda spans: without(spans, "send collegium.tasks"), *always(honest))
    assert finding.message == "no span says that it was sent"


def _all_lost(spans: list[Span]) -> None:
    """Whole local trees of a worker: all of a run's."""
    for _ in range(len(STEPS)):
        without(spans, "process collegium.tasks")


def test_the_spans_of_a_worker_may_be_missing_when_it_was_killed(honest: Honest) -> None:
    """What it had ended in its last moments."""
    assert found(honest, _all_lost, Killed(ROLE, PID + 1, 0), *always(honest)) == []


@pytest.mark.parametrize(("role", "pid"), [(ROLE, PID + 1), ("orchestrator", PID), ("work", PID), ("", PID)])
def test_the_spans_of_a_worker_are_missed_when_another_was_killed(honest: Honest, role: str, pid: int) -> None:
    """Of another role, though with the same process id, or of another id."""
    for killed in ((), tuple(Killed(role, pid, one.at_ms) for one in always(honest))):
        findings = found(honest, _all_lost, *killed)
        assert findings
        assert all("the span of its outcome is missing" in finding.message for finding in findings)


def test_the_spans_of_a_worker_are_missed_but_for_its_last_moments(honest: Honest) -> None:
    """One that was killed long afterwards had told them; one that was killed before had a namesake."""
    ends = [one.at_ms for one in always(honest)]
    for at_ms in (min(ends) - 1, max(ends) + LOST_MS + 1):
        assert found(honest, _all_lost, Killed(ROLE, PID, at_ms))


def test_spans_are_whole_when_nothing_is_on_its_way(honest: Honest) -> None:
    """As many decisions and roots as history has, and every parent."""
    topics, spans = honest
    decisions = sum(len(run) for run in facts(topics).runs.values())

    def whole(spans: list[Span]) -> bool:
        collector = Collector()
        collector.spans.update(spans)
        return collector.whole(decisions, len(RUNS))

    assert whole(spans)
    for name in ("process collegium.results", "invoke_workflow", "send collegium.tasks"):
        assert not whole([span for i, span in enumerate(spans) if i != place(spans, name)]), name


def test_a_collector_that_was_too_small_is_a_finding(honest: Honest) -> None:
    """Nothing can be said of spans that were not kept."""
    [finding] = judge(honest[0], Submissions(RUNS), Exported((), dropped=3)).findings
    assert "no place for 3 spans" in finding.message


async def test_the_collector_keeps_each_span_once_and_no_more_than_it_may() -> None:
    """A span arrives over HTTP with its ids, its parent and its attributes; what is too much is counted."""
    numbered = {"collegium.run.version": 3}
    attributes = {"collegium.run.id": "r", "collegium.subtask.id": "left", "collegium.attempt": 2}
    port = free_port()
    async with collecting([LOOPBACK], port) as collector:
        endpoint = f"http://{LOOPBACK}:{port}"
        settings = TelemetrySettings.model_validate({"otlp_endpoint": endpoint, "trace_file": "off"})
        tracing = open_tracing(settings, service_name="test")
        with (
            tracing.span("root", attributes=numbered),
            tracing.span("child", attributes=attributes),
        ):
            pass
        await tracing.close()
        by_name = {span.name: span for span in collector.spans}
    assert by_name.keys() == {"root", "child"}
    root, child = by_name["root"], by_name["child"]
    assert (root.version, root.parent_id, root.task) == (3, "", "")
    assert (child.run_id, child.task, child.parent_id, child.trace_id) == ("r", "left/2", root.span_id, root.trace_id)
    small = Collector(most=1)
    for span in (root, root, child):
        small.add(span)
    assert (small.spans, small.dropped) == ({root}, 1)
