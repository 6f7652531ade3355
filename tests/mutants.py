"""Mutation testing of the orchestrator's pure core: `make mutants` writes docs/mutants.md.

mutmut makes the mutants: each is a copy of one function with one change, chosen at its call. Its own runner cannot
import this repository's layout and starts pytest anew for each mutant; here pytest collects once in a flat copy of the
tree, each mutant is a fork of that process, and the fork runs the tests that call the mutated function until one
fails, those first that have killed the most in the least time. What mutmut calls at run time is replaced by `SWITCH`.
"""

import argparse
import ast
import difflib
import json
import os
import select
import shutil
import signal
import sys
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from importlib import import_module
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import Phase, settings

ROOT = Path(__file__).resolve().parents[1]
CORE = "collegium/orchestrator/core"
EXPLAINED = Path(__file__).with_name("mutants_explained.toml")
TESTS = (
    "tests/unit/limits/test_part_bounds.py",
    "tests/unit/limits/test_plan_bounds.py",
    "tests/unit/orchestrator/core",
    "tests/unit/orchestrator/test_deciding.py",
    "tests/unit/orchestrator/test_effects_in_runs.py",
    "tests/unit/orchestrator/test_giving_up.py",
    "tests/unit/orchestrator/test_planning.py",
    "tests/unit/orchestrator/test_questions.py",
    "tests/unit/upgrade/test_recorded_decisions.py",
    "tests/unit/upgrade/test_recorded_history.py",
    "tests/property/orchestrator",
)
SETTINGS = """\
[tool.mutmut]
source_paths = ["collegium"]
[tool.pytest.ini_options]
asyncio_mode = "auto"
asyncio_default_fixture_loop_scope = "function"
addopts = "--import-mode=importlib -p no:cacheprovider"
filterwarnings = ["error", "ignore::pytest.PytestAssertRewriteWarning"]
pythonpath = [".", "tests"]
"""
IGNORED = shutil.ignore_patterns("__pycache__", "integration", "e2e", "chaos", "corpora")
SWITCH = '''\
"""Chooses at each call whether a function or one of its mutants runs; notes which functions are called."""

from functools import wraps

MutantDict = dict
CALLED = set()
ACTIVE = ["", ""]  # module, mutant


def wrap_in_trampoline(mutants, is_classmethod=False):
    def decorate(function):
        module, key = function.__module__, []

        @wraps(function)
        def switched(*args, **options):
            chosen = mutants["_mutmut_orig"]
            if not key:
                key.append(module + "." + chosen.__name__.partition("__mutmut_")[0])
            CALLED.add(key[0])
            if ACTIVE[0] == module:
                chosen = mutants.get(ACTIVE[1], chosen)
            if is_classmethod:
                return getattr(args[0], chosen.__name__)(*args[1:], **options)
            return chosen(*args, **options)

        return switched

    return decorate
'''
_HYPOTHESIS = "_hypothesis_internal_use_settings"
_MANY = 254
"""What an exit status can say: this test or a later one, or a fork that a signal ended."""
EXAMPLES = 25
LEAST_BOUND_S = 10.0
SLOWER = 5
"""A mutant may take so many times as long as its tests do without it, and these seconds more."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one function."""

    name: str
    function: str
    change: str
    """Its lines, as `- before` and `+ after`."""


@dataclass
class Measured:
    """What became of the mutants."""

    outcomes: dict[str, str] = field(default_factory=dict[str, str])
    """Name -> killed, survived, untested or endless."""


