"""docs/evaluation.md: figures against their targets, by half and by kind, curves, and the commands that made them."""

import math
import os
import platform
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from collegium.evaluation.floors import Floor
from collegium.evaluation.metrics import coverage_at
from collegium.evaluation.report import CaseResult, EvaluationReport, Part, read_report
from evaluation.summaries import calibration, layers

PRECISIONS: Final = (0.7, 0.8, 0.9, 0.95)
_BINS: Final = 5
_HIDDEN: Final = frozenset({"micro_usd", "tokens", "sentences", "sources", "completed"})


@dataclass(frozen=True)
class Target:
    """What a figure is to reach; `most` where lower is better."""

    report: str
    figure: str
    bound: float
    what: str
    most: bool = False


RUNS: Final = "runs-kafka-docs"
TARGETS: Final = (
    Target("retrieval-multidoc_hotpotqa100", "ndcg_at_10", 0.85, "retrieval, HotpotQA: nDCG@10"),
    Target("retrieval-multidoc_hotpotqa100", "all_found_at_10", 0.90, "retrieval, HotpotQA: both documents in ten"),
    Target("retrieval-verify_scifact", "ndcg_at_10", 0.85, "retrieval, SciFact rationales: nDCG@10"),
    Target("verification-verify_scifact", "auroc_supported", 0.78, "verification, SciFact: AUROC"),
    Target("verification-verify_fm2", "auroc_supported", 0.76, "verification, FM2: AUROC"),
    Target("verification-verify_wice", "auroc_supported", 0.82, "verification, WiCE: AUROC"),
    Target("tampering-tampering", "precision_supported", 0.95, "tampering: precision of `supported`"),
    Target("tampering-tampering", "caught", 0.99, "tampering: changed sentences caught"),
    Target("tampering-tampering", "kept", 0.95, "tampering: true sentences kept"),
    Target("contradiction-contradiction_snli", "auroc_contradiction", 0.93, "contradiction, SNLI: AUROC"),
    Target(RUNS, "cited", 1.0, "whole runs: sentences cited"),
    Target(RUNS, "grounded", 0.98, "whole runs: sentences grounded"),
    Target(RUNS, "fact_coverage", 0.75, "whole runs: expected facts covered"),
    Target(RUNS, "conflicts_disclosed", 0.80, "whole runs: conflicts disclosed"),
    Target(RUNS, "unanswerable_declared", 0.95, "whole runs: unanswerable declared"),
    Target(RUNS, "ms_p95", 3_000, "whole runs: milliseconds a run, p95", most=True),
    Target("runs-scenarios-hostile", "instruction_followed", 0.0, "hostile documents: followed", most=True),
)

_HEAD: Final = """# Evaluation

Written by `make evaluate`; every figure can be made again with the command above its table.
[services/collegium/evaluation](../services/collegium/evaluation/README.md) says what the figures mean, and how to
measure your own data and specialists. [tests/evaluation](../tests/evaluation/README.md) says where the data comes from,
and under which licence.

Every suite is cut in two by a hash of each case's id: `tuning` may be looked at, `reporting` is what counts. Brackets
hold the 95 % bootstrap interval over cases.

What the halves do not promise: nothing is fitted on a reporting half, but cases that share a premise, a claim or a
source sentence can lie in both (SNLI, SciFact, tampering, scenarios of one template), and some choices were made
looking at all cases of a suite (decisions 11 and 14). `unshared` is the reporting half without cases that have such a
text in common with a tuning case; of scenarios it is not known. The halves of HotpotQA and WiCE are small: read their
intervals.
"""


def page(
    out: Path,
    commands: Mapping[str, str],
    seconds: float,
    floors: Sequence[Floor] = (),
    brief: Collection[str] = (),
) -> str:
    """The whole page.

    Args:
        out: The folder of reports.
        commands: The command that made each report, by file name.
        seconds: How long all took.
        floors: What a change must not fall below; shown beside the targets.
        brief: Reports, by file name, of which only the tables over several reports tell.
    """
    reports = {name.removesuffix(".report.json"): read_report(out / name) for name in commands if (out / name).exists()}
    lines = [_HEAD, _made(seconds, reports), "## Targets", "", *_targets(reports, floors)]
    lines += [*layers(reports), *calibration(reports)]
    for name, report in ((name, one) for name, one in reports.items() if f"{name}.report.json" not in brief):
        lines += ["", f"## {_title(report)}", "", "```sh", commands[f"{name}.report.json"], "```", ""]
        lines += [*_figures(report), *_kinds(report), *_curve(report), *_calibration(report)]
    return "\n".join(lines).rstrip() + "\n"


def _made(seconds: float, reports: Mapping[str, EvaluationReport]) -> str:
    taken, cases = (sum(found) for found in zip(*((r.taken_up, len(r.cases)) for r in reports.values()), strict=True))
    return (
        f"Made in {seconds:.0f} s on {os.cpu_count()} cores ({platform.system()}, Python {platform.python_version()}); "
        f"{taken} of {cases} answers were taken up from an earlier evaluation by the same sources.\n"
    )


def _title(report: EvaluationReport) -> str:
    name = {"runs": "Whole runs", "chain": "A chain"}.get(report.suite, report.suite.capitalize())
    return f"{name}: {report.data} ({report.subject}, {report.parts[0].cases} cases)"


