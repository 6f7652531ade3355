"""Pause a run: nothing further is dispatched until it is resumed."""

import click

from collegium.cli.command import command
from collegium.cli.durations import Duration
from collegium.cli.intervening import intervene
from collegium.cli.session import Session
from collegium_schemas.objective import Action


@command('collegium pause latest --reason "checking the corpus"')
@click.argument("run")
@click.option("--reason", default="", help="Kept in the run's history.")
@click.option("--timeout", type=Duration(), default="15s", show_default=True, help="How long to wait for the effect.")
def pause(session: Session, run: str, reason: str, timeout: int) -> None:
    """Pause RUN: outcomes are still accepted, but nothing further is dispatched.

    RUN is a run_id, the unique beginning of one, or `latest`.
    """
    session.run(intervene(session, run, Action.PAUSE, reason=reason, timeout_ms=timeout))