def prepare(place: Path) -> dict[str, list[Mutant]]:
    """Copy the tree into one flat directory and put the mutants into it."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(ROOT / "services" / "collegium", place / "collegium", ignore=IGNORED)
    shutil.copytree(ROOT / "schemas" / "collegium_schemas", place / "collegium_schemas", ignore=IGNORED)
    shutil.copytree(ROOT / "tests", place / "tests", ignore=IGNORED)
    shutil.copytree(ROOT / "examples", place / "examples", ignore=IGNORED)
    (place / "pyproject.toml").write_text(SETTINGS)
    (place / "mutant_switch.py").write_text(SWITCH)
    os.chdir(place)
    from mutmut.mutation.file_mutation import mutate_file_contents  # it reads its settings from here

    found: dict[str, list[Mutant]] = {}
    for path in sorted((place / CORE).glob("*.py")):
        made = mutate_file_contents(str(path), path.read_text(encoding="utf-8"))
        path.write_text(made.code.replace("mutmut.mutation.trampoline", "mutant_switch"), encoding="utf-8")
        module = f"{CORE}/{path.stem}".replace("/", ".")
        found[path.name] = [
            Mutant(f"{module}.{name}", *change) for name, change in _changes(made.code, made.mutant_names)
        ]
    return found


def _changes(code: str, names: Sequence[str]) -> Iterator[tuple[str, tuple[str, str]]]:
    """For each mutant: its function, and the lines that differ."""
    lines_of = code.splitlines()
    bodies = {
        node.name: lines_of[node.lineno - 1 : node.end_lineno]
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.FunctionDef)
    }
    for name in names:
        function = name.partition("__mutmut_")[0]
        before, after = bodies[f"{function}__mutmut_orig"], bodies[name]
        lines = [
            f"{line[0]} {line[1:].strip()}"
            for line in difflib.unified_diff(before, after, lineterm="", n=0)
            if line[0] in "+-" and not line.startswith(("---", "+++")) and "__mutmut_" not in line
        ]
        yield name, (function.removeprefix("x_").removeprefix("xǁ").replace("ǁ", "."), "\n".join(lines))


class Runner:
    """A pytest plugin that runs the mutants instead of the tests, once the tests are collected."""

    def __init__(self, mutants: Sequence[Mutant], within_s: float) -> None:
        switch = import_module("mutant_switch")
        self._called: set[str] = switch.CALLED
        self._active: list[str] = switch.ACTIVE
        self._mutants = mutants
        self._until = time.monotonic() + within_s
        self._tests: dict[str, set[int]] = defaultdict(set)
        self._seconds: list[float] = []
        self._kills: Counter[int] = Counter()
        self.measured = Measured()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Note which test calls which function, run all once more in a fork, then judge each mutant."""
        for number, item in enumerate(session.items):
            _few_examples(item)
            self._called.clear()
            started = time.perf_counter()
            if _fails(item):
                raise pytest.UsageError(f"{item.nodeid} fails without any mutant")
            self._seconds.append(time.perf_counter() - started)
            for function in self._called:
                self._tests[function].add(number)
        self._control(session.items)
        for count, mutant in enumerate(self._mutants, 1):
            if time.monotonic() > self._until:
                break
            outcome = self._judge(session.items, mutant)
            self.measured.outcomes[mutant.name] = outcome
            if outcome != "killed" or count % 100 == 0:
                print(f"{count}/{len(self._mutants)} {mutant.name}: {outcome}", flush=True)  # noqa: T201
        return True

    def _judge(self, items: Sequence[pytest.Item], mutant: Mutant) -> str:
        function = mutant.name.partition("__mutmut_")[0]
        chosen = sorted(self._tests.get(function, ()), key=self._promise, reverse=True)
        if not chosen:
            return "untested"
        status = self._forked(items, chosen, mutant.name)
        if status:
            self._kills[status - 1] += 1
        return "endless" if status is None else "killed" if status else "survived"

    def _control(self, items: Sequence[pytest.Item]) -> None:
        """A fork without mutant runs every test again, the last one first: one that fails here would kill anything."""
        status = self._forked(items, range(len(items))[::-1], "")
        if status is None:
            raise pytest.UsageError("the tests do not end in a fork without any mutant")
        if status:
            named = items[status - 1].nodeid if status < _MANY else f"test {_MANY} or a later one"
            raise pytest.UsageError(f"{named} fails in a fork without any mutant: it passes only once, or in order")

    def _forked(self, items: Sequence[pytest.Item], chosen: Sequence[int], mutant: str) -> int | None:
        """Run tests in a fork with a mutant, or with none, until one fails: 0 when none does, None when it is endless.

        Otherwise the failing test's number from 1 on, at most `_MANY`.
        """
        bound_s = LEAST_BOUND_S + SLOWER * sum(self._seconds[number] for number in chosen)
        child = os.fork()
        if child == 0:
            self._active[:] = mutant.rpartition(".")[::2]
            killer = next((number for number in chosen if _fails(items[number])), None)
            os._exit(0 if killer is None else min(killer + 1, _MANY))
        return _ended(child, bound_s)

    def _promise(self, number: int) -> float:
        """Kills for each second that a test takes: the sooner one fails, the sooner the next mutant has its turn."""
        return (self._kills[number] + 0.2) / (self._seconds[number] + 0.005)


