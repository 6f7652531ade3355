"""Decisions that no record can hold: several records, which must be one decision all the same.

docs/decisions/0008-large-decisions-in-parts.md says how they come about.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from chaos.checker.canonical import Object, member, number, word
from chaos.checker.facts import Decided, Facts, Finding

MOST_RECORD_BYTES: Final = 1_048_576
"""What a record of run-events may hold."""

Input = tuple[str, int, int]
"""Topic, partition and offset."""


def decided_once(facts: Facts) -> Iterator[Finding]:
    """No input record leads to two decisions; only one that no record could hold is in several."""
    made = dict[Input, list[Decided]]()
    for decisions in facts.runs.values():
        for decided in decisions:
            origin = _origin(decided)
            if word(origin, "kind") != "timer":
                place = (word(origin, "topic"), number(origin, "partition"), number(origin, "offset"))
                made.setdefault(place, []).append(decided)
    for (topic, partition, offset), records in made.items():
        fault = _fault(records)
        if fault is not None:
            told = f"{len(records)} decisions were made on it: {fault}"
            yield Finding("inputs", f"{topic}-{partition} offset {offset}", told)


def _fault(records: Sequence[Decided]) -> str | None:
    """Why these records are no single decision."""
    if len(records) == 1:
        return None
    if len({word(each.body, "run_id") for each in records}) > 1:
        return "of several runs"
    for before, after in pairwise(records):
        if after.version != before.version + 1 or after.body.get("at_ms") != before.body.get("at_ms"):
            return f"version {after.version} is not the next one after {before.version}, of the same moment"
        if not _adjacent(before, after):
            # Even the end of a transaction takes an offset.
            return f"version {after.version} does not lie right behind {before.version}, in the same transaction"
    if sum(len(each.entry.value or b"") for each in records) <= MOST_RECORD_BYTES:
        return "one record could have held them"
    return None


def continuations(facts: Facts) -> Iterator[Finding]:
    """A plan change says that it continues the one before exactly where a decision's next record goes on with it."""
    for run_id, decisions in facts.runs.items():
        before: Decided | None = None
        for decided in decisions:
            due = _goes_on(before, decided)
            for event in decided.events:
                if word(event, "type") == "plan_adopted" and _continues(event) != due:
                    told = "does not continue" if due else "continues"
                    yield Finding("parts", f"{run_id}/{decided.version}", f"its plan {told} the one before")
                due = False
            before = decided


def _goes_on(before: Decided | None, decided: Decided) -> bool:
    """Whether a record begins with more of the plan with which the one before ends."""
    if before is None or not before.events or not decided.events:
        return False
    change, more = before.events[-1], decided.events[0]
    return (
        _origin(before) == _origin(decided)
        and _adjacent(before, decided)
        and word(change, "type") == word(more, "type") == "plan_adopted"
    )


def _adjacent(before: Decided, after: Decided) -> bool:
    one, other = before.entry, after.entry
    return (other.partition, other.offset) == (one.partition, one.offset + 1)


def _continues(event: Object) -> bool:
    return member(event, "change").get("continues") is True


def _origin(decided: Decided) -> Object:
    return member(decided.body, "origin")
