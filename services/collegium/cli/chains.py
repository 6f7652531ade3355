"""`collegium evaluate chain`: some specialists in a row on a suite of objectives, without an orchestrator."""

from functools import partial
from typing import Unpack

import click

from collegium.cli.command import command
from collegium.cli.evaluations import judged, progress
from collegium.cli.session import Session
from collegium.cli.suite_options import SuiteChosen, suite_options


class _Chosen(SuiteChosen):
    """The command's options."""

    links: tuple[str, ...]


@command(
    "collegium evaluate chain --suite runs.yaml --corpus docs/ --json",
    "collegium evaluate chain --suite runs.yaml --corpus docs/ --link retrieval --link analysis --out figures",
    "collegium evaluate chain --suite runs.yaml --corpus docs/ --specialist my_package.analysis:build --out mine",
)
@suite_options
@click.option(
    "--link",
    "links",
    multiple=True,
    default=("retrieval", "analysis", "drafting"),
    show_default=True,
    help="A role; give the option once for each, in order.",
)
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
