"""The simulation bites: each deliberate bug is found, starting from the seed that found it before."""

import pytest

from collegium.simulation import shrink, simulate, world_of
from simulation.bugs import BUGS, applied
from simulation.bugs.finding import FOUND_BY, find, named

AROUND = 40
"""Histories move with the product: a bug may need a few more seeds than when it was recorded."""


def test_there_is_a_record_of_every_bug() -> None:
    """Every bug has been found, and its seed is known."""
    assert {bug.name for bug in BUGS} == set(FOUND_BY)
    assert len(BUGS) >= 12


@pytest.mark.parametrize("name", sorted(FOUND_BY))
def test_the_simulation_finds(name: str) -> None:
    """The bug violates an invariant within a few seeds from the recorded one."""
    assert find(name, FOUND_BY[name], AROUND).seeds > 0


def test_a_failure_is_made_smaller() -> None:
    """What the failure does not need is left out, and what is left still fails in the same way."""
    bug = named("retry-time-not-stored")
    seed = FOUND_BY[bug.name]
    with applied(bug):
        outcome = next(
            each for each in (simulate(number) for number in range(seed, seed + AROUND)) if each.failure is not None
        )
        whole = world_of(outcome.seed)
        smaller = shrink(whole, outcome)
    assert smaller.outcome.invariant == outcome.invariant
    assert len(smaller.scenario.faults) <= len(whole.faults)
    assert len(smaller.scenario.submissions) < len(whole.submissions)
    assert f"--seed {outcome.seed} --faults" in smaller.command


def test_every_bug_changes_what_there_is() -> None:
    """Each bug stands where the real code has something to be replaced."""
    assert [bug.name for bug in BUGS for change in bug.changes if not hasattr(change.place, change.name)] == []
