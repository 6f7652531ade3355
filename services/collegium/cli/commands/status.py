"""Show the processes of the running stack and their health."""

from collegium.cli.command import command
from collegium.cli.exits import Exit
from collegium.cli.session import Session
from collegium.cli.stacks import embedded_faults, health_table
from collegium.embedded.operate import stack_health


@command("collegium status", "collegium status --json")
def status(session: Session) -> int:
    """Show Kafka and all processes; the exit code is 1 when something does not answer, 3 when nothing runs."""
    with embedded_faults():
        health = session.run(stack_health(session.settings.data_dir))
    services = [
        {**item.service.model_dump(mode="json"), "name": item.service.name, "ready": item.ready}
        for item in health.services
    ]
    answer = {
        "healthy": health.healthy,
        "phase": health.state.phase,
        "bootstrap": health.state.bootstrap,
        "kafka_answers": health.broker_answers,
        "jaeger_url": health.state.jaeger_url,
        "services": services,
    }
    session.out.answer(answer, health_table(health))
    return Exit.OK if health.healthy else Exit.FAILED
