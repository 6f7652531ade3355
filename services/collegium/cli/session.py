"""What every command is given: settings, where to print, and connections that are found for it."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import ValidationError

from collegium.cli.errors import CliError, KafkaUnreachable, TopicsWrong, UsageFault, first_of, topic_problems
from collegium.cli.ledger_client import LedgerClient
from collegium.cli.lookup import RunLookup
from collegium.cli.output import Output
from collegium.cli.settings import CliSettings
from collegium.embedded.state import StackFiles, StackState
from collegium.log.errors import LogError, LogMisconfigured, LogUnavailable, TopicMismatch
from collegium.log.port import Log
from collegium.log.settings import KafkaSettings
from collegium.log.topics import TopicNames
from collegium_schemas.envelope import explain

if TYPE_CHECKING:
    from collegium.telemetry.tracing import Tracing

T = TypeVar("T")

_CONNECT_MS: Final = 2_000
"""Services wait for a broker; a person is told at once."""


@dataclass(frozen=True)
class Session:
    """One command's surroundings."""

    out: Output

    @cached_property
    def settings(self) -> CliSettings:
        """The command line's settings.

        Raises:
            UsageFault: a variable of the environment cannot be used.
        """
        try:
            return CliSettings()
        except ValidationError as error:
            raise UsageFault(f"environment COLLEGIUM_*: {explain(error)}") from error

    @cached_property
    def stack(self) -> StackState | None:
        """The stack that runs on this machine, if there is one."""
        state = StackFiles(self.settings.data_dir.absolute()).read_state()
        return state if state is not None and state.supervisor.process() is not None else None

    def forget_stack(self) -> None:
        """Look again which stack runs, and how its Kafka is reached, when that is asked for the next time."""
        for name in ("stack", "kafka"):
            self.__dict__.pop(name, None)

    @cached_property
    def kafka(self) -> KafkaSettings:
        """How to reach Kafka: COLLEGIUM_KAFKA_BOOTSTRAP, else the running stack's broker.

        Raises:
            KafkaUnreachable: neither is there.
            UsageFault: a variable of the environment cannot be used.
        """
        try:
            settings = KafkaSettings()  # pyright: ignore[reportCallIssue] - every field has a default
        except ValidationError as error:
            raise UsageFault(f"environment COLLEGIUM_KAFKA_*: {explain(error)}") from error
        if "bootstrap" in settings.model_fields_set:
            return settings
        if self.stack is None or self.stack.bootstrap is None:
            raise KafkaUnreachable(
                f"no Kafka is known: start one with `collegium up`, or set COLLEGIUM_KAFKA_BOOTSTRAP=host:port "
                f"(no running stack in {self.settings.data_dir})"
            )
        return settings.model_copy(update={"bootstrap": self.stack.bootstrap})

    @property
    def names(self) -> TopicNames:
        """The topics' full names."""
        return TopicNames(self.kafka.topic_prefix)

    @property
    def ledger_url(self) -> str | None:
        """Where the ledger answers, if that is known."""
        if self.settings.ledger_url is not None:
            return self.settings.ledger_url.rstrip("/")
        services = () if self.stack is None else self.stack.services
        ports = [service.port for service in services if service.role == "ledger" and service.pid is not None]
        return f"http://127.0.0.1:{ports[0]}" if ports else None

    @property
    def lookup(self) -> RunLookup:
        """Finds runs, in the ledger or in the topics."""
        url = self.ledger_url
        ledger = None if url is None else LedgerClient(url, timeout_ms=self.settings.ledger_timeout_ms)
        return RunLookup(ledger, self.log, lambda: self.names, self.out.detail)

    @asynccontextmanager
    async def tracing(self) -> AsyncGenerator["Tracing"]:
        """Tracing for the duration of a command; its spans are out when the block has ended.

        Raises:
            UsageFault: a variable of the environment cannot be used.
        """
        # OpenTelemetry is slow to import for commands that send nothing.
        from collegium.telemetry.errors import TelemetrySettingsError
        from collegium.telemetry.setup import TelemetrySettings, open_tracing

        try:
            tracing = open_tracing(TelemetrySettings(), service_name="collegium-cli")
        except ValidationError as error:
            raise UsageFault(f"environment COLLEGIUM_* and OTEL_*: {explain(error)}") from error
        except TelemetrySettingsError as error:
            raise UsageFault(str(error)) from error
        try:
            yield tracing
        finally:
            await tracing.close()

    @asynccontextmanager
    async def log(self) -> AsyncGenerator[Log]:
        """A connection to Kafka; its errors end the command with one line and their exit code."""
        from collegium.log.kafka import open_log  # aiokafka is slow to import for commands that need none

        settings = self.kafka
        if "connect_timeout_ms" not in settings.model_fields_set:
            settings = settings.model_copy(update={"connect_timeout_ms": _CONNECT_MS})
        try:
            opened = open_log(settings, client_id="collegium-cli")
            if not self.out.verbose:
                logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the error says it in one line
            async with opened as log:
                yield log
        except LogMisconfigured as error:
            raise UsageFault(str(error)) from error
        except LogUnavailable as error:
            raise KafkaUnreachable(str(error)) from error
        except TopicMismatch as error:
            raise TopicsWrong(topic_problems(error.problems)) from error
        except LogError as error:
            raise KafkaUnreachable(f"Kafka at {self.kafka.bootstrap}: {error}") from error

    @staticmethod
    def now_ms() -> int:
        """The time in milliseconds since 1970."""
        return time.time_ns() // 1_000_000

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end; an error of the command line's own comes out of the groups that held it."""
        try:
            return asyncio.run(work)
        except* CliError as group:
            raise first_of(group) from None
