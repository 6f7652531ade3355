"""What an evaluation found, as a contract, and how two of them differ."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field, ValidationError

from collegium.evaluation.answers import Answer
from collegium.evaluation.bootstrap import LEVEL, RESAMPLES, SEED, Interval, interval
from collegium.evaluation.cases import MOST_CASES, ReportName
from collegium.evaluation.errors import ReportUnusable
from collegium.evaluation.folds import Half, half
from collegium.evaluation.scoring import Score, figures_of
from collegium_schemas.base import Contract, Identifier, Sha256, Share, Text
from collegium_schemas.envelope import explain

SCHEMA_VERSION: Final = 1
PartName = Literal["all", "tuning", "reporting"]
_HALVES: Final[tuple[PartName, ...]] = ("all", "tuning", "reporting")
_MOST_FIGURES: Final = 64
PRIMARY: Final[dict[ReportName, str]] = {
    "retrieval": "ndcg_at_10",
    "verification": "accuracy",
    "contradiction": "accuracy",
    "injection": "accuracy",
    "runs": "case_score",
    "chain": "case_score",
    "tampering": "accuracy",
}
"""The measure by which a case got better or worse."""
_MOST_GROUPS: Final = 12


class FigureValue(Contract):
    """A figure with the bounds of its bootstrap interval; without bounds where it could not be resampled."""

    name: Identifier
    value: float
    low: float | None = None
    high: float | None = None


class Part(Contract):
    """The figures of some of the cases, and how long a case took."""

    part: Identifier
    """`all`, `tuning`, `reporting`, `unshared`, or `group:NAME`."""
    cases: int
    figures: Annotated[tuple[FigureValue, ...], Field(max_length=_MOST_FIGURES)]
    ms_p50: float
    ms_p95: float


class CaseResult(Contract):
    """One case: what was said, what is so, and its part in the figures."""

    case_id: Identifier
    half: Half
    group: Text = ""
    truth: Text
    label: Identifier
    note: Text = ""
    ms: float
    measures: dict[Identifier, float]
    confidence: Share
    right: bool | None = None
    score: Share
    positive: bool | None = None
    ranked: Text = ""
    shared: bool = False
    """Of the reporting half: it has a text in common with a case of the tuning half."""

    def scored(self) -> Score:
        """Its part in the figures."""
        return Score(self.measures, self.confidence, self.right, self.score, self.positive, self.ranked)


class Change(Contract):
    """A figure before and after, with the paired bootstrap interval of the difference."""

    part: Identifier
    figure: Identifier
    before: float
    after: float
    low: float
    high: float
    """The difference after minus before lies between these in 95 % of the resamples."""
    verdict: Literal["better", "worse", "unclear"]
    """`unclear` where 0 lies between the bounds."""


class Regression(Contract):
    """A case that got worse by its suite's first measure."""

    case_id: Identifier
    before: float
    after: float
    label_before: Identifier
    label_after: Identifier


class Comparison(Contract):
    """What changed against an earlier report; cases that only one of them has are left out."""

    against: Text
    """Subject and version of the earlier report."""
    cases: int
    changes: Annotated[tuple[Change, ...], Field(max_length=3 * _MOST_FIGURES)]
    regressions: Annotated[tuple[Regression, ...], Field(max_length=MOST_CASES)]
    """The largest loss first."""


class EvaluationReport(Contract):
    """A subject's figures on one folder of data.

    `tuning` and `reporting` are halves by a hash of the case's id: what was tuned is judged on the other half;
    `unshared` is the reporting half without cases that have a text in common with a tuning case.
    """

    schema_version: int = SCHEMA_VERSION
    suite: ReportName
    data: Text
    data_sha256: Sha256
    subject: Text
    version: Text
    bootstrap_seed: int = SEED
    bootstrap_resamples: int = RESAMPLES
    bootstrap_level: float = LEVEL
    taken_up: int = 0
    """Cases whose answers an earlier run left."""
    warnings: Annotated[tuple[Text, ...], Field(max_length=MOST_CASES)] = ()
    """What of the data could not be used as it says."""
    parts: Annotated[tuple[Part, ...], Field(max_length=32)]
    comparison: Comparison | None = None
    cases: Annotated[tuple[CaseResult, ...], Field(max_length=MOST_CASES)] = ()

    def without_cases(self) -> "EvaluationReport":
        """The figures alone."""
        return self.model_copy(update={"cases": ()})


def case_result(
    case_id: str, group: str, truth: str, answer: Answer, score: Score, *, shared: bool = False
) -> CaseResult:
    """One case's line of a report."""
    return CaseResult(
        case_id=case_id,
        half=half(case_id),
        group=group,
        truth=truth,
        label=answer.prediction.label,
        note=answer.prediction.note,
        ms=answer.ms,
        measures={name: value for name, value in score.measures.items() if not math.isnan(value)},
        confidence=score.confidence,
        right=score.right,
        score=score.score,
        positive=score.positive,
        ranked=score.ranked,
        shared=shared,
    )


def parts_of(cases: Sequence[CaseResult], resamples: int = RESAMPLES) -> tuple[Part, ...]:
    """The figures of all cases, of each half, and of each group where there are several; empty parts are left out.

    Where cases of both halves have a text in common, also of the reporting half without such cases.
    """
    chosen: dict[str, list[CaseResult]] = {
        name: [case for case in cases if name in ("all", case.half)] for name in _HALVES
    }
    if any(case.shared for case in cases):
        chosen["unshared"] = [case for case in cases if case.half == "reporting" and not case.shared]
    groups = dict.fromkeys(case.group for case in cases if case.group)
    if 1 < len(groups) <= _MOST_GROUPS:
        chosen |= {f"group:{group}": [case for case in cases if case.group == group] for group in groups}
    return tuple(_part(name, some, resamples) for name, some in chosen.items() if some)


def _part(name: str, cases: Sequence[CaseResult], resamples: int) -> Part:
    scores = [case.scored() for case in cases]
    found = {figure: interval(len(scores), of, resamples) for figure, of in figures_of(scores).items()}
    times = [case.ms for case in cases]
    return Part(
        part=name,
        cases=len(cases),
        figures=_known(found),
        ms_p50=round(float(np.percentile(times, 50)), 3),
        ms_p95=round(float(np.percentile(times, 95)), 3),
    )


def _known(found: Mapping[str, Interval]) -> tuple[FigureValue, ...]:
    return tuple(
        FigureValue(name=name, value=round(one.value, 4), low=_bound(one.low), high=_bound(one.high))
        for name, one in found.items()
        if not math.isnan(one.value)
    )


def _bound(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)


def read_report(path: Path) -> EvaluationReport:
    """A report that was written before.

    Raises:
        ReportUnusable: it is not there, or is of another schema.
    """
    try:
        report = EvaluationReport.read(path.read_bytes())
    except FileNotFoundError as error:
        raise ReportUnusable(path, "there is no such report: evaluate with --out first") from error
    except ValidationError as error:
        raise ReportUnusable(path, f"it is no report ({explain(error)}): evaluate anew") from error
    if report.schema_version != SCHEMA_VERSION:
        raise ReportUnusable(path, f"its schema is {report.schema_version}, this is {SCHEMA_VERSION}: evaluate anew")
    return report
