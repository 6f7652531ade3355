"""Cancel a run."""

import click

from collegium.cli.command import command
from collegium.cli.durations import Duration
from collegium.cli.intervening import intervene
from collegium.cli.session import Session
from collegium_schemas.objective import Action


@command('collegium cancel latest --reason "wrong corpus"')
@click.argument("run")
@click.option("--reason", default="", help="Kept in the run's history.")
@click.option("--timeout", type=Duration(), default="15s", show_default=True, help="How long to wait for the effect.")
def cancel(session: Session, run: str, reason: str, timeout: int) -> None:
    """Cancel RUN: nothing further is dispatched, and work under way is told to stop.

    RUN is a run_id, the unique beginning of one, or `latest`.
    """
    session.run(intervene(session, run, Action.CANCEL, reason=reason, timeout_ms=timeout))
