"""Follow a run live: its plan, each subtask with its time, evidence, retries and re-plans."""

import click

from collegium.cli.command import command
from collegium.cli.durations import Duration
from collegium.cli.errors import NotFound
from collegium.cli.session import Session
from collegium.cli.showing import show


@command("collegium watch latest", "collegium watch 0199c5a0 --json")
@click.argument("run")
@click.option("--timeout", type=Duration(), default="1h", show_default=True, help="How long to wait at most.")
def watch(session: Session, run: str, timeout: int) -> None:
    """Follow RUN until it has ended; the exit code is 0 when it completed, else 1.

    RUN is a run_id, the unique beginning of one, or `latest`.
    """
    session.run(_watch(session, run, timeout))


async def _watch(session: Session, reference: str, timeout_ms: int) -> None:
    view = await session.lookup.view(reference)
    async with session.log() as log:
        if view.history is None:
            raise NotFound(f"the history of run {view.run_id} is not known")
        await show(session, log, session.names, view.run_id, start=view.history.first_offset, timeout_ms=timeout_ms)
