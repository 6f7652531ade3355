"""Invariant 8 as far as the topics tell it: all that belongs to a run carries its trace. The spans: `spans.py`."""

from collections.abc import Iterator

from chaos.checker.canonical import member, word
from chaos.checker.facts import Facts, Finding
from chaos.checker.topics import Entry


def traces(facts: Facts) -> Iterator[Finding]:
    """Each run's events, tasks and results have the trace id with which the run was opened."""
    ids = dict[str, str]()
    for run_id, decisions in facts.runs.items():
        for opened in facts.events(run_id, "run_accepted", "run_rejected"):
            ids[run_id] = _id(word(member(opened, "trace"), "traceparent"))
        for decided in decisions if run_id in ids else ():
            yield from _differs(f"{run_id}/{decided.version}", decided.entry, ids[run_id])
    for topic in (*facts.task_topics, "results"):
        for entry, body in facts.bodies(topic):
            run_id = word(body, "run_id")
            if run_id in ids:
                yield from _differs(f"{topic}-{entry.partition} offset {entry.offset}", entry, ids[run_id])


def _differs(subject: str, entry: Entry, wanted: str) -> Iterator[Finding]:
    found = _id(entry.headers.get("traceparent", b"").decode(errors="replace"))
    if found != wanted or not found:
        yield Finding("trace", subject, f"its trace is {found or 'missing'} and its run's {wanted or 'missing'}")


def _id(parent: str) -> str:
    """The second part of a W3C traceparent."""
    parts = parent.split("-")
    return parts[1] if len(parts) == len(("version", "trace-id", "parent-id", "flags")) else ""
