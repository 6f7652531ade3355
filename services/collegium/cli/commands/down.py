"""Stop the stack on this machine; its data stays."""

from collegium.cli.command import command
from collegium.cli.session import Session
from collegium.cli.stacks import embedded_faults
from collegium.embedded.operate import stop_stack


@command("collegium down")
def down(session: Session) -> None:
    """Stop Kafka and all services of the running stack. Topics, corpora and reports stay."""
    with embedded_faults():
        session.run(stop_stack(session.settings.data_dir))
    session.out.answer({"stopped": True, "data_dir": str(session.settings.data_dir)}, "stopped")