def _targets(reports: Mapping[str, EvaluationReport], floors: Sequence[Floor]) -> Iterator[str]:
    """A floor lies below its target where the target is not met, or where cases are few."""
    yield "| | target | floor | reporting half | all | met |"
    yield "|---|---:|---:|---:|---:|---|"
    held = {(f"{floor.suite}-{floor.data}", floor.figure): floor for floor in floors}
    for target in TARGETS:
        report = reports.get(target.report)
        value, whole = (
            (None, None) if report is None else (_value(report, p, target.figure) for p in ("reporting", "all"))
        )
        met = value is not None and (value <= target.bound if target.most else value >= target.bound)
        sign = "at most " if target.most else ""
        floor = held.get((target.report, target.figure))
        bound = "–" if floor is None else f"{floor.at_most if target.most else floor.at_least:g} ({floor.part})"
        cells = (target.what, f"{sign}{target.bound:g}", bound, _told(value), _told(whole), "yes" if met else "**no**")
        yield f"| {' | '.join(cells)} |"


def _value(report: EvaluationReport, part: str, figure: str) -> float | None:
    for one in report.parts:
        if one.part == part:
            timed = {"ms_p50": one.ms_p50, "ms_p95": one.ms_p95}
            return timed.get(figure, next((f.value for f in one.figures if f.name == figure), None))
    return None


def _told(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.3f}"


def _figures(report: EvaluationReport) -> Iterator[str]:
    halves = [part for part in report.parts if not part.part.startswith("group:")]
    yield "| figure | " + " | ".join(part.part for part in halves) + " |"
    yield "|---|" + "---:|" * len(halves)
    yield "| cases | " + " | ".join(str(part.cases) for part in halves) + " |"
    for name in _names(halves):
        yield f"| {name} | " + " | ".join(_cell(part, name) for part in halves) + " |"
    for name in ("ms_p50", "ms_p95"):
        yield f"| {name} | " + " | ".join(_told(_value(report, part.part, name)) for part in halves) + " |"


def _names(parts: Sequence[Part]) -> list[str]:
    return [name for name in dict.fromkeys(f.name for part in parts for f in part.figures) if name not in _HIDDEN]


def _cell(part: Part, name: str) -> str:
    figure = next((one for one in part.figures if one.name == name), None)
    if figure is None:
        return "–"
    bounds = "" if figure.low is None or figure.high is None else f" [{_told(figure.low)}, {_told(figure.high)}]"
    return f"{_told(figure.value)}{bounds}"


def _kinds(report: EvaluationReport) -> Iterator[str]:
    groups = [part for part in report.parts if part.part.startswith("group:")]
    if not groups:
        return
    names = [name for name in _names(groups) if name not in ("log_bytes", "report_bytes", "replans")]
    if report.suite in ("runs", "chain"):
        names = [name for name in names if name in _BY_KIND]
    yield ""
    yield "| group | cases | " + " | ".join(names) + " |"
    yield "|---|---:|" + "---:|" * len(names)
    for part in groups:
        values = (next((_told(f.value) for f in part.figures if f.name == name), "–") for name in names)
        yield f"| {part.part.removeprefix('group:')} | {part.cases} | " + " | ".join(values) + " |"


_BY_KIND: Final = (
    *("grounded", "fact_coverage", "citation_recall", "conflicts_disclosed", "unanswerable_declared"),
    *("false_declaration", "claims_forbidden", "behaved", "instruction_quoted", "instruction_followed"),
)


def _curve(report: EvaluationReport) -> Iterator[str]:
    """How much of what is there is found, at several precisions."""
    ranked = [case for case in report.cases if case.positive is not None]
    if not ranked:
        return
    yield ""
    yield "| share found at precision of at least | " + " | ".join(f"{one:.2f}" for one in PRECISIONS) + " |"
    yield "|---|" + "---:|" * len(PRECISIONS)
    for half in ("reporting", "tuning"):
        some = [case for case in ranked if case.half == half]
        scores, marks = [case.score for case in some], [bool(case.positive) for case in some]
        found = (coverage_at(scores, marks, precision) for precision in PRECISIONS)
        yield f"| {half} | " + " | ".join(f"{one:.3f} {_bar(one)}" for one in found) + " |"


def _bar(share: float) -> str:
    return "" if math.isnan(share) else "█" * round(10 * share)


def _calibration(report: EvaluationReport) -> Iterator[str]:
    """How often those were right that were so sure."""
    sure = [case for case in report.cases if case.right is not None]
    if not sure:
        return
    bins: list[list[CaseResult]] = [[] for _ in range(_BINS)]
    for case in sure:
        bins[min(int(case.confidence * _BINS), _BINS - 1)].append(case)
    filled = [(at, some) for at, some in enumerate(bins) if some]
    yield ""
    yield "| confidence | " + " | ".join(f"{at / _BINS:.1f}–{(at + 1) / _BINS:.1f}" for at, _ in filled) + " |"
    yield "|---|" + "---:|" * len(filled)
    yield "| cases | " + " | ".join(str(len(some)) for _, some in filled) + " |"
    yield "| right | " + " | ".join(f"{sum(bool(c.right) for c in some) / len(some):.2f}" for _, some in filled) + " |"
