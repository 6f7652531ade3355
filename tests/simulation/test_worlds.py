"""Simulated worlds: invariants hold under faults, histories repeat, and every kind of fault happens."""

import gc
import os
import secrets
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest

from collegium.agent.runtime import AgentRuntime
from collegium.faults.points import Point
from collegium.simulation import Tally, sequence, simulate, world_of
from collegium.simulation.faults import KINDS
from collegium.simulation.loop import VirtualLoop
from collegium.simulation.world import World
from simulation.bugs import BUGS
from simulation.bugs.__main__ import MEASURED
from simulation.page import WANTED

FIXED = range(1, 41)
FRESH = 25


@pytest.fixture(scope="module")
def fixed() -> Tally:
    """The worlds of the fixed seeds."""
    return sequence(FIXED)


def test_invariants_hold_in_the_fixed_worlds(fixed: Tally) -> None:
    """Whatever goes wrong in these worlds, every invariant holds and every run ends."""
    assert [(failed.seed, str(failed.failure)) for failed in fixed.failures] == []
    assert fixed.runs > 5 * len(FIXED)


def test_invariants_hold_in_new_worlds() -> None:
    """The same for seeds that nobody has run before; the message names the one that fails."""
    first = secrets.randbelow(1 << 48)
    tally = sequence(range(first, first + FRESH))
    replay = [f"python -m collegium.simulation --seed {f.seed} --log: {f.failure}" for f in tally.failures]
    assert replay == []


def test_every_kind_of_fault_happens(fixed: Tally) -> None:
    """No entry of the table is there for show: each has struck, and fault points of both services were hit."""
    assert set(KINDS) - set(fixed.struck) == set()
    points = {name.removeprefix("at ") for name in fixed.struck if name.startswith("at ")}
    assert points <= set(Point)
    assert {point.partition(".")[0] for point in points} >= {"owner", "agent"}


def test_a_fault_that_finds_nobody_has_not_happened() -> None:
    """Where no objective is sent there are no effects: faults that wait for one are not counted."""
    waiting = {"effect_fails", "result_lost", "result_replayed"}
    idle = next(
        world.with_faults(numbers).with_submissions(frozenset())
        for world in map(world_of, range(1, 200))
        if len({fault.kind for fault in world.faults} & waiting) > 1
        for numbers in [frozenset(fault.number for fault in world.faults if fault.kind in waiting)]
    )
    outcome = simulate(idle)
    assert outcome.failure is None
    assert outcome.struck == {}


def test_runs_end_in_every_way(fixed: Tally) -> None:
    """The worlds are not all alike: runs complete, fail, are cancelled and are rejected."""
    assert {"completed", "failed", "cancelled", "rejected"} <= set(fixed.statuses)


def test_without_faults_every_run_completes() -> None:
    """Where nothing goes wrong and specialists succeed, runs end well unless a user says otherwise."""
    calm = [seed for seed in range(1, 200) if world_of(seed).temper.fails == 0.0 and not world_of(seed).temper.unsure]
    for seed in calm[:8]:
        outcome = simulate(world_of(seed).with_faults(frozenset()))
        assert outcome.failure is None
        assert set(outcome.statuses) <= {"completed", "cancelled", "rejected", "halted"}, outcome


def test_the_same_seed_gives_the_same_history() -> None:
    """Every record, offset and virtual time is the same again, and another seed's are not."""
    assert simulate(11).history == simulate(11).history != simulate(12).history


def test_nothing_is_left_of_a_world() -> None:
    """Thousands of worlds in one process take the memory of one: no metric and no cache holds on to any."""
    for seed in FIXED[:3]:
        simulate(seed)
    gc.collect()
    assert [each for each in gc.get_objects() if type(each) in {World, VirtualLoop, AgentRuntime}] == []


def history_in_a_process(seed: int, hash_seed: str) -> str:
    """The history's hash as a fresh process computes it."""
    code = (
        f"from collegium.simulation import simulate; print(*(simulate(s).history for s in range({seed}, {seed} + 3)))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}  # noqa: TID251 - the child needs ours
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout


def test_history_does_not_depend_on_the_process() -> None:
    """Hash seeds of Python and addresses in memory do not show."""
    first, *others = [history_in_a_process(20, hash_seed) for hash_seed in ("0", "1", "4242")]
    assert first.split() == [simulate(seed).history for seed in range(20, 23)]
    assert others == [first, first]


def test_fewer_faults_leave_the_rest_of_the_world_alone() -> None:
    """Replaying with some of a seed's faults changes nothing else that the seed decides."""
    whole = world_of(33)
    part = whole.with_faults(frozenset({0, 2}))
    assert part.submissions == whole.submissions
    assert part.sizes == whole.sizes
    assert [fault.number for fault in part.faults] == [0, 2]


def test_the_page_tells_of_every_fault() -> None:
    """docs/simulation.md names every kind of fault, over as many worlds as its command counts."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "simulation.md").read_text(encoding="utf-8")
    assert [name for name in chain(KINDS) if f"| {name} |" not in page] == []
    assert f"times in {MEASURED} worlds" in page
    assert f"Wanted are {WANTED} runs a second per core" in page


def test_the_page_marks_bugs_of_the_simulated_log() -> None:
    """A bug that changes no real code is not told as one."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "simulation.md").read_text(encoding="utf-8")
    marked = {bug.name for bug in BUGS if f"| {bug.name} * |" in page}
    assert (
        marked
        == {bug.name for bug in BUGS if bug.simulated}
        == {"unawaited-send", "inputs-not-sought", "starts-at-the-end"}
    )
