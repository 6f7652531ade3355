"""Whether a trial ended as its cell expects, beyond the invariants."""

from collections.abc import Iterator, Sequence

from chaos.checker.canonical import member, word
from chaos.checker.facts import Facts
from chaos.checker.invariants import ended_as
from chaos.checker.judging import Verdict
from chaos.matrix import Expectation


def surprises(expects: Expectation, verdict: Verdict, submitted: Sequence[str], prefix: str) -> Iterator[str]:
    """What is not as expected, in words.

    Args:
        expects: What the cell says.
        verdict: What the checker found.
        submitted: The clients' run ids; runs besides are refusals of what is no objective.
        prefix: Of the trial's topics' names.
    """
    known = verdict.facts
    for run_id in sorted(set(submitted) & known.runs.keys()):
        yield from _ending(known, run_id, expects.failures.get(run_id, expects.failure_of(run_id)))
    for run_id in expects.failures.keys() - known.runs.keys():
        yield f"run {run_id} does not exist"
    others = known.runs.keys() - set(submitted)
    refused = sum(1 for run_id in others if any(known.events(run_id, "run_rejected")))
    if (refused, len(others)) != (expects.refused, expects.refused):
        yield f"{refused} of {len(others)} runs that nobody submitted are refusals; {expects.refused} are expected"
    letters = {topic.removeprefix(prefix): count for topic, count in verdict.counts.letters.items()}
    if letters != dict(expects.letters):
        yield f"dead letters by origin are {letters} instead of {dict(expects.letters)}"


def _ending(known: Facts, run_id: str, failure: str | None) -> Iterator[str]:
    status = ended_as(known.runs[run_id])
    if failure is None:
        if status != "completed":
            yield f"run {run_id} ended as {status or 'nothing'}"
        return
    kinds = {word(member(event, "failure"), "kind") for event in known.events(run_id, "subtask_failed")}
    if status != "failed" or kinds != {failure}:
        yield f"run {run_id} ended as {status or 'nothing'} for {sorted(kinds)}, and should have failed for {failure}"
