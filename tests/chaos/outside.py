"""What a trial has changed outside the topics: counted there, by effect."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chaos.checker.facts import Facts
from chaos.checker.invariants import ended_as


@dataclass(frozen=True, slots=True)
class Outside:
    """Where to look."""

    directory: Path
    """The trial's; each role's data directory is below it."""
    facts: Facts

    @property
    def completed(self) -> set[str]:
        """Runs that have ended well."""
        return {run_id for run_id, decisions in self.facts.runs.items() if ended_as(decisions) == "completed"}


def every_report_once(outside: Outside) -> Iterator[str]:
    """Every completed run has one report, which names its effect; no run has two, and none is half-written."""
    reports = outside.directory / "delivery" / "reports"
    places = [place for place in reports.iterdir() if place.is_dir()] if reports.exists() else []
    keys = Counter[str]()
    for place in places:
        receipt = place / "delivery.json"
        if not receipt.exists():
            yield f"{place.name} in reports/ is half a delivery"
            continue
        keys[str(json.loads(receipt.read_text())["effect_key"])] += 1
    delivered = {key.partition("/")[0] for key in keys}
    for run_id in outside.completed - delivered:
        yield f"the run {run_id} says that it is completed, and has no report"
    for key, count in keys.items():
        if count > 1:
            yield f"the effect {key} was delivered {count} times"
