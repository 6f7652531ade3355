"""`collegium evaluate chain`: some specialists in a row on a suite of objectives, without an orchestrator."""

from functools import partial
from pathlib import Path
from typing import TypedDict, Unpack

import click

from collegium.cli.command import command
from collegium.cli.evaluations import judged, progress
from collegium.cli.session import Session


class _Chosen(TypedDict):
    """The command's options."""

    suite: Path
    corpus: Path | None
    links: tuple[str, ...]
    specialists: tuple[str, ...]
    out: Path | None
    earlier: Path | None
    floors: Path | None
    most: int | None
    strict: bool


@command(
    "collegium evaluate chain --suite runs.yaml --corpus docs/ --json",
    "collegium evaluate chain --suite runs.yaml --corpus docs/ --link retrieval --link analysis --out figures",
    "collegium evaluate chain --suite runs.yaml --corpus docs/ --specialist my_package.analysis:build --out mine",
)
@click.option("--suite", required=True, type=click.Path(path_type=Path), help="The YAML file of objectives.")
@click.option(
    "--corpus",
    type=click.Path(path_type=Path),
    help="The folder of documents; a suite may also bring documents of its own.",
)
@click.option(
    "--link",
    "links",
    multiple=True,
    default=("retrieval", "analysis", "drafting"),
    show_default=True,
    help="A role; give the option once for each, in order.",
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
    help="Keep recordings, report and corpus in this folder; a second evaluation takes up what is there.",
)
@click.option(
    "--compare",
    "earlier",
    type=click.Path(path_type=Path, file_okay=False),
    help="Compare with the report on the same suite and chain in this folder, and list what got worse.",
)
@click.option(
    "--floors",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Fail when a figure does not reach what this JSON file asks for.",
)
@click.option("--most", type=click.IntRange(min=1), help="Only so many objectives, from the first.")
@click.option("--strict", is_flag=True, help="Fail when a document or quote of the suite is not in the corpus.")
def chain(session: Session, **chosen: Unpack[_Chosen]) -> None:
    """Put objectives through some specialists in a row, and score what the last one leaves by the rules for runs."""
    from collegium.evaluation.runs.evaluating import RunPlan, evaluate_runs

    plan = RunPlan(
        suite=chosen["suite"],
        corpus=chosen["corpus"],
        out=chosen["out"],
        most=chosen["most"],
        specialists=chosen["specialists"],
        strict=chosen["strict"],
        earlier=chosen["earlier"],
        links=chosen["links"],
    )
    judged(session, lambda: evaluate_runs(plan, partial(progress, session)), chosen["floors"])
