"""Broker, services and Jaeger as one thing that comes up and goes down together."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from collegium.embedded.errors import EmbeddedError, ScaleRefused, StackRunning
from collegium.embedded.files import FileLock, private_directory
from collegium.embedded.jaeger import JaegerPorts, find_jaeger, jaeger_service, remove_container
from collegium.embedded.kafka import EmbeddedKafka
from collegium.embedded.logs import trim_log
from collegium.embedded.processes import Supervisor, SupervisorOptions
from collegium.embedded.progress import SetupProgress
from collegium.embedded.setup import default_cache_dir, prepare_kafka
from collegium.embedded.state import ProcessRef, ServiceState, StackFiles, StackState
from collegium.embedded.supervision import CrashHistory, RestartPolicy, ServiceSpec

_TRIM_EVERY_S: Final = 30.0
_STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

logger = logging.getLogger(__name__)

PrepareBroker = Callable[[str], Awaitable[None]]
"""Given the bootstrap address of a broker that answers; creates topics, for example. Services start after it."""

UpListener = Callable[[StackState], None]
"""Called once, when every process is ready."""


class StackOptions(BaseModel):
    """What to run. Paths are made absolute, since services may have another working directory."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_dir: Path
    cache_dir: Path = Field(default_factory=default_cache_dir)
    instances: dict[str, int]
    """Role to number of processes, at least 0; each role that should be scalable later must be here."""
    specialists: tuple[str, ...] = ()
    """The roles that have a task topic."""
    bootstrap: str | None = None
    """Another Kafka to use; none of our own is started then."""
    kafka_port: int = Field(default=9092, ge=0, le=65535)
    """The port that the broker should have; when it is taken, a free one."""
    kafka_heap_mb: int = Field(default=384, ge=128)
    repository_url: str | None = None
    jaeger: bool = False
    jaeger_binary: Path | None = None
    service_environment: dict[str, str] = {}
    """Laid over our own environment for each service."""
    commands: dict[str, tuple[str, ...]] = {}
    """Commands of roles that are not `python -m collegium.ROLE`."""
    ready_timeout_s: float = Field(default=60.0, gt=0)
    stop_grace_s: float = Field(default=10.0, gt=0)

    def command(self, role: str) -> tuple[str, ...]:
        """How a role is started."""
        return self.commands.get(role, (sys.executable, "-m", f"collegium.{role.replace('-', '_')}"))