def _few_examples(item: pytest.Item) -> None:
    """Let a property test try few examples, the same ones each time, and end at the first that fails."""
    function = getattr(item, "function", None)
    if hasattr(function, _HYPOTHESIS):
        phases = (Phase.explicit, Phase.generate)
        given = getattr(function, _HYPOTHESIS)
        few = settings(given, max_examples=EXAMPLES, derandomize=True, database=None, phases=phases)
        setattr(function, _HYPOTHESIS, few)


def _fails(item: pytest.Item) -> bool:
    item.config.hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    return any(report.failed for report in runtestprotocol(item, log=False, nextitem=None))


def _ended(child: int, bound_s: float) -> int | None:
    """The exit status of a fork; None when it did not end within the bound and was killed."""
    watch = os.pidfd_open(child)
    try:
        if not select.select([watch], [], [], bound_s)[0]:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return None
    finally:
        os.close(watch)
    status = os.waitpid(child, 0)[1]
    return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else _MANY


def page(mutants: Mapping[str, Sequence[Mutant]], outcomes: Mapping[str, str], reasons: Mapping[str, str]) -> str:
    """docs/mutants.md."""
    rows: list[str] = []
    total: Counter[str] = Counter()
    for name, of_file in mutants.items():
        counts = Counter(outcomes[mutant.name] for mutant in of_file if mutant.name in outcomes)
        total += counts
        if counts:
            rows.append(_row(name, counts))
    rows.append(_row("**all**", total))
    everything = [mutant for of_file in mutants.values() for mutant in of_file]
    left = [mutant for mutant in everything if not _dead(outcomes.get(mutant.name, "killed"))]
    judged = f"Judged: {len(outcomes)} of {len(everything)} mutants" + (
        "." if len(outcomes) == len(everything) else ", chosen evenly by the hash of their names."
    )
    lines = [_INTRODUCTION, judged, "", *_TABLE, *rows, "", "## What survives", ""]
    by_reason: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in left:
        by_reason[_reason(mutant, reasons)].append(mutant)
    for reason, of_reason in sorted(by_reason.items(), key=lambda entry: (entry[0] == "", -len(entry[1]))):
        lines += [f"### {reason or 'Not explained yet'}", "", f"{len(of_reason)} mutants.", "", "```diff"]
        for mutant in of_reason:
            lines += [f"# {mutant.name.partition('core.')[2]}", mutant.change]
        lines += ["```", ""]
    return "\n".join(lines).rstrip() + "\n"


_INTRODUCTION = """\
# Mutation testing of the pure core

Generated by `make mutants`. A mutant is one small change of one function in `orchestrator/core`: another operator, an
argument left out, another string. It is killed when a test fails, or does not end, because of it.
"""
_TABLE = (
    "| file | mutants | killed | survived | not called by any test | killed, % |",
    "|---|---:|---:|---:|---:|---:|",
)


def _dead(outcome: str) -> bool:
    return outcome in {"killed", "endless"}


def _row(name: str, counts: Counter[str]) -> str:
    killed, everything = counts["killed"] + counts["endless"], sum(counts.values())
    share = 100 * killed / everything
    return f"| {name} | {everything} | {killed} | {counts['survived']} | {counts['untested']} | {share:.1f} |"


