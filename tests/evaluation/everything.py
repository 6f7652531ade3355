"""Every suite, one command each: `make evaluate` writes docs/evaluation.md, `make evaluate-quick` holds the floors.

`PYTHONPATH=tests python -m evaluation.everything [--quick] [--out DIR] [--write FILE]`
"""

import argparse
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from collegium.evaluation.floors import read_floors
from evaluation.page import page

HERE: Final = Path("tests/evaluation")
SCENARIOS: Final = ("sources", "hostile", "noise", "empty", "faults")
_LONGEST_S: Final = 1_200
_ALLOWED_S: Final = {"full": 900, "quick": 120}


@dataclass(frozen=True)
class Job:
    """One evaluation.

    Attributes:
        words: What follows `collegium evaluate`.
        report: Its report's file name.
        alone: Whether nothing may run beside it, because its seconds are published; it comes last.
        held: Whether its figures are held against the floors.
        folder: Where the report lies below the folder of reports: of one suite there may be several.
        brief: Whether only the page's tables over several reports tell of it.
    """

    words: tuple[str, ...]
    report: str
    alone: bool = False
    held: bool = True
    folder: str = ""
    brief: bool = False

    @property
    def place(self) -> str:
        """Its report's path below the folder of reports."""
        return f"{self.folder}/{self.report}" if self.folder else self.report


def specialist(suite: str, data: str, *more: str) -> Job:
    """A suite of one specialist's judgement."""
    return Job((suite, "--data", str(HERE / "data" / data), *more), f"{suite}-{data}.report.json")


def by_rules(suite: str, data: str) -> Job:
    """The same without the entailment model."""
    return replace(specialist(suite, data, "--subject", "rules"), held=False, folder="rules", brief=True)


def scenario(name: str, *more: str) -> Job:
    """A suite of whole runs that brings its own documents."""
    suite = HERE / "scenarios" / f"{name}.yaml"
    return Job(("runs", "--suite", str(suite), "--strict", *more), f"runs-scenarios-{name}.report.json")


def whole_runs(*more: str, alone: bool, held: bool = True) -> Job:
    """The suite of whole runs over real documentation."""
    suite, corpus = HERE / "runs" / "kafka_docs.yaml", HERE / "corpora" / "kafka_docs"
    words = ("runs", "--suite", str(suite), "--corpus", str(corpus), "--strict", *more)
    return Job(words, "runs-kafka-docs.report.json", alone, held)


def chain(*links: str) -> Job:
    """Some specialists in a row over real documentation."""
    suite, corpus = HERE / "runs" / "kafka_docs.yaml", HERE / "corpora" / "kafka_docs"
    words = ("chain", "--suite", str(suite), "--corpus", str(corpus), "--strict", *_named(links))
    return Job(words, f"chain-kafka-docs-{'-'.join(links)}.report.json")


def chain_on_scenario(name: str, links: Sequence[str], *more: str) -> Job:
    """Some specialists in a row over documents that a suite brings."""
    suite = HERE / "scenarios" / f"{name}.yaml"
    words = ("chain", "--suite", str(suite), "--strict", *more, *_named(links))
    return Job(words, f"chain-scenarios-{name}-{'-'.join(links)}.report.json")


def _named(links: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for link in links for word in ("--link", link))


