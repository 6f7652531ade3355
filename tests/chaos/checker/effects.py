"""Invariant 5 as far as the topics tell it; what really happened is counted outside (tests/chaos/outside.py)."""

from collections.abc import Iterator

from chaos.checker.canonical import Value, member, members, number, word
from chaos.checker.facts import Facts, Finding


def effects(facts: Facts) -> Iterator[Finding]:
    """Every outcome follows on an intent of its claim, every key is in a plan, and a success has its effects done."""
    intended: set[tuple[str, str]] = set()
    done: set[str] = set()
    succeeded, granted = expected(facts)
    for entry, body in facts.bodies("effects"):
        key, claim = word(body, "key"), word(body, "claim")
        if key not in granted or entry.key != f"{key}@{facts.accepted_at_ms(key.partition('/')[0])}":
            yield Finding("effects", key, f"no plan asks for it, or its record has another key: {entry.key}")
        elif entry.key != f"{key}@{number(body, 'run_accepted_at_ms')}":
            yield Finding("effects", key, f"its record speaks of another run of the name than its key, {entry.key}")
        if "status" not in body:
            intended.add((key, claim))
            continue
        if (key, claim) not in intended:
            yield Finding("effects", key, f"an outcome without an intent before it, of {claim}")
        if word(body, "status") == "done":
            done.add(key)
    for key in succeeded - done:
        yield Finding("effects", key, "its subtask has succeeded, and nothing says that it was done")


def expected(facts: Facts) -> tuple[set[str], set[str]]:
    """The keys of effects whose subtasks have succeeded, and of all that plans grant."""
    succeeded: set[str] = set()
    granted: set[str] = set()
    for run_id in facts.runs:
        of_subtask: dict[str, set[str]] = {}
        for event in facts.events(run_id, "plan_adopted", "attempt_succeeded"):
            for spec in members(member(event, "change"), "added"):
                name = word(spec, "subtask_id")
                of_subtask[name] = {f"{run_id}/{name}/{effect}" for effect in _names(spec.get("effects"))}
                granted |= of_subtask[name]
            succeeded |= of_subtask.get(word(event, "subtask_id"), set())
    return succeeded, granted


def _names(value: Value) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
