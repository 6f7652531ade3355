"""Two reports on the same cases: which figures differ beyond chance, and which cases got worse."""

from pathlib import Path
from typing import Final, Literal

import numpy as np

from collegium.evaluation.bootstrap import RESAMPLES, Interval, difference
from collegium.evaluation.errors import ReportUnusable
from collegium.evaluation.report import PRIMARY, CaseResult, Change, Comparison, EvaluationReport, Regression
from collegium.evaluation.scoring import Score, figures_of

_LOWER_IS_BETTER: Final = (
    *("ece_", "false_alarms", "instruction_", "false_declaration", "claims_forbidden", "duplicates"),
    *("sources_displaced", "log_bytes", "report_bytes", "tokens", "micro_usd", "replans"),
)


def compared(report: EvaluationReport, earlier: Path | None, before: EvaluationReport | None) -> EvaluationReport:
    """The report with what changed against an earlier one, where there is one.

    Raises:
        ReportUnusable: see `compare`.
    """
    if earlier is None or before is None:
        return report
    return report.model_copy(update={"comparison": compare(before, report, earlier)})


def compare(before: EvaluationReport, after: EvaluationReport, source: Path, resamples: int = RESAMPLES) -> Comparison:
    """Compare case by case.

    Raises:
        ReportUnusable: the reports are of different suites, or have no case in common.
    """
    if before.suite != after.suite:
        raise ReportUnusable(source, f"it is a report of {before.suite}, not of {after.suite}")
    earlier = {case.case_id: case for case in before.cases}
    pairs = [(earlier[case.case_id], case) for case in after.cases if case.case_id in earlier]
    if not pairs:
        raise ReportUnusable(source, "it has no case in common with this evaluation: compare the same data")
    halves = {"all": pairs} | {name: [p for p in pairs if p[1].half == name] for name in ("tuning", "reporting")}
    return Comparison(
        against=f"{before.subject} {before.version}",
        cases=len(pairs),
        changes=tuple(change for name, some in halves.items() if some for change in _changes(name, some, resamples)),
        regressions=_regressions(pairs, PRIMARY[after.suite]),
    )


def _changes(part: str, pairs: list[tuple[CaseResult, CaseResult]], resamples: int) -> list[Change]:
    scored: list[tuple[Score, Score]] = [(one.scored(), other.scored()) for one, other in pairs]
    earlier, later = figures_of([one for one, _ in scored]), figures_of([other for _, other in scored])
    every = np.arange(len(pairs))
    found: list[Change] = []
    for name in (known for known in later if known in earlier):
        before, after = earlier[name], later[name]
        changed = difference(len(pairs), before, after, resamples)
        if changed.low <= changed.high:  # not where a side's figure has no meaning
            found.append(
                Change(
                    part=part,
                    figure=name,
                    before=round(before(every), 4),
                    after=round(after(every), 4),
                    low=round(changed.low, 4),
                    high=round(changed.high, 4),
                    verdict=_verdict(name, changed),
                )
            )
    return found


def _verdict(figure: str, changed: Interval) -> Literal["better", "worse", "unclear"]:
    if changed.low <= 0 <= changed.high:
        return "unclear"
    risen = changed.low > 0
    return "better" if risen != figure.startswith(_LOWER_IS_BETTER) else "worse"


def _regressions(pairs: list[tuple[CaseResult, CaseResult]], measure: str) -> tuple[Regression, ...]:
    worse = [
        Regression(
            case_id=after.case_id,
            before=before.measures[measure],
            after=after.measures[measure],
            label_before=before.label,
            label_after=after.label,
        )
        for before, after in pairs
        if after.measures.get(measure, 0.0) < before.measures.get(measure, 0.0)
    ]
    return tuple(sorted(worse, key=lambda one: (one.after - one.before, one.case_id)))
