"""Start Kafka and all services on this machine."""

import click

from collegium.cli.command import command
from collegium.cli.session import Session
from collegium.cli.stacks import RoleCount, embedded_faults, stack_options
from collegium.embedded.operate import start_detached
from collegium.embedded.progress import TerminalProgress
from collegium.embedded.stack import Stack, StackOptions, run_until_signal
from collegium.embedded.state import StackState
from collegium.embedded.topics import topic_creation


@command("collegium up", "collegium up --detach --jaeger --scale retrieval=3")
@click.option("--detach", is_flag=True, help="Return when all is up; `collegium down` stops it.")
@click.option("--jaeger", is_flag=True, help="Start Jaeger as well and send all traces there.")
@click.option("--scale", "counts", type=RoleCount(), multiple=True, help="Processes of a role, such as retrieval=3.")
def up(session: Session, detach: bool, jaeger: bool, counts: tuple[tuple[str, int], ...]) -> None:  # noqa: FBT001 - options
    """Start Kafka and all services, and keep them up until Ctrl-C.

    With COLLEGIUM_KAFKA_BOOTSTRAP set, that Kafka is used and none is started.
    """
    options = stack_options(dict(counts), jaeger=jaeger)
    with embedded_faults():
        if detach:
            with TerminalProgress() as progress:
                state = session.run(start_detached(options, progress=progress))
            _tell(session, state)
        else:
            session.run(_stay(session, options))


async def _stay(session: Session, options: StackOptions) -> None:
    with TerminalProgress() as progress:
        stack = Stack(
            options,
            prepare=topic_creation(options.specialists),
            progress=progress,
            on_up=lambda state: _tell(session, state),
        )
        await run_until_signal(stack)
    session.out.aside("stopped")


def _tell(session: Session, state: StackState) -> None:
    lines = [f"up: Kafka at {state.bootstrap}, {len(state.services)} processes"]
    if state.jaeger_url:
        lines.append(f"traces: {state.jaeger_url}")
    lines.append('try: collegium submit "GOAL" --watch')
    session.out.answer(state.model_dump(mode="json"), "\n".join(lines))
