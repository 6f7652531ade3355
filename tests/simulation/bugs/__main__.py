"""Looks for every bug: `make simulate-bugs`, or `PYTHONPATH=tests python -m simulation.bugs`."""

import argparse
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from collegium.simulation import sequence
from simulation.bugs import BUGS
from simulation.bugs.finding import LIMIT, Found, find
from simulation.page import page

MEASURED = 120
"""Worlds that speed and faults are counted over."""


def main() -> int:
    """Find all, print a line for each, and write the table where asked to."""
    parser = argparse.ArgumentParser(prog="python -m simulation.bugs", description=__doc__)
    parser.add_argument("names", nargs="*", help="only these bugs")
    parser.add_argument("--seeds", type=int, default=LIMIT, help="how many seeds each bug may take")
    parser.add_argument("--from", dest="first", type=int, default=1, help="the first seed")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--write", type=Path, help="write the page with the results here")
    given = parser.parse_args()
    names = given.names or [bug.name for bug in BUGS]
    found: dict[str, Found] = {}
    with ProcessPoolExecutor(given.workers, mp_context=get_context("spawn")) as pool:
        for future in as_completed([pool.submit(find, name, given.first, given.seeds) for name in names]):
            each = future.result()
            found[each.bug] = each
            told = f"seed {each.seed}, {each.message[:150]}" if each.seeds else "NOT FOUND"
            sys.stdout.write(f"{each.bug:26} {each.seeds:5} {told}\n")
            sys.stdout.flush()
    missing = [name for name in names if not found[name].seeds]
    sys.stdout.write(f"{len(names) - len(missing)} of {len(names)} bugs found within {given.seeds} seeds each\n")
    if given.write is not None and not written(given.write, [found[name] for name in names], given.seeds):
        return 1
    return 1 if missing else 0


def written(path: Path, found: Sequence[Found], limit: int, worlds: int = MEASURED) -> bool:
    """Measure the code as it is, and write the page; False, and nothing written, when an invariant does not hold."""
    measured = sequence(range(1, worlds + 1))
    for failed in measured.failures:
        sys.stdout.write(f"without any bug, seed {failed.seed} violates {failed.failure}: nothing is written\n")
    if not measured.failures:
        path.write_text(page(found, limit, measured), encoding="utf-8")
    return not measured.failures


if __name__ == "__main__":
    sys.exit(main())
