"""What commands share that start, look at or change the stack on this machine."""

import asyncio
from collections.abc import Generator, Mapping
from contextlib import contextmanager

import click
from pydantic import ValidationError
from rich.table import Table
from rich.text import Text

from collegium.cli.errors import CliError, KafkaUnreachable, NotFound, Refused, TimedOut, UsageFault
from collegium.cli.playbooks import library
from collegium.embedded.errors import (
    BrokerError,
    EmbeddedError,
    ScaleRefused,
    StackNotRunning,
    StackRunning,
)
from collegium.embedded.operate import StackHealth
from collegium.embedded.settings import EmbeddedSettings
from collegium.embedded.stack import StackOptions
from collegium.telemetry.visible import visible
from collegium_schemas.envelope import explain

ALWAYS = ("orchestrator", "ledger")
"""Roles of every stack; the specialists' come from the playbooks."""


def specialists() -> tuple[str, ...]:
    """The roles that the playbooks need, in order."""
    return tuple(sorted(library().roles))


def embedded_settings() -> EmbeddedSettings:
    """The embedded stack's settings.

    Raises:
        UsageFault: a variable of the environment cannot be used.
    """
    try:
        return EmbeddedSettings()
    except ValidationError as error:
        raise UsageFault(f"environment COLLEGIUM_*: {explain(error)}") from error


def stack_options(counts: Mapping[str, int], *, jaeger: bool) -> StackOptions:
    """One process of each role, or as many as `counts` says.

    Raises:
        UsageFault: a role is unknown.
    """
    settings = embedded_settings()
    roles = specialists()
    instances = dict.fromkeys((*ALWAYS, *roles), 1)
    for role in counts:
        if role not in instances:
            raise UsageFault(f"there is no role {role!r}: one of {', '.join(sorted(instances))}")
    return StackOptions(
        data_dir=settings.data_dir,
        cache_dir=settings.cache_dir,
        instances=instances | dict(counts),
        specialists=roles,
        bootstrap=settings.kafka_bootstrap,
        kafka_port=settings.kafka_port,
        kafka_heap_mb=settings.kafka_heap_mb,
        repository_url=settings.maven_url,
        jaeger=jaeger,
        jaeger_binary=settings.jaeger_binary,
    )


class RoleCount(click.ParamType):
    """`ROLE=N`."""

    name = "ROLE=N"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        """Role and number, or a usage error."""
        role, _, number = str(value).partition("=")
        if not role or not number.isdigit():
            self.fail(f"{value!r} is not ROLE=N, such as retrieval=3", param, ctx)
        return role, int(number)


@contextmanager
def embedded_faults() -> Generator[None]:
    """Turn the embedded stack's errors into the command line's. Lines of a log go to standard error first."""
    try:
        yield
    except EmbeddedError as error:
        first, *more = str(error).splitlines() or [""]
        for line in more:
            click.echo(visible(line), err=True)
        raise _fault(error, f"{first.removesuffix(':')} is above" if more else first) from error
    except TimeoutError as error:
        raise TimedOut("that has taken too long: look at `collegium status`") from error
    except asyncio.CancelledError as error:
        raise KeyboardInterrupt from error


def _fault(error: EmbeddedError, message: str) -> CliError:
    match error:
        case StackNotRunning():
            return NotFound(message)
        case StackRunning():
            return Refused(message)
        case ScaleRefused():
            return UsageFault(message)
        case BrokerError():
            return KafkaUnreachable(message)
        case _:
            return CliError(message)


def health_table(health: StackHealth) -> Table:
    """A line for the broker and for each process."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("PROCESS", "STATE", "PID", "PORT", "RESTARTS", "LOG"):
        table.add_column(heading, no_wrap=heading != "LOG", overflow="fold")
    state = health.state
    kafka = state.kafka
    answers = Text("ready", "green") if health.broker_answers else Text("does not answer", "red")
    place = str(state.kafka_log or state.bootstrap or "")
    port = (state.bootstrap or "").rpartition(":")[2]
    table.add_row("kafka", answers, str(kafka.pid) if kafka else "elsewhere", port, "", place)
    for item in health.services:
        service = item.service
        word = Text("ready", "green") if item.ready else Text(f"{service.phase.value} {service.reason}".strip(), "red")
        pid = "" if service.pid is None else str(service.pid)
        table.add_row(service.name, word, pid, str(service.port), str(service.restarts), str(service.log_path))
    return table
