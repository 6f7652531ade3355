"""Invariant 4: folding run-events gives run-state, byte for byte, at every version that was written, and at the end."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from chaos.checker.canonical import number, parse
from chaos.checker.facts import Facts, Finding
from chaos.checker.fold import FoldError, RunFold

_SHOWN = 240


@dataclass(slots=True)
class Written:
    """What one commit wrote of a run: its header first, then the other parts that it changed."""

    partition: int
    version: int | None
    """None when the header is removed: the run is archived."""
    parts: dict[str, bytes | None] = field(default_factory=dict[str, bytes | None])


def states(facts: Facts) -> Iterator[Finding]:
    """Compare run-state with the fold of run-events, commit by commit."""
    written = dict[str, list[Written]]()
    for entry in facts.topics["run-state"]:
        run_id, _, part = (entry.key or "").partition("/")
        if run_id == "__pos":
            continue
        if part == "header":
            version = None if entry.value is None else number(parse(entry.value), "version")
            written.setdefault(run_id, []).append(Written(entry.partition, version))
        if run_id not in written:
            yield Finding("state", run_id, f"part {part} was written before its header")
            continue
        written[run_id][-1].parts[part] = entry.value
    for run_id in {*facts.runs, *written}:
        yield from _of(run_id, facts, written.get(run_id, []))


def _of(run_id: str, facts: Facts, commits: list[Written]) -> Iterator[Finding]:
    fold, assembled, waiting = RunFold(), dict[str, bytes](), iter(commits)
    commit = next(waiting, None)
    home = {decided.entry.partition for decided in facts.runs.get(run_id, [])}
    for decided in facts.runs.get(run_id, []):
        try:
            fold.take(decided.body)
        except (FoldError, KeyError) as error:
            yield Finding("state", f"{run_id}/{decided.version}", f"its history cannot be folded: {error!r}")
            return
        if commit is not None and commit.version == (fold.version if fold.header is not None else None):
            _apply(commit, assembled)
            if commit.partition not in home:
                yield Finding("state", f"{run_id}/{decided.version}", "its state is not in its history's partition")
            yield from _differences(f"{run_id}/{decided.version}", assembled, fold.parts())
            commit = next(waiting, None)
    if commit is not None:
        yield Finding("state", run_id, f"run-state has version {commit.version}, which does not follow from run-events")
    yield from _differences(f"{run_id} at its end", assembled, fold.parts())


def _apply(commit: Written, assembled: dict[str, bytes]) -> None:
    for name, body in commit.parts.items():
        if body is None:
            assembled.pop(name, None)
        else:
            assembled[name] = body


def _differences(subject: str, assembled: Mapping[str, bytes], folded: Mapping[str, bytes]) -> Iterator[Finding]:
    for name in sorted({*assembled, *folded}):
        have, want = assembled.get(name), folded.get(name)
        if have != want:
            yield Finding("state", f"{subject} {name}", f"run-state {_shown(have)} but run-events give {_shown(want)}")


def _shown(body: bytes | None) -> str:
    if body is None:
        return "has nothing"
    shown = body.decode(errors="replace")
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}... ({len(body)} bytes)"
