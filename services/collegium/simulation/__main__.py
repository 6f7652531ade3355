"""The command line: `python -m collegium.simulation`."""

import argparse
import logging
import os
import secrets
import sys
from dataclasses import dataclass
from typing import Final, TextIO

from collegium.simulation.loop import HOST, VirtualLoop
from collegium.simulation.nodes import Node
from collegium.simulation.processes import instruments
from collegium.simulation.running import LOGGED, Shrunk, Tally, on_all_cores, shrink, world_of
from collegium.simulation.scenario import Scenario
from collegium.simulation.world import Outcome, World

EXIT_HOLDS: Final = 0
EXIT_VIOLATED: Final = 1
_NEW_SEEDS: Final = 1 << 48


@dataclass(frozen=True, slots=True)
class Arguments:
    """What the command line asks for."""

    seed: int | None
    faults: frozenset[int] | None
    objectives: frozenset[int] | None
    log: bool
    seeds: int
    first: int | None
    workers: int


def main(arguments: Arguments, out: TextIO = sys.stdout) -> int:
    """Replay one seed, or run many."""
    if arguments.seed is not None:
        return _replay(arguments, arguments.seed, out)
    first = secrets.randbelow(_NEW_SEEDS) if arguments.first is None else arguments.first
    out.write(f"seeds {first} to {first + arguments.seeds - 1} on {arguments.workers} cores\n")
    out.flush()
    tally = on_all_cores(first, arguments.seeds, workers=arguments.workers, progress=_progress)
    sys.stderr.write("\n")
    _summary(tally, out)
    for outcome in tally.failures[:1]:
        _report(outcome, out)
    return EXIT_VIOLATED if tally.failures else EXIT_HOLDS


def _replay(arguments: Arguments, seed: int, out: TextIO) -> int:
    scenario = world_of(seed)
    if arguments.faults is not None:
        scenario = scenario.with_faults(arguments.faults)
    if arguments.objectives is not None:
        scenario = scenario.with_submissions(arguments.objectives)
    _describe(scenario, out)
    world = World(scenario, instruments())
    if arguments.log:
        listen(world.loop, out)
    else:
        logging.disable(logging.CRITICAL)
    outcome = world.run()
    out.write(f"{outcome.runs} runs, {outcome.decisions} decisions, {outcome.virtual_s:.3f} virtual s\n")
    out.write(f"history {outcome.history}\n")
    if outcome.failure is None:
        out.write("every invariant holds\n")
        return EXIT_HOLDS
    out.write(f"violated: {outcome.failure}\n")
    return EXIT_VIOLATED


def listen(loop: VirtualLoop, out: TextIO) -> None:
    """Write what the simulated processes log, with virtual times and the process that says it."""

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            host = HOST.get()
            name = host.name if isinstance(host, Node) else "-"
            out.write(f"{loop.time():9.3f} {name:16} {record.levelname:7} {record.getMessage()}\n")

    logger = logging.getLogger(LOGGED)
    logger.addHandler(Listener())
    logger.setLevel(logging.INFO)


def _describe(scenario: Scenario, out: TextIO) -> None:
    out.write(f"seed {scenario.seed}: {scenario.sizes}, {scenario.temper}\n")
    for submission in scenario.submissions:
        out.write(f"  objective {submission.number:2} at {submission.at_s:.3f} s: {submission.playbook}\n")
    for fault in scenario.faults:
        out.write(f"  fault {fault.number:2} at {fault.at_s:.3f} s: {fault.kind} {fault.draws}\n")
    out.write(f"  calm from {scenario.calm_at_s:.3f} s\n")


def _progress(tally: Tally) -> None:
    sys.stderr.write(
        f"\r{tally.seeds} seeds, {tally.runs} runs, {tally.runs_per_cpu_s:.0f} runs/s a core, "
        f"{len(tally.failures)} violations "
    )
    sys.stderr.flush()


def _summary(tally: Tally, out: TextIO) -> None:
    out.write(
        f"{tally.seeds} seeds, {tally.runs} runs, {tally.decisions} decisions in {tally.transactions} transactions, "
        f"{tally.virtual_s:.0f} virtual s, {tally.cpu_s:.1f} s of CPU, {tally.runs_per_cpu_s:.0f} runs/s a core\n"
    )
    for title, counts in (("ends", tally.statuses), ("faults", tally.struck)):
        out.write(f"{title}: {', '.join(f'{name} {count}' for name, count in sorted(counts.items()))}\n")
    out.write(f"{len(tally.failures)} violations\n")


def _report(outcome: Outcome, out: TextIO) -> None:
    out.write(f"\nseed {outcome.seed} violates {outcome.failure}\n")
    out.write("looking for the shortest part that still fails ...\n")
    out.flush()
    smaller: Shrunk = shrink(world_of(outcome.seed), outcome)
    _describe(smaller.scenario, out)
    out.write(f"after {smaller.tries} tries: {smaller.outcome.failure}\nreplay: {smaller.command}\n")


def _numbers(text: str) -> frozenset[int]:
    return frozenset(int(number) for number in text.split(",") if number)


def parsed(words: list[str]) -> Arguments:
    """The command line's words."""
    parser = argparse.ArgumentParser(prog="python -m collegium.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="replay this one seed")
    parser.add_argument("--faults", type=_numbers, help="only these of the seed's faults, such as 0,3; none when empty")
    parser.add_argument("--objectives", type=_numbers, help="only these of the seed's objectives")
    parser.add_argument("--log", action="store_true", help="show what the simulated processes log")
    parser.add_argument("--seeds", type=int, default=1_000, help="how many to run")
    parser.add_argument("--from", dest="first", type=int, help="the first seed; new ones when absent")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")
    given = parser.parse_args(words)
    return Arguments(**vars(given))


if __name__ == "__main__":
    sys.exit(main(parsed(sys.argv[1:])))
