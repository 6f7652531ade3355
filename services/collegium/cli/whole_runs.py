"""`collegium evaluate runs`: whole runs on a suite of objectives."""

from functools import partial
from pathlib import Path
from typing import Final, TypedDict, Unpack

import click

from collegium.cli.command import command
from collegium.cli.durations import Duration
from collegium.cli.evaluations import judged, progress
from collegium.cli.session import Session

_MOST_AT_ONCE: Final = 16


class _Chosen(TypedDict):
    """The command's options."""

    suite: Path
    corpus: Path | None
    specialists: tuple[str, ...]
    out: Path | None
    earlier: Path | None
    floors: Path | None
    workers: int
    most: int | None
    timeout: int
    strict: bool


@command(
    "collegium evaluate runs --suite runs.yaml --corpus docs/ --json",
    "collegium evaluate runs --suite runs.yaml --corpus docs/ --out figures --compare before --floors floors.json",
)
@click.option("--suite", required=True, type=click.Path(path_type=Path), help="The YAML file of objectives.")
@click.option(
    "--corpus",
    type=click.Path(path_type=Path),
    help="The folder of documents; a suite may also bring documents of its own.",
)
@click.option(
    "--specialist",
    "specialists",
    multiple=True,
    help="Your own in place of the shipped one of its role: a function of agent settings, as module:function.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep recordings, report and corpus in this folder; a second run takes up what is there.",
)
@click.option(
    "--compare",
    "earlier",
    type=click.Path(path_type=Path, file_okay=False),
    help="Compare with the report on the same suite in this folder, and list what got worse.",
)
@click.option(
    "--floors",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Fail when a figure does not reach what this JSON file asks for.",
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, _MOST_AT_ONCE),
    help="Runs at the same time; each takes longer then.",
)
@click.option("--most", type=click.IntRange(min=1), help="Only so many objectives, from the first.")
@click.option("--timeout", type=Duration(), default="2m", show_default=True, help="How long a run may take.")
@click.option("--strict", is_flag=True, help="Fail when a document or quote of the suite is not in the corpus.")
def runs(session: Session, **chosen: Unpack[_Chosen]) -> None:
    """Run objectives in this process and score the delivered reports by rules.

    One unmeasured run goes before, and none begins until the corpus has its sentence vectors.
    """
    from collegium.evaluation.runs.evaluating import RunPlan, evaluate_runs, report_beside

    earlier, suite = chosen["earlier"], chosen["suite"]
    plan = RunPlan(
        suite=suite,
        corpus=chosen["corpus"],
        out=chosen["out"],
        at_once=chosen["workers"],
        most=chosen["most"],
        timeout_ms=chosen["timeout"],
        specialists=chosen["specialists"],
        strict=chosen["strict"],
    )
    judged(
        session,
        lambda: evaluate_runs(plan, partial(progress, session)),
        compared_with=None if earlier is None else report_beside(earlier, suite),
        floors=chosen["floors"],
    )