def _reason(mutant: Mutant, reasons: Mapping[str, str]) -> str:
    """The first explanation whose key is in the mutant's name, function and change."""
    text = f"{mutant.name.partition('core.')[2]}\n{mutant.function}\n{mutant.change}"
    return next((why for key, why in reasons.items() if key in text), "")


def _reasons() -> dict[str, str]:
    entries = tomllib.loads(EXPLAINED.read_text(encoding="utf-8"))["explained"]
    return {key: entry["why"] for entry in entries for key in entry["where"]}


def _sources() -> dict[str, str]:
    """Each file of the core, as its mutants' names begin, with the hash of its text."""
    folder = ROOT / "services" / CORE
    module = CORE.replace("/", ".")
    return {f"{module}.{path.stem}.": sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.py"))}


def _before(known: Path) -> dict[str, str]:
    """What earlier judgements said of the mutants of files that have not changed since."""
    if not known.exists():
        return {}
    kept = json.loads(known.read_text())
    same = tuple(name for name, digest in _sources().items() if kept["sources"].get(name) == digest)
    return {name: outcome for name, outcome in kept["outcomes"].items() if name.startswith(same)}


def main() -> int:
    """Entry point; the exit status is 1 when fewer mutants than asked for are killed."""
    parser = argparse.ArgumentParser(description="Mutation testing of the orchestrator's pure core.")
    parser.add_argument("--place", type=Path, default=ROOT / "build" / "mutants", help="where the mutated copy goes")
    parser.add_argument("--again", action="store_true", help="judge the mutants that are there, with today's tests")
    parser.add_argument("--sample", type=int, default=0, help="judge so many, chosen evenly")
    parser.add_argument("--within", type=float, default=float("inf"), help="judge as many as fit, in seconds")
    parser.add_argument("--only", default="", help="judge mutants whose name holds this, or that were not yet")
    parser.add_argument("--least", type=float, default=90.0, help="how many per cent must be killed")
    given = parser.parse_args()
    if missing := [test for test in TESTS if not (ROOT / test).exists()]:
        parser.error(f"these tests are gone, change TESTS: {', '.join(missing)}")
    place = given.place.resolve()
    if given.again:
        known = json.loads((place / "mutants.json").read_text())
        mutants = {name: [Mutant(**each) for each in of_file] for name, of_file in known.items()}
        shutil.copytree(ROOT / "tests", place / "tests", ignore=IGNORED, dirs_exist_ok=True)
        os.chdir(place)
    else:
        mutants = prepare(place)
        (place / "mutants.json").write_text(json.dumps({k: [asdict(m) for m in v] for k, v in mutants.items()}))
    sys.path[:0] = [str(place), str(place / "tests")]
    known = place.with_name(f"{place.name}_outcomes.json")
    everything = [mutant for of_file in mutants.values() for mutant in of_file]
    before = _before(known) if given.only else {}
    chosen = [mutant for mutant in everything if given.only in mutant.name or mutant.name not in before]
    chosen.sort(key=lambda mutant: sha256(mutant.name.encode()).digest())
    runner = Runner(chosen[: given.sample or None], given.within)
    status = pytest.main(["-p", "no:terminal", *TESTS], [runner])
    outcomes = before | runner.measured.outcomes
    known.write_text(json.dumps({"sources": _sources(), "outcomes": outcomes}, indent=0))
    if status != pytest.ExitCode.OK:
        print(f"pytest ended with {status}: no page is written", file=sys.stderr)  # noqa: T201
        return int(status)
    (ROOT / "docs" / "mutants.md").write_text(page(mutants, outcomes, _reasons()), encoding="utf-8")
    killed = sum(map(_dead, outcomes.values()))
    print(f"{killed} of {len(outcomes)} mutants killed: {100 * killed / max(1, len(outcomes)):.1f} %")  # noqa: T201
    return int(100 * killed < given.least * len(outcomes))


if __name__ == "__main__":
    sys.exit(main())