_LINKS: Final = ("retrieval", "analysis", "drafting", "verification")
_CALIBRATED: Final = tuple(
    replace(job, held=False, brief=True)
    for job in (
        chain(*_LINKS),
        *(chain_on_scenario(name, links) for name in SCENARIOS[:-1] for links in (_LINKS[:2], _LINKS)),
    )
)
"""Chains that end with analysis or verification: how sure those may be of themselves."""
FULL: Final = (
    # Takes longest: all others run beside it.
    specialist("tampering", "tampering"),
    # Computes the corpus's vectors, so that nothing waits for them when the runs are alone.
    whole_runs("--most", "1", alone=False, held=False),
    specialist("retrieval", "multidoc_hotpotqa100"),
    *(scenario(name) for name in SCENARIOS),
    specialist("retrieval", "verify_scifact"),
    specialist("verification", "verify_scifact"),
    specialist("verification", "verify_fm2"),
    specialist("verification", "verify_wice"),
    specialist("contradiction", "contradiction_snli"),
    specialist("injection", "injection_strings"),
    *(by_rules("verification", f"verify_{name}") for name in ("scifact", "fm2", "wice")),
    by_rules("contradiction", "contradiction_snli"),
    by_rules("tampering", "tampering"),
    chain("retrieval"),
    chain("retrieval", "analysis"),
    chain("retrieval", "analysis", "drafting"),
    *_CALIBRATED,
    whole_runs(alone=True),
)
QUICK: Final = (
    specialist("tampering", "tampering", "--most", "600"),
    whole_runs(alone=False),
    chain_on_scenario("sources", _LINKS[:3], "--most", "20"),
    *(scenario(name) for name in ("sources", "hostile")),
    *(scenario(name, "--most", most) for name, most in (("noise", "16"), ("empty", "10"), ("faults", "26"))),
    specialist("retrieval", "multidoc_hotpotqa100", "--subject", "bm25"),
    specialist("verification", "verify_scifact", "--most", "120"),
    specialist("contradiction", "contradiction_snli", "--most", "120"),
    specialist("injection", "injection_strings"),
)


@dataclass(frozen=True)
class Done:
    """How a job ended."""

    job: Job
    code: int
    said: str
    seconds: float


def run(job: Job, out: Path, floors: Path, *, quick: bool) -> Done:
    """Run one job in a process of its own."""
    command = [sys.executable, "-m", "collegium.cli", "evaluate", *job.words, "--out", str(out / job.folder)]
    command += ["--json", *(("--floors", str(floors)) if job.held else ())]
    if quick:  # vectors of real documentation take minutes to compute
        command = ["env", "COLLEGIUM_RETRIEVAL_VECTORS=off", *command]
    began = time.monotonic()
    ended = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST_S, check=False)
    return Done(job, ended.returncode, ended.stderr.strip(), time.monotonic() - began)


def run_all(jobs: Sequence[Job], out: Path, floors: Path, *, quick: bool) -> list[Done]:
    """Two at a time, then those that want to be alone."""

    def one(job: Job) -> Done:
        done = run(job, out, floors, quick=quick)
        verdict = "ok" if done.code == 0 else f"failed ({done.code}): {done.said}"
        print(f"{' '.join(job.words[:3]):75} {done.seconds:6.1f} s  {verdict}", flush=True)  # noqa: T201 - its output
        return done

    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(one, (job for job in jobs if not job.alone)))
    return [*together, *(one(job) for job in jobs if job.alone)]


def main() -> int:
    """Run the suites; 1 when a floor is missed or a suite failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a part of it, for every change")
    parser.add_argument("--out", type=Path, default=None, help="where answers and reports are kept")
    parser.add_argument("--write", type=Path, default=None, help="write the figures to this page")
    given = parser.parse_args()
    form = "quick" if given.quick else "full"
    out: Path = given.out or Path(".collegium") / f"evaluation-{form}"
    began = time.monotonic()
    floors = HERE / f"floors-{form}.json"
    done = run_all(QUICK if given.quick else FULL, out, floors, quick=given.quick)
    seconds = time.monotonic() - began
    print(f"{len(done)} suites in {seconds:.0f} s (allowed: {_ALLOWED_S[form]} s); reports: {out}")  # noqa: T201 - its output
    if given.write is not None:
        commands = {one.job.place: shlex.join(("collegium", "evaluate", *one.job.words)) for one in done}
        brief = frozenset(one.job.place for one in done if one.job.brief)
        text = page(out, commands, seconds, read_floors(floors).floors, brief)
        given.write.write_text(text, encoding="utf-8")
    return 1 if any(one.code for one in done) else 0


if __name__ == "__main__":
    sys.exit(main())
