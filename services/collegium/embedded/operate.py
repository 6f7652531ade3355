"""Working on a stack from another terminal: start it detached, look at it, scale it, stop it."""

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from collegium.embedded.errors import ScaleRefused, ServiceFailed, StackFailed, StackNotRunning, StackRunning
from collegium.embedded.files import locked, private_directory, replace_text
from collegium.embedded.kafka import broker_answers
from collegium.embedded.logs import last_lines
from collegium.embedded.probe import http_ok, until
from collegium.embedded.processes import check_scale
from collegium.embedded.progress import SetupProgress
from collegium.embedded.setup import prepare_kafka
from collegium.embedded.stack import StackOptions
from collegium.embedded.state import ProcessRef, ScaleRequest, ServiceState, StackFiles, StackState
from collegium.embedded.supervision import Phase

_POLL_S: Final = 0.05
_PROBE_TIMEOUT_S: Final = 2.0
_LAUNCH_TIMEOUT_S: Final = 30.0
_REQUEST_LOCK_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """A process and whether it answers now."""

    service: ServiceState
    ready: bool


@dataclass(frozen=True, slots=True)
class StackHealth:
    """A running stack and what answers now."""

    state: StackState
    broker_answers: bool
    services: tuple[ServiceHealth, ...]

    @property
    def healthy(self) -> bool:
        """Everything is up and answers."""
        return self.state.phase == "up" and self.broker_answers and all(item.ready for item in self.services)


async def start_detached(options: StackOptions, *, progress: SetupProgress, timeout_s: float = 180.0) -> StackState:
    """Start a stack that goes on when this process ends, and wait until it is up.

    Args:
        options: What to run.
        progress: Where fetching shows; the detached process itself has nothing left to fetch.
        timeout_s: How long the services may take.

    Raises:
        StackRunning: there is one already.
        StackFailed: it ended, or was not up in time (then it has been stopped).
        SetupError: something is missing on this machine.
    """
    files = StackFiles.of(options.data_dir)
    if files.is_running():
        raise StackRunning(files.data_dir)
    if options.bootstrap is None:
        await prepare_kafka(options.cache_dir, progress=progress, repository_url=options.repository_url)
    process = await asyncio.to_thread(_launch, options, files)
    found: list[StackState] = []

    async def settled() -> bool:
        state = files.read_state()
        if state is not None and state.supervisor == process and state.phase == "up":
            found.append(state)
        return bool(found) or process.process() is None

    try:
        async with asyncio.timeout(timeout_s):
            await until(settled, pause_s=_POLL_S)
    except TimeoutError:
        await stop_stack(files.data_dir)
        reason = f"it was not up within {timeout_s:.0f} s"
        raise StackFailed(reason, files.stack_log, last_lines(files.stack_log)) from None
    if not found:
        if files.is_running():  # by another terminal, which was faster
            raise StackRunning(files.data_dir)
        raise StackFailed("it ended", files.stack_log, last_lines(files.stack_log))
    return found[-1]


async def stack_health(data_dir: Path) -> StackHealth:
    """Look at a running stack: each process is asked now.

    Raises:
        StackNotRunning: there is none.
    """
    state = _running_state(data_dir)
    async with asyncio.TaskGroup() as tasks:
        broker = tasks.create_task(_broker_answers(state.bootstrap))
        ready = [tasks.create_task(_service_answers(service)) for service in state.services]
    services = tuple(ServiceHealth(service, task.result()) for service, task in zip(state.services, ready, strict=True))
    return StackHealth(state, broker.result(), services)


