"""Change how many processes of a role run."""

import click

from collegium.cli.command import command
from collegium.cli.session import Session
from collegium.cli.stacks import RoleCount, embedded_faults
from collegium.embedded.operate import scale_stack


@command("collegium scale retrieval=3")
@click.argument("wanted", metavar="ROLE=N", type=RoleCount())
def scale(session: Session, wanted: tuple[str, int]) -> None:
    """Change the number of processes of a role in the running stack, and wait until they are ready or gone."""
    role, instances = wanted
    with embedded_faults():
        state = session.run(scale_stack(session.settings.data_dir, role, instances))
    names = [service.name for service in state.services if service.role == role]
    session.out.answer({"role": role, "instances": len(names), "services": names}, f"{role}: {len(names)} running")
