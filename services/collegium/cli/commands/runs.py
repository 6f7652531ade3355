"""List runs, newest first."""

import click

from collegium.cli.command import command
from collegium.cli.rendering import run_list
from collegium.cli.session import Session
from collegium_schemas.objective import RunStatus


@command("collegium runs --status running", "collegium runs --limit 5 --json")
@click.option("--status", type=click.Choice([status.value for status in RunStatus]), help="Only runs of this status.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many at most.")
def runs(session: Session, status: str | None, limit: int) -> None:
    """List runs, newest first, as the ledger or the topics know them."""
    chosen = None if status is None else RunStatus(status)
    page = session.run(session.lookup.page(status=chosen, limit=limit))
    session.out.answer(page, run_list(page, session.now_ms()))