async def scale_stack(data_dir: Path, role: str, instances: int, *, timeout_s: float = 90.0) -> StackState:
    """Change a role's number of processes and wait until they are ready, or gone.

    Raises:
        StackNotRunning: there is no stack, or it ended meanwhile.
        ScaleRefused: unknown role, or a number out of bounds.
        ServiceFailed: a new process kept crashing.
        TimeoutError: not done in time; the stack goes on trying.
    """
    files = StackFiles.of(data_dir)
    state = _running_state(data_dir)
    check_scale(role, instances, state.roles)
    if state.phase != "up":
        raise ScaleRefused(role, instances, f"the stack is {state.phase}")
    number = await _request(files, role, instances)
    os.kill(state.supervisor.pid, signal.SIGUSR1)

    async def done() -> bool:
        current = _running_state(data_dir)
        if current.scale_number < number:
            return False
        of_role = [service for service in current.services if service.role == role]
        for service in of_role:
            if service.phase is Phase.FAILED:
                raise ServiceFailed(service.name, service.reason, service.log_path, last_lines(service.log_path))
        return len(of_role) == instances and all(service.phase is Phase.READY for service in of_role)

    async with asyncio.timeout(timeout_s):
        await until(done, pause_s=_POLL_S)
    return _running_state(data_dir)


async def stop_stack(data_dir: Path, *, timeout_s: float = 60.0) -> None:
    """Stop a running stack; after the time-out, end whatever is left of it.

    Raises:
        StackNotRunning: there is none (what a killed one may have left behind has been ended).
    """
    files = StackFiles.of(data_dir)
    state = files.read_state()
    supervisor = state.supervisor.process() if state is not None else None
    if state is None or supervisor is None:
        if state is not None:
            _end_leftovers(state)
            files.state.unlink(missing_ok=True)
        raise StackNotRunning(files.data_dir)
    supervisor.send_signal(signal.SIGTERM)

    async def ended() -> bool:
        return state.supervisor.process() is None

    try:
        async with asyncio.timeout(timeout_s):
            await until(ended, pause_s=_POLL_S)
    except TimeoutError:
        supervisor.kill()
    _end_leftovers(files.read_state() or state)


def _launch(options: StackOptions, files: StackFiles) -> ProcessRef:
    """Start the detached process through a short-lived one, so that it is not a child of ours."""
    # A place that cannot be written fails here, where it can be said.
    private_directory(files.data_dir)
    files.logs.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "collegium.embedded"]
    try:
        # The options travel by standard input: a command line can be read by every user of the machine.
        launcher = subprocess.run(  # noqa: S603 - our own interpreter and module
            command,
            input=options.model_dump_json().encode(),
            capture_output=True,
            timeout=_LAUNCH_TIMEOUT_S,
            check=True,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        output = (error.stderr or b"").decode(errors="replace").splitlines()[-15:]
        raise StackFailed("its process cannot be started", files.stack_log, output) from error
    pid = int(launcher.stdout)
    process = ProcessRef.of(pid)
    if process is None:
        raise StackFailed("it ended at once", files.stack_log, last_lines(files.stack_log))
    return process


async def _request(files: StackFiles, role: str, instances: int) -> int:
    """Write down what is asked for, so that two terminals at once do not lose each other's request."""
    async with locked(files.scale_request.with_suffix(".lock"), timeout_s=_REQUEST_LOCK_S):
        previous = files.read_scale_request()
        number = previous.number + 1 if previous else 1
        wanted = {**(previous.instances if previous else {}), role: instances}
        replace_text(files.scale_request, ScaleRequest(number=number, instances=wanted).model_dump_json())
    return number


def _running_state(data_dir: Path) -> StackState:
    state = StackFiles.of(data_dir).read_state()
    if state is None or state.supervisor.process() is None:
        raise StackNotRunning(data_dir)
    return state


async def _broker_answers(bootstrap: str | None) -> bool:
    return bootstrap is not None and await broker_answers(bootstrap, timeout_s=_PROBE_TIMEOUT_S)


async def _service_answers(service: ServiceState) -> bool:
    # Jaeger answers on its pages; every service of ours on /readyz.
    path = "/" if service.role == "jaeger" else "/readyz"
    return service.pid is not None and await http_ok(service.port, path, timeout_s=_PROBE_TIMEOUT_S)


def _end_leftovers(state: StackState) -> None:
    """End processes that a killed supervisor left, where the kernel does not do it."""
    for reference in (state.kafka, *(service.process for service in state.services)):
        process = reference.process() if reference is not None else None
        if process is not None:
            process.kill()
