"""The judge: every invariant, and the numbers that go into the document."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from chaos.checker import invariants
from chaos.checker.effects import effects
from chaos.checker.facts import Facts, Finding, facts
from chaos.checker.parts import continuations, decided_once
from chaos.checker.spans import Killed, Span, trees
from chaos.checker.states import states
from chaos.checker.topics import Topics
from chaos.checker.traces import traces


@dataclass(frozen=True, slots=True)
class Submissions:
    """What clients sent."""

    acknowledged: Sequence[str]
    unsure: Sequence[str] = ()
    strangers: bool = False
    """Whether there may be runs besides."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What services told a collector."""

    spans: Collection[Span]
    killed: Collection[Killed] = ()
    """Processes that were killed."""
    dropped: int = 0
    """Spans that the collector had no place for."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there was to judge."""

    objectives: int
    """Runs that exist."""
    decisions: int
    events: int
    retries: int
    """Second and later attempts at a subtask."""
    redelivered: int
    """Results beyond the first of an attempt, which the orchestrator dropped."""
    letters: dict[str, int]
    """Records in dead-letters by the topic that they came from, each counted once."""
    statuses: dict[str, int]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judge found."""

    findings: tuple[Finding, ...]
    facts: Facts
    counts: Counts


def judge(topics: Topics, submitted: Submissions, exported: Exported | None = None) -> Verdict:
    """Check every invariant; without what was exported, all but that of the spans."""
    known = facts(topics)
    findings = (
        *known.unreadable,
        *invariants.histories(known),
        *invariants.endings(known, submitted.acknowledged, submitted.unsure),
        *(() if submitted.strangers else invariants.strangers(known, (*submitted.acknowledged, *submitted.unsure))),
        *decided_once(known),
        *continuations(known),
        *invariants.positions(known),
        *invariants.dispatches(known),
        *invariants.results(known),
        *invariants.context(known),
        *effects(known),
        *invariants.transactions(known),
        *states(known),
        *traces(known),
        *(() if exported is None else _spans(known, exported)),
    )
    return Verdict(findings, known, _counts(known))


def _spans(known: Facts, exported: Exported) -> Iterator[Finding]:
    if exported.dropped:
        yield Finding("spans", "all", f"the collector had no place for {exported.dropped} spans: nothing is known")
        return
    yield from trees(known, exported.spans, exported.killed)


def _counts(known: Facts) -> Counts:
    decisions = [decided for run in known.runs.values() for decided in run]
    dispatched = [event for run_id in known.runs for event in known.events(run_id, "attempt_dispatched")]
    return Counts(
        objectives=len(known.runs),
        decisions=len(decisions),
        events=sum(len(decided.events) for decided in decisions),
        retries=sum(event["attempt"] != 1 for event in dispatched),
        redelivered=_redelivered(known),
        letters=_letters(known),
        statuses=dict(Counter(map(invariants.ended_as, known.runs.values()))),
    )


def _redelivered(known: Facts) -> int:
    told = Counter(entry.headers.get("ce_id", b"") for entry in known.topics["results"])
    return sum(count - 1 for count in told.values())


def _letters(known: Facts) -> dict[str, int]:
    origins = {
        tuple(entry.headers.get(f"__connect.errors.{part}", b"").decode() for part in ("topic", "partition", "offset"))
        for entry in known.topics["dead-letters"]
    }
    return dict(Counter(topic for topic, *_ in origins))
