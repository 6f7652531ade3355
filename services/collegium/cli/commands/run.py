"""Run an objective in this one process: no Kafka, the same code."""

from pathlib import Path

import click
from uuid6 import uuid7

from collegium.cli.alone import run_alone
from collegium.cli.command import command
from collegium.cli.durations import Duration
from collegium.cli.objectives import Wish, objective_of
from collegium.cli.session import Session
from collegium.cli.users import user_name


@command('collegium run "How does replication work?" --corpus docs/', "collegium run GOAL --corpus kafka-docs --json")
@click.argument("goal")
@click.option("--corpus", required=True, help="A file or directory to read, or the name of a corpus.")
@click.option("--playbook", help="How to work on it; `research-report` when not given.")
@click.option("--timeout", type=Duration(), default="10m", show_default=True, help="How long it may take.")
def run(session: Session, goal: str, corpus: str, playbook: str | None, timeout: int) -> None:
    """Research GOAL with everything in this process, on a log in memory; the exit code tells how it ended.

    Only the corpus and the report are kept, below the data directory.
    """
    wish = Wish(goal=goal, playbook=playbook, requester=user_name())
    objective = objective_of(wish, new_run_id=str(uuid7()), now_ms=session.now_ms())
    session.run(run_alone(session, objective, Path(corpus), timeout_ms=timeout))
