"""Deny: counts an effect of unknown outcome as not done, which fails its subtask."""

import click

from collegium.cli.command import command
from collegium.cli.durations import Duration
from collegium.cli.intervening import intervene
from collegium.cli.questions import Answered
from collegium.cli.session import Session
from collegium_schemas.objective import Action


@command('collegium deny latest --reason "the bank shows no payment"')
@click.argument("run")
@click.option("--subtask", default=None, help="Which one, where several wait; `collegium show RUN` lists them.")
@click.option("--attempt", type=int, default=None, help="Which of its attempts, where it was asked about several.")
@click.option("--reason", default="", help="Kept in the run's history.")
@click.option("--timeout", type=Duration(), default="15s", show_default=True, help="How long to wait for the effect.")
def deny(session: Session, run: str, subtask: str | None, attempt: int | None, reason: str, timeout: int) -> None:
    """Say that the effect for which RUN waits has not happened, and shall not.

    Its subtask fails, and what the run has done before is undone.

    RUN is a run_id, the unique beginning of one, or `latest`.
    """
    said = Answered(subtask, attempt)
    session.run(intervene(session, run, Action.DENY, reason=reason, timeout_ms=timeout, said=said))
