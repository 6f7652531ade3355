"""What a trial has changed outside the topics: counted there, by effect."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chaos.checker.effects import expected
from chaos.checker.facts import Facts
from chaos.checker.undoing import Change, undoing
from chaos.tally import TALLIED_BY, lines, tallied


@dataclass(frozen=True, slots=True)
class Outside:
    """Where to look."""

    directory: Path
    """The trial's; each role's data directory is below it."""
    facts: Facts


def effects_once(outside: Outside) -> Iterator[str]:
    """Each effect of a succeeded subtask was executed exactly once, every other one at most once, and no others."""
    executed = tallied(outside.directory / TALLIED_BY) + _reports(outside.directory / "delivery" / "reports")
    succeeded, granted = expected(outside.facts)
    for key in sorted({*executed, *granted}):
        count = executed[key]
        if key not in granted:
            yield f"the effect {key} was executed, and no plan asks for it"
        elif count > 1 or (count == 0 and key in succeeded):
            yield f"the effect {key} was executed {count} times"


def effects_undone(outside: Outside) -> Iterator[str]:
    """The same where runs fail after their effects: theirs alone were undone, once each, the latest first."""
    yield from effects_once(outside)
    record = [Change(line.key, line.withdraws) for line in lines(outside.directory / TALLIED_BY)]
    yield from map(str, undoing(outside.facts, record))


def _reports(directory: Path) -> Counter[str]:
    """Reports by the effect that their receipt names; the target's own staging directories are hidden."""
    places = [place for place in directory.iterdir() if not place.name.startswith(".")] if directory.exists() else []
    return Counter(str(json.loads((place / "delivery.json").read_text())["effect_key"]) for place in places)
