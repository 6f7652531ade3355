"""Show everything about one run."""

import click

from collegium.cli.command import command
from collegium.cli.rendering import run_detail
from collegium.cli.session import Session


@command("collegium show latest", "collegium show 0199c5a0 --json")
@click.argument("run")
def show(session: Session, run: str) -> None:
    """Show RUN: status, plans with their reasons, subtasks with their attempts, and how it ended.

    RUN is a run_id, the unique beginning of one, or `latest`.
    """
    view = session.run(session.lookup.view(run))
    session.out.answer(view, run_detail(view, session.now_ms()))
