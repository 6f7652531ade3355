"""What a trial has changed outside the topics: counted there, by effect."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chaos.checker.effects import expected
from chaos.checker.facts import Facts
from chaos.tally import tallied


@dataclass(frozen=True, slots=True)
class Outside:
    """Where to look."""

    directory: Path
    """The trial's; each role's data directory is below it."""
    facts: Facts


def effects_once(outside: Outside) -> Iterator[str]:
    """Each effect of a succeeded subtask was executed exactly once, every other one at most once, and no others."""
    executed = tallied(outside.directory / "worker") + _reports(outside.directory / "delivery" / "reports")
    succeeded, granted = expected(outside.facts)
    for key in sorted({*executed, *granted}):
        count = executed[key]
        if key not in granted:
            yield f"the effect {key} was executed, and no plan asks for it"
        elif count > 1 or (count == 0 and key in succeeded):
            yield f"the effect {key} was executed {count} times"


def _reports(directory: Path) -> Counter[str]:
    """Reports by the effect that their receipt names; the target's own staging directories are hidden."""
    places = [place for place in directory.iterdir() if not place.name.startswith(".")] if directory.exists() else []
    return Counter(str(json.loads((place / "delivery.json").read_text())["effect_key"]) for place in places)
