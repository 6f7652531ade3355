"""Send an objective; with --watch, follow the run to its end."""

from pathlib import Path
from typing import TypedDict, Unpack

import click
from uuid6 import uuid7

from collegium.cli.command import command
from collegium.cli.durations import Duration
from collegium.cli.objectives import Wish, objective_of
from collegium.cli.session import Session
from collegium.cli.submitting import submit_objective
from collegium.cli.users import user_name
from collegium_schemas.objective import ObjectiveSubmitted


class _Options(TypedDict):
    goal: str | None
    file: Path | None
    corpus: str | None
    playbook: str | None
    watched: bool
    budget_tokens: int | None
    budget_usd: float | None
    budget_steps: int | None
    deadline: str | None
    run_id: str | None
    timeout: int


@command(
    'collegium submit "What changed in producer defaults between Kafka 2.8 and 3.9?" --watch',
    "collegium submit --file objective.json --deadline 10m --budget-steps 40",
)
@click.argument("goal", required=False)
@click.option("--file", type=click.Path(path_type=Path, dir_okay=False), help="A JSON objective; options win over it.")
@click.option("--corpus", help="The corpus to search; `default` when not given.")
@click.option("--playbook", help="How to work on it; `research-report` when not given.")
@click.option("--watch", "watched", is_flag=True, help="Follow the run; the exit code tells how it ended.")
@click.option("--budget-tokens", type=click.IntRange(min=0), help="Halt when more tokens are used.")
@click.option("--budget-usd", type=click.FloatRange(min=0), help="Halt when more money is spent.")
@click.option("--budget-steps", type=click.IntRange(min=1), help="Halt when more attempts are needed.")
@click.option("--deadline", help="Halt after a duration such as 10m, or at an RFC 3339 time.")
@click.option("--run-id", help="A UUID of your own; sending it again with the same content changes nothing.")
@click.option("--timeout", type=Duration(), default="1h", show_default=True, help="How long --watch waits at most.")
def submit(session: Session, **options: Unpack[_Options]) -> None:
    """Send an objective to the objectives topic. GOAL says what is wanted, in plain words."""
    timeout_ms, watched = options["timeout"], options["watched"]
    wish = Wish(
        goal=options["goal"],
        file=options["file"],
        corpus=options["corpus"],
        playbook=options["playbook"],
        budget_tokens=options["budget_tokens"],
        budget_usd=options["budget_usd"],
        budget_steps=options["budget_steps"],
        deadline=options["deadline"],
        run_id=options["run_id"],
        requester=user_name(),
    )
    objective = objective_of(wish, new_run_id=str(uuid7()), now_ms=session.now_ms())
    session.run(_submit(session, objective, timeout_ms if watched else None))


async def _submit(session: Session, objective: ObjectiveSubmitted, watch_ms: int | None) -> None:
    async with session.log() as log:
        await submit_objective(session, log, objective, watch_ms=watch_ms)
