"""What must hold of every run's trace, compared with the run's own history."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence

from collegium.ledger.views import RunView
from collegium.telemetry import conventions
from collegium.telemetry.jaeger import JaegerQuery
from collegium.telemetry.spans import StoredSpan
from collegium.telemetry.tree import check_tree, unique
from collegium_schemas.events import AttemptDispatched, AttemptSucceeded, PlanAdopted, RunDecided
from jaeger import RunningJaeger

ORCHESTRATOR = "collegium-orchestrator"
CLI = "collegium-cli"
_TOPIC = "collegium."
_BOUND_S = 15.0
_LOOK_S = 0.05


class Trace:
    """The spans of one run, each once, with ways to find some of them."""

    def __init__(self, spans: Sequence[StoredSpan]) -> None:
        self.spans = unique(spans)
        self.by_id = {span.span_id: span for span in self.spans}
        self.tree = check_tree(spans)

    def named(self, name: str) -> list[StoredSpan]:
        """All spans of that name."""
        return [span for span in self.spans if span.name == name]

    def children(self, parent: StoredSpan, name: str) -> list[StoredSpan]:
        """Direct children of that name."""
        return [span for span in self.spans if span.parent_id == parent.span_id and span.name == name]

    def sent(self, subtask_id: str, attempt: int) -> StoredSpan:
        """The span that sent an attempt's task."""
        [found] = [
            span
            for span in self.spans
            if span.service == ORCHESTRATOR
            and span.attributes.get(conventions.SUBTASK_ID) == subtask_id
            and span.attributes.get(conventions.ATTEMPT) == attempt
        ]
        return found

    def answers(self, subtask_id: str, attempt: int, role: str) -> list[StoredSpan]:
        """The spans that sent an attempt's outcome: more than one when it was performed again after a crash."""
        return [
            answer
            for work in self.children(self.sent(subtask_id, attempt), f"process {_TOPIC}tasks.{role}")
            for answer in self.children(work, f"send {_TOPIC}results")
        ]

    def counts(self) -> Counter[tuple[str, str]]:
        """Spans by service and name. Polls are left out: how many tasks one returns is a matter of time."""
        return Counter((span.service, span.name) for span in self.spans if not span.name.startswith("poll "))


async def trace_of(
    jaeger: RunningJaeger,
    view: RunView,
    history: Sequence[RunDecided],
    sender: str | None,
    *,
    killed: Collection[str] = (),
) -> Trace:
    """The run's trace, once Jaeger has everything that its history calls for, as one tree.

    Args:
        jaeger: Where spans go.
        view: The ended run.
        history: Its decisions.
        sender: The service that sent the objective; None when it sent no trace.
        killed: Roles whose processes were killed at any moment: of what they had just ended, nothing is called for.
    """
    lossy = {f"collegium-{role}" for role in killed}
    everything = expected(view, history, sender)
    wanted = Counter({(service, name): n for (service, name), n in everything.items() if service not in lossy})
    return await _once(jaeger, view, wanted, lambda trace: trace.tree.is_one_tree)


async def exported(jaeger: RunningJaeger, view: RunView) -> None:
    """Wait until Jaeger has what the specialists have done for a run so far."""
    done = [part.role for part in view.subtasks if part.status == "succeeded"]
    await _once(jaeger, view, Counter(span for role in done for span in _attempt(role)), lambda _: True)


async def _once(
    jaeger: RunningJaeger, view: RunView, wanted: Counter[tuple[str, str]], holds: Callable[[Trace], bool]
) -> Trace:
    assert view.trace_id is not None
    found = Trace(())
    async with JaegerQuery(jaeger.query_url) as query:
        try:
            async with asyncio.timeout(_BOUND_S):
                while wanted - found.counts() or not holds(found):
                    await asyncio.sleep(_LOOK_S)
                    found = Trace(await query.trace(view.trace_id))
        except TimeoutError:
            missing = [f"{count} x {service}: {name}" for (service, name), count in (wanted - found.counts()).items()]
            problems = "\n".join((*missing, *found.tree.problems()))
            raise AssertionError(f"trace {view.trace_id} of run {view.run_id} is not whole:\n{problems}") from None
    return found


def expected(view: RunView, history: Sequence[RunDecided], sender: str | None) -> Counter[tuple[str, str]]:
    """The spans that a run must have at least, by service and name, apart from those of tools.

    Args:
        view: The ended run.
        history: Its decisions.
        sender: The service that sent the objective; None when it sent no trace.
    """
    roles = {part.subtask_id: part.role for part in view.subtasks}
    wanted: Counter[tuple[str, str]] = Counter({(ORCHESTRATOR, f"invoke_workflow {view.playbook}"): 1})
    if sender is not None:
        wanted[sender, f"send {_TOPIC}objectives"] += 1
    for decided in history:
        what = "timer" if decided.origin.topic is None else f"process {_TOPIC}{decided.origin.topic}"
        wanted[ORCHESTRATOR, what] += 1
        for event in decided.events:
            if isinstance(event, PlanAdopted):
                wanted[ORCHESTRATOR, f"plan {view.playbook}"] += 1
            elif isinstance(event, AttemptDispatched):
                wanted[ORCHESTRATOR, f"send {_TOPIC}tasks.{roles[event.subtask_id]}"] += 1
            elif isinstance(event, AttemptSucceeded):
                wanted.update(_attempt(roles[event.subtask_id]))
    return wanted


def _attempt(role: str) -> Iterator[tuple[str, str]]:
    service = f"collegium-{role}"
    yield service, f"process {_TOPIC}tasks.{role}"
    yield service, f"invoke_agent {role}"
    yield service, f"send {_TOPIC}context"
    yield service, f"send {_TOPIC}results"


def assert_linked(trace: Trace, view: RunView) -> None:
    """Fan-in, retries and outcomes are links: everything that a step waited for, and nothing else."""
    parts = {part.subtask_id: part for part in view.subtasks}
    own = trace.tree.trace_ids[0]
    links = {link.span_id for span in trace.spans for link in span.links if link.trace_id == own}
    assert links <= set(trace.by_id), "links lead nowhere"
    for part in view.subtasks:
        for attempt in part.attempts:
            sent = trace.sent(part.subtask_id, attempt.attempt)
            causes = {link.span_id for link in sent.links}
            for needed in part.depends_on:
                last = parts[needed].attempts[-1]
                answers = {span.span_id for span in trace.answers(needed, last.attempt, parts[needed].role)}
                assert len(causes & answers) == 1, f"{sent.name} is not linked to the outcome of {needed}"
                causes -= answers
            if attempt.attempt > 1:
                before = trace.sent(part.subtask_id, attempt.attempt - 1)
                assert before.span_id in causes, f"{sent.name} is not linked to the attempt before it"
                causes -= {before.span_id}
            assert not causes, f"{sent.name} has links to something else"
    for decision in trace.named(f"process {_TOPIC}results"):
        [link] = decision.links
        assert trace.by_id[link.span_id].name == f"send {_TOPIC}results"
