"""Run the main job from nothing: stack, corpus, objective, report, trace."""

from pathlib import Path

import click

from collegium.cli.command import command
from collegium.cli.demonstration import demonstrate, example
from collegium.cli.session import Session
from collegium.cli.stacks import embedded_faults

_OBJECTIVES = {"guarantees": "delivery-guarantees.json", "versions": "compare-versions.json"}


@command("collegium demo", "collegium demo --objective guarantees --keep")
@click.option(
    "--objective", type=click.Choice(sorted(_OBJECTIVES)), default="versions", show_default=True, help="Which one."
)
@click.option("--file", type=click.Path(path_type=Path, dir_okay=False), help="An objective of your own instead.")
@click.option("--keep", is_flag=True, help="Leave the stack running afterwards, until Ctrl-C.")
def demo(session: Session, objective: str, file: Path | None, keep: bool) -> None:  # noqa: FBT001 - an option
    """Start everything, research a question in Kafka's own documentation, and show the report and its trace.

    A stack that is running already is used and left as it is.
    """
    chosen = file or example("objectives", _OBJECTIVES[objective])
    corpus = example("corpora", "kafka-docs")
    with embedded_faults():
        session.run(demonstrate(session, chosen, corpus, keep=keep))
