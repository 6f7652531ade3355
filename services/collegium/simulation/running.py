"""Running seeds: one, many on all cores, and the shortest failing part of one that fails."""

import gc
import logging
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from multiprocessing import get_context
from time import process_time
from typing import Final

from collegium.simulation.faults import WEIGHTS
from collegium.simulation.processes import Instruments, instruments
from collegium.simulation.scenario import Scenario, scenario
from collegium.simulation.world import Outcome, World
from collegium.telemetry.garbage import spare_collections

_CHUNK: Final = 20
_MOST_TRIES: Final = 120


def world_of(seed: int) -> Scenario:
    """What a seed means, with every kind of fault that there is."""
    return scenario(seed, WEIGHTS)


def simulate(world: int | Scenario) -> Outcome:
    """Live through one world, given by its seed or as a scenario."""
    described = world_of(world) if isinstance(world, int) else world
    with _silent():
        outcome = World(described, _instruments()).run()
    gc.collect(0)  # a world is one large cycle: let it go before the next one takes fresh memory
    return outcome


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The smallest part of a failing world that was found to fail in the same way."""

    scenario: Scenario
    outcome: Outcome
    tries: int

    @property
    def command(self) -> str:
        """Replays it."""
        faults = ",".join(str(fault.number) for fault in self.scenario.faults)
        sent = ",".join(str(submission.number) for submission in self.scenario.submissions)
        chosen = f" --faults '{faults}' --objectives '{sent}'"
        return f"python -m collegium.simulation --seed {self.scenario.seed}{chosen} --log"


def shrink(failed: Scenario, outcome: Outcome) -> Shrunk:
    """Leave out whatever the failure does not need: later faults first, then single faults, then objectives."""
    best, found, tries = failed, outcome, 0

    def fails(candidate: Scenario) -> bool:
        nonlocal best, found, tries
        if tries >= _MOST_TRIES:
            return False
        tries += 1
        again = simulate(candidate)
        if again.failure is None or again.invariant != outcome.invariant:
            return False
        best, found = candidate, again
        return True

    low, high = 0, len(best.faults)
    while low < high:
        middle = (low + high) // 2
        if fails(best.with_faults(frozenset(fault.number for fault in failed.faults[:middle]))):
            high = middle
        else:
            low = middle + 1
    for fault in reversed(best.faults):
        fails(best.with_faults(frozenset(each.number for each in best.faults) - {fault.number}))
    for keep in _halves([each.number for each in best.submissions]):
        fails(best.with_submissions(keep & {each.number for each in best.submissions}))
    return Shrunk(best, found, tries)


def _halves(numbers: Sequence[int]) -> Iterator[frozenset[int]]:
    """All but a half, all but a quarter, ..., all but one."""
    size = max(1, len(numbers) // 2)
    while True:
        for start in range(0, len(numbers), size):
            yield frozenset(numbers) - frozenset(numbers[start : start + size])
        if size == 1:
            return
        size //= 2


@dataclass(slots=True)
class Tally:
    """What many worlds were, together."""

    seeds: int = 0
    runs: int = 0
    decisions: int = 0
    transactions: int = 0
    virtual_s: float = 0.0
    cpu_s: float = 0.0
    struck: dict[str, int] = field(default_factory=dict[str, int])
    statuses: dict[str, int] = field(default_factory=dict[str, int])
    failures: list[Outcome] = field(default_factory=list[Outcome])

    def add(self, outcome: Outcome) -> None:
        """One more world."""
        self.seeds += 1
        self.runs += outcome.runs
        self.decisions += outcome.decisions
        self.transactions += outcome.transactions
        self.virtual_s += outcome.virtual_s
        _sum(self.struck, outcome.struck)
        _sum(self.statuses, outcome.statuses)
        if outcome.failure is not None:
            self.failures.append(outcome)

    def merge(self, other: "Tally") -> None:
        """Those of another tally."""
        for name in ("seeds", "runs", "decisions", "transactions", "virtual_s", "cpu_s"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        _sum(self.struck, other.struck)
        _sum(self.statuses, other.statuses)
        self.failures.extend(other.failures)

    @property
    def runs_per_cpu_s(self) -> float:
        """Finished runs per second of one core."""
        return self.runs / self.cpu_s if self.cpu_s else 0.0


def sequence(seeds: Iterable[int], *, most_failures: int = 1) -> Tally:
    """Run seeds in this process until so many have failed."""
    tally = Tally()
    started = process_time()
    for seed in seeds:
        tally.add(simulate(seed))
        if len(tally.failures) >= most_failures:
            break
    tally.cpu_s = process_time() - started
    return tally


def on_all_cores(
    first: int, count: int, *, workers: int, progress: Callable[[Tally], None], most_failures: int = 1
) -> Tally:
    """Run seeds `first` to `first + count - 1` on several cores until so many have failed.

    Args:
        first: The first seed.
        count: How many.
        workers: Processes.
        progress: Called now and then with what is known so far.
        most_failures: When to stop early.
    """
    tally = Tally()
    chunks = iter([range(start, min(start + _CHUNK, first + count)) for start in range(first, first + count, _CHUNK)])
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=spare_collections) as pool:
        waiting: set[Future[Tally]] = {pool.submit(sequence, chunk) for chunk in islice(chunks, workers * 2)}
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                tally.merge(future.result())
            progress(tally)
            if len(tally.failures) >= most_failures:
                pool.shutdown(cancel_futures=True)
                break
            waiting |= {pool.submit(sequence, chunk) for chunk in islice(chunks, len(done))}
    return tally


def _sum(into: dict[str, int], more: dict[str, int]) -> None:
    for name, count in more.items():
        into[name] = into.get(name, 0) + count


@cache
def _instruments() -> Instruments:
    return instruments()


@contextmanager
def _silent() -> Generator[None]:
    """Thousands of processes die here on purpose: what they would log is not formatted."""
    before = logging.root.manager.disable
    if not logging.getLogger(LOGGED).handlers:
        logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


LOGGED: Final = "collegium"
"""The logger that a replay listens to; a handler on it keeps the simulation from silencing it."""
