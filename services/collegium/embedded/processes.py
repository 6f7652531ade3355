"""A supervisor: keeps the asked number of processes of each role running, and ends them all with itself."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from collegium.embedded.children import Child
from collegium.embedded.errors import ScaleRefused, ServiceFailed, describe_exit
from collegium.embedded.logs import last_lines, trim_log
from collegium.embedded.ports import free_port
from collegium.embedded.probe import http_ok, until
from collegium.embedded.supervision import CrashHistory, InstanceStatus, Phase, RestartPolicy, ServiceSpec

MAX_INSTANCES: Final = 64
_PROBE_PAUSE_S: Final = 0.05
_TRIM_EVERY_S: Final = 30.0

logger = logging.getLogger(__name__)

StatusListener = Callable[[], None]
"""Called after each change of any process; must return soon."""


@dataclass(frozen=True, slots=True)
class SupervisorOptions:
    """What all processes have in common."""

    logs_dir: Path
    environment: Mapping[str, str]
    restarts: RestartPolicy = field(default_factory=RestartPolicy)
    ready_timeout_s: float = 60.0
    stop_grace_s: float = 10.0


class Supervisor:
    """An async context manager. Leaving it stops every process: SIGTERM, then SIGKILL after the grace."""

    def __init__(self, services: Sequence[ServiceSpec], options: SupervisorOptions, on_change: StatusListener) -> None:
        self._services = {service.role: service for service in services}
        self._options = options
        self._on_change = on_change
        self._tasks = asyncio.TaskGroup()
        self._running: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._instances: dict[tuple[str, int], _Instance] = {}
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self._trimming = self._tasks.create_task(self._trim_logs())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in (self._trimming, *self._running.values()):
            task.cancel()
        # Only a cancellation is the task group's business: the body's errors go on as they are, not in a group.
        if kind is not None and issubclass(kind, asyncio.CancelledError):
            await self._tasks.__aexit__(kind, error, trace)
        else:
            await self._tasks.__aexit__(None, None, None)

    @property
    def statuses(self) -> tuple[InstanceStatus, ...]:
        """Every process, by role and number."""
        return tuple(self._instances[key].status for key in sorted(self._instances))

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that can be scaled."""
        return tuple(self._services)

    def scale(self, role: str, instances: int) -> None:
        """Start or stop processes of a role until there are this many; the highest numbers stop first.

        Returns at once: see `wait_ready`. A process that was given up counts as none, and is started anew.

        Raises:
            ScaleRefused: unknown role, or a number out of bounds.
        """
        check_scale(role, instances, self._services)
        if instances > 1 and self._services[role].http_port is not None:
            raise ScaleRefused(role, instances, "it has a fixed port, so there can be one only")
        for key in [key for key in self._running if key[0] == role and key[1] > instances]:
            self._running.pop(key).cancel()
        for status in self.statuses:
            if status.role == role and status.index > instances and status.phase is Phase.FAILED:
                del self._instances[role, status.index]
        for index in range(1, instances + 1):
            if (role, index) not in self._running:
                self._launch(role, index)
        self._note_change()

    async def wait_ready(self) -> None:
        """Wait until every process answers as ready. The bound is each process's own, times its restarts.

        Raises:
            ServiceFailed: one was given up; the error carries its log's last lines.
        """
        while True:
            changed = self._changed
            for status in self.statuses:
                if status.phase is Phase.FAILED:
                    raise ServiceFailed(status.name, status.reason, status.log_path, last_lines(status.log_path))
            # Those that were scaled away are not in `_running` any more, though some may still be stopping.
            if all(self._instances[key].status.phase is Phase.READY for key in self._running):
                return
            await changed.wait()

    def kill(self) -> None:
        """End every process at once, for a user who does not want to wait."""
        for instance in self._instances.values():
            instance.kill()

    def _launch(self, role: str, index: int) -> None:
        key = (role, index)
        previous = self._instances.get(key)
        instance = _Instance(self._services[role], index, self._options, self._note_change)
        self._instances[key] = instance

        async def live() -> None:
            try:
                if previous is not None:
                    await previous.ended.wait()
                await instance.run()
            finally:
                if self._instances.get(key) is instance and instance.status.phase is not Phase.FAILED:
                    del self._instances[key]
                if self._running.get(key) is task:
                    del self._running[key]
                self._note_change()

        task = self._running[key] = self._tasks.create_task(live(), name=f"{role}-{index}")

    def _note_change(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        self._on_change()

    async def _trim_logs(self) -> None:
        while True:
            await asyncio.sleep(_TRIM_EVERY_S)
            for status in self.statuses:
                await asyncio.to_thread(trim_log, status.log_path)


@dataclass(frozen=True, slots=True)
class _Ending:
    """How one life of a process ended; without an exit code when it was ended from outside, or never began."""

    reason: str
    exit_code: int | None = None


class _Instance:
    """One process that is started again when it crashes. Cancelling `run` stops it."""

    def __init__(self, spec: ServiceSpec, index: int, options: SupervisorOptions, on_change: StatusListener) -> None:
        self._spec = spec
        self._options = options
        self._on_change = on_change
        self._child: Child | None = None
        self.ended = asyncio.Event()
        log_path = options.logs_dir / f"{spec.role}-{index}.log"
        self.status = InstanceStatus(spec.role, index, Phase.STARTING, None, spec.http_port or 0, 0, log_path)

    async def run(self) -> None:
        """Keep the process running until cancelled, until it crashes too often, or until it calls a setting wrong."""
        history = CrashHistory(self._options.restarts)
        try:
            while True:
                ended = await self._run_once()
                pause_s = history.add(asyncio.get_running_loop().time())
                logger.warning("%s %s (log: %s)", self.status.name, ended.reason, self.status.log_path)
                if ended.exit_code is not None and ended.exit_code == self._spec.settings_exit:
                    self._become(Phase.FAILED, f"{ended.reason}: a setting is wrong")
                    return
                if pause_s is None:
                    self._become(Phase.FAILED, f"kept crashing: it {ended.reason}")
                    return
                self._become(Phase.BACKING_OFF, ended.reason)
                await asyncio.sleep(pause_s)
                self.status = replace(self.status, restarts=self.status.restarts + 1)
        finally:
            self.ended.set()

    def kill(self) -> None:
        """End the process at once."""
        if self._child is not None:
            self._child.kill()

    async def _run_once(self) -> _Ending:
        """One life of the process; how it ended."""
        port = self._spec.http_port or free_port()
        await asyncio.to_thread(trim_log, self.status.log_path)
        environment = {**self._options.environment, **self._spec.environment, "COLLEGIUM_HTTP_PORT": str(port)}
        try:
            child = await Child.spawn(self._spec.command, log_path=self.status.log_path, environment=environment)
        except OSError as error:
            return _Ending(f"cannot be started: {error}")
        self._child = child
        try:
            self.status = replace(self.status, pid=child.pid, http_port=port)
            self._become(Phase.STARTING)
            return await self._watch(child, port)
        finally:
            self._child = None
            await self._end(child)

    async def _watch(self, child: Child, port: int) -> _Ending:
        ended = asyncio.create_task(child.wait())
        ready = asyncio.create_task(self._until_ready(port))
        try:
            await asyncio.wait(
                {ended, ready}, timeout=self._options.ready_timeout_s, return_when=asyncio.FIRST_COMPLETED
            )
            if not ended.done() and not ready.done():
                return _Ending(f"was not ready within {self._options.ready_timeout_s:.0f} s")
            if not ended.done():
                self._become(Phase.READY)
            exit_code = await ended
            return _Ending(f"ended with {describe_exit(exit_code)}", exit_code)
        finally:
            ended.cancel()
            ready.cancel()

    async def _until_ready(self, port: int) -> None:
        await until(lambda: http_ok(port, self._spec.probe_path), pause_s=_PROBE_PAUSE_S)

    async def _end(self, child: Child) -> None:
        if child.exit_code is None:
            self._become(Phase.STOPPING)
        await child.stop(self._options.stop_grace_s)
        self.status = replace(self.status, pid=None)

    def _become(self, phase: Phase, reason: str = "") -> None:
        self.status = replace(self.status, phase=phase, reason=reason)
        self._on_change()


def check_scale(role: str, instances: int, roles: Mapping[str, object] | Sequence[str]) -> None:
    """Refuse what no supervisor would do.

    Raises:
        ScaleRefused: unknown role, or a number out of bounds.
    """
    if role not in roles:
        raise ScaleRefused(role, instances, f"there is no such role; there are {', '.join(sorted(roles))}")
    if not 0 <= instances <= MAX_INSTANCES:
        raise ScaleRefused(role, instances, f"0 to {MAX_INSTANCES} are possible")