class Stack:
    """One run of a stack. `run` lasts until it is cancelled or something breaks that restarts cannot mend."""

    def __init__(
        self, options: StackOptions, *, prepare: PrepareBroker, progress: SetupProgress, on_up: UpListener
    ) -> None:
        self._options = options
        self._data_dir = options.data_dir.absolute()
        self._files = StackFiles.of(self._data_dir)
        self._prepare = prepare
        self._progress = progress
        self._on_up = on_up
        self._phase: Literal["starting", "up", "stopping"] = "starting"
        self._bootstrap = options.bootstrap
        self._kafka: EmbeddedKafka | None = None
        self._kafka_process: ProcessRef | None = None
        self._jaeger: JaegerPorts | None = None
        self._supervisor: Supervisor | None = None
        self._scale_number = 0

    @property
    def state(self) -> StackState:
        """What other terminals are told."""
        own = ProcessRef.of(os.getpid())
        if own is None:
            raise EmbeddedError("this process cannot see itself in the process table")
        supervisor = self._supervisor
        return StackState(
            phase=self._phase,
            supervisor=own,
            bootstrap=self._bootstrap,
            kafka=self._kafka_process,
            kafka_log=self._kafka.log_path if self._kafka else None,
            roles=tuple(self._options.instances),
            services=tuple(ServiceState.of(status) for status in supervisor.statuses) if supervisor else (),
            jaeger_url=self._jaeger.ui_url if self._jaeger else None,
            scale_number=self._scale_number,
        )

    async def run(self) -> None:
        """Bring everything up and keep it up. Whatever ends this, nothing that was started is left.

        Raises:
            StackRunning: another stack uses the data directory.
            SetupError: something is missing on this machine.
            BrokerCrashed: the broker does not start, or kept crashing.
            ServiceFailed: a service kept crashing before it was ready.
        """
        private_directory(self._data_dir)
        lock = FileLock(self._files.lock)
        if not lock.acquire():
            raise StackRunning(self._data_dir)
        try:
            self._publish()
            async with AsyncExitStack() as running:
                await self._start_broker(running)
                services = await self._services(running)
                await self._supervise(services)
        finally:
            self._files.state.unlink(missing_ok=True)
            self._files.scale_request.unlink(missing_ok=True)
            lock.release()

    def rescale(self) -> None:
        """Carry out the latest scale request of another terminal."""
        request = self._files.read_scale_request()
        if request is None or self._supervisor is None:
            return
        for role, instances in request.instances.items():
            try:
                self._supervisor.scale(role, instances)
            except ScaleRefused as refusal:  # Whoever asked has checked; a foreign file must not end the stack.
                logger.warning("%s", refusal)
        self._scale_number = request.number
        self._publish()

    def kill(self) -> None:
        """End every process at once, for a user who does not want to wait."""
        if self._supervisor is not None:
            self._supervisor.kill()
        if self._kafka is not None:
            self._kafka.kill()

    async def _start_broker(self, running: AsyncExitStack) -> None:
        if self._bootstrap is None:
            options = self._options
            runtime = await prepare_kafka(
                options.cache_dir, progress=self._progress, repository_url=options.repository_url
            )
            self._kafka = EmbeddedKafka(
                runtime,
                self._data_dir / "kafka",
                log_path=self._files.logs / "kafka.log",
                port=options.kafka_port,
                heap_mb=options.kafka_heap_mb,
            )
            await running.enter_async_context(self._kafka)
            self._note_broker(self._kafka)
            self._bootstrap = self._kafka.bootstrap
        await self._prepare(self._bootstrap)

    async def _services(self, running: AsyncExitStack) -> tuple[ServiceSpec, ...]:
        services = tuple(ServiceSpec(role, self._options.command(role)) for role in self._options.instances)
        if not self._options.jaeger:
            return services
        source = await find_jaeger(self._options.jaeger_binary, self._options.cache_dir)
        if source.image is not None:
            await remove_container(self._data_dir)
            running.push_async_callback(remove_container, self._data_dir)
        self._jaeger = JaegerPorts.choose()
        return (jaeger_service(source, self._jaeger, self._data_dir), *services)

    async def _supervise(self, services: tuple[ServiceSpec, ...]) -> None:
        options = SupervisorOptions(
            self._files.logs,
            self._environment(),
            ready_timeout_s=self._options.ready_timeout_s,
            stop_grace_s=self._options.stop_grace_s,
        )
        async with Supervisor(services, options, self._publish) as supervisor:
            self._supervisor = supervisor
            try:
                async with asyncio.TaskGroup() as tasks:
                    if self._kafka is not None:
                        tasks.create_task(self._keep_broker(self._kafka))
                    tasks.create_task(self._come_up(supervisor, services))
            except* EmbeddedError as group:
                raise group.exceptions[0] from None
            finally:
                self._phase = "stopping"
                self._publish()

    async def _come_up(self, supervisor: Supervisor, services: tuple[ServiceSpec, ...]) -> None:
        for service in services:
            supervisor.scale(service.role, self._options.instances.get(service.role, 1))
        await supervisor.wait_ready()
        self._phase = "up"
        self._publish()
        self._on_up(self.state)
        while True:
            await asyncio.sleep(_TRIM_EVERY_S)
            if self._kafka is not None:
                await asyncio.to_thread(trim_log, self._kafka.log_path)

    async def _keep_broker(self, kafka: EmbeddedKafka) -> None:
        """Start a crashed broker again, on the same port and data; the services find it by themselves."""
        history = CrashHistory(RestartPolicy(max_crashes=3))
        while True:
            crash = await kafka.wait_crash()
            pause_s = history.add(asyncio.get_running_loop().time())
            if pause_s is None:
                raise crash
            logger.warning("Kafka is started again in %.1f s: %s", pause_s, crash)
            self._kafka_process = None
            self._publish()
            await asyncio.sleep(pause_s)
            await kafka.start()
            self._note_broker(kafka)
            self._publish()

    def _note_broker(self, kafka: EmbeddedKafka) -> None:
        self._kafka_process = ProcessRef.of(kafka.pid)

    def _environment(self) -> dict[str, str]:
        environment = {
            "COLLEGIUM_KAFKA_BOOTSTRAP": self._bootstrap or "",
            "COLLEGIUM_DATA_DIR": str(self._data_dir),
            **self._options.service_environment,
        }
        if self._jaeger is not None:
            environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = self._jaeger.otlp_endpoint
        return environment

    def _publish(self) -> None:
        self._files.write_state(self.state)


async def run_until_signal(stack: Stack) -> None:
    """Run a stack until Ctrl-C, SIGTERM or the terminal's end; a second signal does not wait for anything.

    SIGUSR1 makes it look at the latest scale request. Returns normally when a signal ended it.
    """
    loop = asyncio.get_running_loop()
    running = asyncio.create_task(stack.run())
    signalled = asyncio.Event()

    def stop() -> None:
        if signalled.is_set():
            stack.kill()
        else:
            signalled.set()
            running.cancel()

    for number in _STOP_SIGNALS:
        loop.add_signal_handler(number, stop)
    loop.add_signal_handler(signal.SIGUSR1, stack.rescale)
    try:
        await asyncio.wait({running})
        if not (signalled.is_set() and running.cancelled()):
            running.result()
    finally:
        for number in (*_STOP_SIGNALS, signal.SIGUSR1):
            loop.remove_signal_handler(number)
