"""Whether the simulation finds a bug, and with how many seeds."""

from dataclasses import dataclass

from collegium.simulation import sequence
from simulation.bugs import BUGS, Bug, applied

LIMIT = 2_000

_LATER = {
    "effect-before-intent": 25,
    "effect-key-with-attempt": 5,
    "unknown-effect-failed": 7,
    "dedupe-removed": 7,
    "any-attempt": 5,
    "not-forwarded": 5,
    "leftover-timers-dropped": 205,
    "archived-effects-forgotten": 280,
}
FOUND_BY: dict[str, int] = {bug.name: _LATER.get(bug.name, 1) for bug in BUGS}
"""A seed from which on each bug shows itself soon."""


@dataclass(frozen=True)
class Found:
    """Where a bug showed itself."""

    bug: str
    seeds: int
    """How many seeds it took; 0 when it was not found."""
    seed: int
    invariant: str
    message: str


def find(name: str, first: int, limit: int) -> Found:
    """Run seeds with the bug until an invariant is violated."""
    bug = named(name)
    with applied(bug):
        tally = sequence(range(first, first + limit))
    if not tally.failures:
        return Found(name, 0, 0, "", "")
    [failed] = tally.failures
    return Found(name, tally.seeds, failed.seed, failed.invariant, str(failed.failure))


def named(name: str) -> Bug:
    """The bug of that name."""
    [bug] = [bug for bug in BUGS if bug.name == name]
    return bug
