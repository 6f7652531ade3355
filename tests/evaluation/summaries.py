"""Tables over several reports: what each layer of verification decides, and how well every outcome is calibrated."""

from collections.abc import Iterator, Mapping
from typing import Final

from collegium.evaluation.report import EvaluationReport, Part

_RANKED: Final = {
    "verification": "supported",
    "tampering": "supported",
    "contradiction": "contradiction",
}
"""What a suite ranks cases by, and its specialist decides."""
_ECE: Final = "ece_15_bins"


def layers(reports: Mapping[str, EvaluationReport]) -> Iterator[str]:
    """How much is found at precision 0.90, by the best threshold and by the shipped verdicts; of the reporting half."""
    judged = [report for report in reports.values() if report.suite in _RANKED]
    if not judged:
        return
    yield from (
        "",
        "## Layers",
        "",
        "Of each reporting half: the share of the true ones that some threshold of the score finds at precision 0.90,",
        "and what the shipped verdicts say at the shipped threshold (a probability of 0.9; by rules no score decides).",
        "",
        "| suite | layer | cases | AUROC | found at precision 0.90 | shipped: precision | shipped: found | decided |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    )
    for report in sorted(judged, key=lambda one: (one.suite, one.data)):
        part, what = _part(report, "reporting"), _RANKED[report.suite]
        names = (f"auroc_{what}", f"coverage_{what}_at_precision_0.90", f"precision_{what}", _found(report), "decided")
        values = " | ".join(_told(part, name) for name in names)
        layer = "rules" if report.subject in _RULES else "rules and model"
        yield f"| {report.data}: {what} | {layer} | {part.cases if part else 0} | {values} |"


_RULES: Final = ("verification-rules", "analysis-comparison")


def _found(report: EvaluationReport) -> str:
    return "kept" if report.suite == "tampering" else f"recall_{_RANKED[report.suite]}"


def calibration(reports: Mapping[str, EvaluationReport]) -> Iterator[str]:
    """The expected calibration error of every report that has one, fitted half and reported half."""
    known = [
        report
        for report in reports.values()
        if _value(_part(report, "all"), _ECE) is not None and (report.suite, report.subject) != ("chain", "retrieval")
    ]
    if not known:
        return
    yield from (
        "",
        "## Calibration",
        "",
        "Expected calibration error (15 bins) of each outcome's confidence. A chain's is that of its last link, a",
        "whole run's that of its report. Even of perfect chances it is above 0 where cases are few. The chain of",
        "retrieval alone is left out: it takes passages for sentences, of which retrieval promises nothing.",
        "",
        "| outcome of | suite | tuning half | reporting half | reporting cases |",
        "|---|---|---:|---:|---:|",
    )
    for report in known:
        part = _part(report, "reporting")
        halves = f"{_told(_part(report, 'tuning'), _ECE)} | {_told(part, _ECE)}"
        yield f"| {_outcome(report)} | {_suite(report)} | {halves} | {part.cases if part else 0} |"


def _outcome(report: EvaluationReport) -> str:
    if report.suite == "runs":
        return "a whole run"
    return report.subject.rpartition(" -> ")[2] if report.suite == "chain" else report.subject


def _suite(report: EvaluationReport) -> str:
    return report.data if report.suite != "chain" else report.data.partition("-retrieval")[0]


def _part(report: EvaluationReport, name: str) -> Part | None:
    return next((one for one in report.parts if one.part == name), None)


def _value(part: Part | None, figure: str) -> float | None:
    return None if part is None else next((one.value for one in part.figures if one.name == figure), None)


def _told(part: Part | None, figure: str) -> str:
    value = _value(part, figure)
    return "–" if value is None else f"{value:.3f}"
